import { Console } from 'node:console';
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { killGroup } from './launch.ts';
import { LineReader, ProtocolError } from './lines.ts';
import { Turn } from './turn.ts';

/** What a signer's executable does with what it is asked. */
export interface Host<Request extends { readonly id: number; readonly op: string }> {
  /** Bytes of a request's line, at most. */
  readonly longestRequest: number;
  /** Throws ProtocolError. */
  parse(line: string): Request;
  /** The first request, `configure`, and no other, makes what serves the others. */
  configure(request: Request): (request: Request) => Promise<object>;
  encode(reply: object & { readonly id: number }): string;
  /** What is told of a failure; undefined where it is a mistake of the program's. */
  failed(error: unknown): object | undefined;
}

/**
 * Serves the daemon over stdin and stdout, one operation at a time, until stdin closes. It ends by SIGKILL, because `process.exit`
 * waits for ever on a USB read that is pending while a person thinks, or on a thread of a vendor's module. For the same reason there is
 * no handler of SIGTERM: the default one ends the process, a handler that exits would hang it.
 */
export function serve<Request extends { readonly id: number; readonly op: string }>(host: Host<Request>): void {
  // Whatever a library prints must not look like an answer.
  globalThis.console = new Console(process.stderr, process.stderr);
  process.on('uncaughtException', (error) => endProcess(inspect(error)));
  let serves: ((request: Request) => Promise<object>) | undefined;
  const turn = new Turn();
  const reader = new LineReader(host.longestRequest);

  process.stdin.on('data', (chunk: Uint8Array) => {
    try {
      for (const line of reader.push(chunk)) receive(line);
    } catch (error) {
      endProcess(error instanceof ProtocolError ? `asked for something unknown: ${error.message}` : inspect(error));
    }
  });
  process.stdin.on('end', () => endProcess());
  process.stdin.on('error', () => endProcess());
  process.stdout.on('error', () => endProcess());

  function receive(line: string): void {
    const request = host.parse(line);
    if ((request.op === 'configure') !== (serves === undefined)) {
      throw new ProtocolError('the configuration comes first, and once');
    }
    if (request.op === 'configure') serves = host.configure(request);
    const serving = serves;
    const answered = turn.run(async () => {
      const result = await perform(request, serving).catch(failed);
      process.stdout.write(host.encode({ id: request.id, ...result }));
    });
    answered.catch((error: unknown) => endProcess(inspect(error)));
  }

  async function perform(request: Request, serving: typeof serves): Promise<object> {
    return request.op === 'configure' || serving === undefined ? { result: 'configured' } : serving(request);
  }

  function failed(error: unknown): object {
    const told = host.failed(error);
    if (told === undefined) throw error;
    return told;
  }
}

/** At once, and for whatever reason: the daemon starts another. What a library forked ends with it. */
export function endProcess(why?: string): void {
  if (why !== undefined) writeSync(2, `${why}\n`);
  killGroup(process.pid);
  // Where it was started in a group that is not its own.
  process.kill(process.pid, 'SIGKILL');
}
