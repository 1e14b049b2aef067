import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { UsbLedger } from '../../../simulators/ledger/usb/bridge.ts';
import type { Account, Done, Order, Told } from './orders.ts';

// The guest's hands: what can only be done inside, plugging cables and running processes. It decides nothing.

/** The host, as QEMU's user network has it. */
const host = '10.0.2.2';
const ledgers = new Map<number, UsbLedger>();
const processes = new Map<string, ChildProcess>();
const ids: Readonly<Record<Account, { uid: number; gid: number }>> = {
  root: { uid: 0, gid: 0 },
  station: { uid: 1000, gid: 1000 },
};

const tests = connect({ host, port: Number(process.argv[2]), noDelay: true });
tests.on('close', () => process.exit(0));
const tell = (what: Done | Told) => tests.write(`${JSON.stringify(what)}\n`);

createInterface({ input: tests }).on('line', (line) => {
  const { id, ...order }: { id: number } & Order = JSON.parse(line);
  obey(order).then(
    (answer) => tell({ id, ...answer }),
    (error: unknown) => tell({ id, error: String(error) }),
  );
});

async function obey(order: Order): Promise<Omit<Done, 'id'>> {
  switch (order.order) {
    case 'ledger':
      ledgers.set(order.slot, new UsbLedger(order.slot, { host, port: order.emulator }));
      return {};
    case 'plug':
      await ledgerIn(order.slot).plug(order);
      return { output: await hidraw(order.slot) };
    case 'unplug':
      await ledgerIn(order.slot).unplug();
      return {};
    case 'cut':
      ledgerIn(order.slot).cutAfter(order.reports);
      return {};
    case 'start':
      start(order.name, order.argv, order.as);
      return {};
    case 'signal':
      processes.get(order.name)?.kill(order.signal);
      return {};
    case 'run':
      return run(order.argv, order.as);
    case 'put':
      put(order.path, Buffer.from(order.content, 'base64'), order.as);
      return {};
  }
}

/** Where the kernel put the device in this slot: it takes a moment to ask it what it is. */
async function hidraw(slot: number): Promise<string> {
  const place = `/dummy_hcd.${slot}/`;
  for (let tries = 0; tries < 1_000; tries++) {
    const found = readdirSync(classes).find((name) => realpathSync(`${classes}/${name}`).includes(place));
    if (found !== undefined) return `/dev/${found}`;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the device in slot ${slot} did not come up`);
}

const classes = '/sys/class/hidraw';

function ledgerIn(slot: number): UsbLedger {
  const ledger = ledgers.get(slot);
  if (ledger === undefined) throw new Error(`there is no Ledger in slot ${slot}`);
  return ledger;
}

function start(name: string, argv: readonly string[], as: Account): void {
  const child = launch(argv, as);
  processes.set(name, child);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => tell({ told: 'line', name, line }));
  }
  child.on('exit', (code, signal) => tell({ told: 'end', name, code, signal }));
}

function run(argv: readonly string[], as: Account): Promise<Omit<Done, 'id'>> {
  const child = launch(argv, as);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, output })));
}

function launch([command = '', ...args]: readonly string[], as: Account): ChildProcess {
  // busybox's su has a user's groups, which Node's uid and gid alone have not.
  const argv =
    as === 'root' ? [command, ...args] : ['su', '-s', '/bin/sh', as, '-c', 'exec "$0" "$@"', '--', command, ...args];
  const [program = '', ...rest] = argv;
  // A daemon that is started a second time finds what it compiled the first time.
  const env = { ...process.env, ...(as === 'station' ? { NODE_COMPILE_CACHE: '/tmp/compiled' } : {}) };
  const child = spawn(program, rest, { cwd: '/portcullis', env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.on('error', (error) => tell({ told: 'line', name: command, line: String(error) }));
  return child;
}

function put(path: string, content: Uint8Array, as: Account): void {
  const { uid, gid } = ids[as];
  const made = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  for (let folder = dirname(path); made !== undefined && folder.length >= made.length; folder = dirname(folder)) {
    chownSync(folder, uid, gid);
  }
  writeFileSync(path, content, { mode: 0o600 });
  chownSync(path, uid, gid);
}
