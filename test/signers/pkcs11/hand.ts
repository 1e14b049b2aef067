import { PassThrough } from 'node:stream';
import type { HostProcess } from '../../../src/signers/launch.ts';
import type { DigestToSign, Request, Result } from '../../../src/signers/pkcs11/protocol.ts';

/** Of one digest no other has it; no key made it. */
export const signatureOf = ({ digest }: DigestToSign): string => digest + digest;

const signed = (items: readonly DigestToSign[]): Result => ({
  result: 'signatures',
  items: items.map((item) => ({ signature: signatureOf(item) })),
});
const token = { device: 'a test', label: 'test', serial: '1', sessions: 'no limit' };

/** A child that is answered for by hand. */
export class Hand implements HostProcess {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  /** What it was asked and has not answered. */
  readonly asked: Request[] = [];
  #close: (code: number | null, signal: string | null) => void = () => undefined;

  constructor() {
    this.stdin.on('data', (line: Uint8Array) => {
      const request: Request = JSON.parse(Buffer.from(line).toString());
      if (request.op === 'configure') this.#say(request, { result: 'configured' });
      else this.asked.push(request);
    });
  }

  /** How many signatures its one message asks for. */
  get batch(): number {
    const [request] = this.asked;
    return request?.op === 'sign' ? request.items.length : 0;
  }

  /** Answers what it was asked: with signatures, unless told otherwise. */
  async answer(otherwise?: object): Promise<void> {
    const request = this.asked.shift();
    if (request === undefined) throw new Error('it was asked for nothing');
    this.#say(
      request,
      otherwise ?? (request.op === 'sign' ? signed(request.items) : { ...token, result: 'token', faults: [] }),
    );
    await settled();
  }

  #say({ id }: Request, result: object): void {
    this.stdout.write(`${JSON.stringify({ v: 1, id, ...result })}\n`);
  }

  crash(): Promise<void> {
    this.#close(null, 'SIGSEGV');
    return settled();
  }

  kill(): boolean {
    setImmediate(() => this.#close(null, 'SIGKILL'));
    return true;
  }

  on(event: 'exit' | 'close' | 'error', listener: (...of: never[]) => void): unknown {
    if (event === 'close') this.#close = (...of) => void Reflect.apply(listener, undefined, of);
    return this;
  }
}

/** Whatever follows by itself has. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
}
