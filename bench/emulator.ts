import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AppClient as Client, DefaultWalletPolicy as Policy } from 'ledger-bitcoin';
import type { Effort } from './effort.ts';
import { type Measurement, measurement } from './measurement.ts';

const require = createRequire(import.meta.url);
const { AppClient, DefaultWalletPolicy }: { AppClient: typeof Client; DefaultWalletPolicy: typeof Policy } =
  require('ledger-bitcoin');
const { default: SpeculosTransport } = require('@ledgerhq/hw-transport-node-speculos-http');

const main = fileURLToPath(new URL('../simulators/ledger/main.ts', import.meta.url));
const approveAll = fileURLToPath(new URL('../simulators/ledger/approve-all.json', import.meta.url));

/** What a real app was recorded with: one wpkh input of 0.01 BTC, a payment of 0.006 BTC, and change. */
const recorded = new URL('../test/vectors/ledger/btc-sign-wpkh-1in-2out.json', import.meta.url);

/**
 * The part `emulator`: from its process to its ready line, and one signature of a wpkh input through Ledger's npm client over
 * REST, its approval pressed by automation. Beside it, in the same run, as many requests of the same transport to a server that
 * does nothing: what the client's own half costs.
 */
export async function benchEmulator(effort: Effort): Promise<Measurement[]> {
  const starts: number[] = [];
  for (let i = 0; i <= effort.rounds; i++) {
    const { ms, stop } = await start();
    await stop();
    // The first start reads its files from the disk, not from memory: it is not counted.
    if (i > 0) starts.push(ms);
  }
  const emulator = await start();
  const bare = await bareServer();
  const { psbt }: { psbt: string } = JSON.parse(readFileSync(recorded, 'utf8')).result;
  const signatures: number[] = [];
  const floors: number[] = [];
  try {
    const transport = await SpeculosTransport.open(at(emulator.url));
    const floor = await SpeculosTransport.open(at(bare.url));
    const app = new AppClient(transport);
    const fingerprint = await app.getMasterFingerprint();
    const xpub = await app.getExtendedPubkey("m/84'/0'/0'");
    const policy = new DefaultWalletPolicy('wpkh(@0/**)', `[${fingerprint}/84'/0'/0']${xpub}`);
    let commands = 0;
    const send = transport.exchange.bind(transport);
    transport.exchange = (apdu: Buffer) => {
      commands++;
      return send(apdu);
    };
    // Alternating, so that what slows the machine slows both; the first of each warms up.
    for (let i = 0; i <= effort.rounds * 3; i++) {
      commands = 0;
      const signing = await timed(() => app.signPsbt(psbt, policy, null));
      const idle = await timed(async () => {
        for (let n = 0; n < commands; n++) await floor.exchange(Buffer.from('f801000000', 'hex'));
      });
      if (i === 0) continue;
      signatures.push(signing);
      floors.push(idle);
    }
    await transport.close();
    await floor.close();
  } finally {
    bare.close();
    await emulator.stop();
  }
  return [
    measurement('emulator.ready_ms', 'ms', starts, { most: 1_500 }),
    measurement('emulator.wpkh_1in_ms', 'ms', signatures, { most: 150 }),
    measurement('emulator.client_alone_ms', 'ms', floors),
  ];
}

/** As the transport wants it: host and port apart. */
function at(url: string): { baseURL: string; apiPort: string } {
  const { hostname, port } = new URL(url);
  return { baseURL: `http://${hostname}`, apiPort: port };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function start(): Promise<{ ms: number; url: string; stop: () => Promise<void> }> {
  const began = performance.now();
  const args = [main, '--api-port', '0', '--apdu-port', '0', '--automation', approveAll, 'bitcoin'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { api } = await ready(child);
  const ms = performance.now() - began;
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  };
  return { ms, url: api, stop };
}

async function ready(child: ChildProcess): Promise<{ api: string }> {
  if (child.stdout === null) throw new Error('the emulator has no output');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error('the emulator did not start');
}

/** Answers each command as an app that asks for more does, and does nothing else. */
async function bareServer(): Promise<{ url: string; close: () => void }> {
  const answer = JSON.stringify({ data: `${'41'.repeat(40)}e000` });
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      return;
    }
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}
