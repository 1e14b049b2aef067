import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TimeServiceClient, TimeServiceService } from '../../src/generated/portcullis/dev/v1/time.ts';
import { call, connect } from '../exchange/station-client.ts';

/** What `portcullis dev --json` prints when it is ready. */
export interface Announcement {
  readonly station: string;
  readonly address: string;
  readonly operatorsAddress: string;
  readonly config: string;
  readonly certificates: string;
  readonly clients: Readonly<
    Record<string, { readonly ca: string; readonly certificate: string; readonly key: string }>
  >;
  readonly ports: Readonly<Record<'api' | 'operators' | 'ledger' | 'bitcoinLedger', number>>;
  readonly ledger: string;
  readonly wallet: { readonly id: string; readonly address: string; readonly chain: string };
  readonly bitcoin: {
    readonly ledger: string;
    /** The descriptor is BIP-380's, with BIP-389's two paths. */
    readonly wallet: Readonly<Record<'id' | 'address' | 'chain' | 'descriptor', string>>;
  };
  /** SoftHSM2, where this machine has it; one key to a wallet. */
  readonly hsm?: {
    readonly module: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly token: string;
    readonly pin: string;
    readonly wallet: Announcement['wallet'];
    readonly bitcoinWallet: Announcement['bitcoin']['wallet'];
  };
  /** Why there is none. */
  readonly noHsm?: string;
  /** By name: the file of that operator's software key; any two of them decide. */
  readonly operators: Readonly<Record<string, string>>;
  readonly admission: { readonly key: string; readonly issuer: string; readonly kid: string };
  /** With --mfa-service. */
  readonly mfa?: { readonly key: string; readonly issuer: string; readonly kid: string };
  readonly rpId: string;
  readonly origin: string;
  readonly verifierKey: string;
}

export interface EmulatedStation extends Announcement {
  /** Lets simulated time pass. */
  pass(seconds: number): Promise<Date>;
  /** Runs a `portcullis` command as that operator, who signs with their software key. */
  operator(name: string, ...args: string[]): Promise<{ code: number; output: string }>;
  /** Runs a `portcullis` command; returns its exit code and what it printed. */
  portcullis(...args: string[]): Promise<{ code: number; output: string }>;
  close(): Promise<void>;
}

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Starts `portcullis dev` as a process of its own, as a stranger would. */
export async function startEmulatedStation(chain: string, ...options: string[]): Promise<EmulatedStation> {
  const child = spawn(process.execPath, [cli, 'dev', '--json', '--quiet', '--chain', chain, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const announcement = await firstLine(child.stdout, ended);
  const time = connect(TimeServiceClient, announcement, { role: 'dev', name: 'dev' });
  const compiled = mkdtempSync(join(tmpdir(), 'portcullis-compiled-'));
  const run = (args: readonly string[]) => runProgram(args, compiled);
  return {
    ...announcement,
    pass: async (seconds) => {
      const { now } = await call(time, TimeServiceService.advanceTime, { seconds: BigInt(seconds) });
      return now ?? new Date(0);
    },
    operator: (name, ...args) => {
      const certificate = announcement.clients['operators'];
      const software = announcement.operators[name];
      if (certificate === undefined || software === undefined) throw new Error(`there is no operator ${name}`);
      const { ca, certificate: cert, key } = certificate;
      const call = ['--address', announcement.operatorsAddress, '--ca', ca, '--cert', cert, '--key', key];
      return run([...args, ...call, '--software', software]);
    },
    portcullis: (...args) => run(args),
    close: async () => {
      time.close();
      child.kill();
      await ended;
      rmSync(compiled, { recursive: true });
    },
  };
}

async function firstLine(stdout: NodeJS.ReadableStream, ended: Promise<number | null>): Promise<Announcement> {
  const lines = createInterface({ input: stdout });
  const line = await Promise.race([
    new Promise<string>((resolve) => lines.once('line', resolve)),
    ended.then((code) => {
      throw new Error(`the emulated station ended with ${code} before it was ready`);
    }),
  ]);
  return JSON.parse(line);
}

/** `compiled`: a folder in which one command leaves what it compiled to the next, which takes half of each start. */
function runProgram(args: readonly string[], compiled: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_COMPILE_CACHE: compiled };
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
