import { performance } from 'node:perf_hooks';
import { type BarePart, bareCost, type Cost, commitCost } from './bare.ts';
import { openEcho } from './echo.ts';
import { type BenchHsm, type Commits, openStation } from './station.ts';
import { type Wallets, type Work, Workshop } from './work.ts';

// The process under test: a station, a bare echo, and the bare parts, all on one thread, driven by the bench over IPC.

/** How long decisions took, ms, from the decoded request to the durable decision. */
export interface Latencies {
  readonly authorize: readonly number[];
  readonly permit: readonly number[];
  /** From the permit to the token's signature. */
  readonly sign: readonly number[];
}

/** What this process has used and done since it started. */
export interface Usage extends Commits {
  /** µs of processors' time, all threads. */
  readonly cpu: number;
}

export interface Ready {
  readonly port: number;
  readonly echoPort: number;
  readonly tls: { readonly ca: Uint8Array; readonly key: Uint8Array; readonly cert: Uint8Array };
}

/** What the bench can ask: arguments and answer. */
export interface Commands {
  readonly ready: { readonly ask: undefined; readonly answer: Ready };
  readonly make: { readonly ask: { readonly count: number; readonly wallets: Wallets }; readonly answer: Work[] };
  readonly usage: { readonly ask: undefined; readonly answer: Usage };
  /** Answers when no signer has anything to do. */
  readonly idle: { readonly ask: undefined; readonly answer: undefined };
  /** Since it was asked last. */
  readonly latencies: { readonly ask: undefined; readonly answer: Latencies };
  readonly bare: { readonly ask: { readonly part: BarePart; readonly ms: number }; readonly answer: Cost };
  readonly commit: { readonly ask: { readonly group: number; readonly ms: number }; readonly answer: Cost };
  readonly close: { readonly ask: undefined; readonly answer: undefined };
}

type Answers = { readonly [C in keyof Commands]: (ask: Commands[C]['ask']) => Promise<Commands[C]['answer']> };

async function main(): Promise<void> {
  let latencies: Record<'authorize' | 'permit', number[]> = { authorize: [], permit: [] };
  const slots = Number(process.argv[2] ?? 64);
  const hsm: BenchHsm | undefined = process.argv[3] === undefined ? undefined : JSON.parse(process.argv[3]);
  const station = await openStation(slots, undefined, hsm);
  const { withdrawals, transactions } = station.custody;
  const authorize = withdrawals.authorize.bind(withdrawals);
  withdrawals.authorize = (request) => clocked(() => authorize(request), latencies.authorize);
  const sign = transactions.sign.bind(transactions);
  transactions.sign = (request) => clocked(() => sign(request), latencies.permit);
  const echo = await openEcho(station.serverTls);
  const shop = await Workshop.open(station, slots);

  const answers: Answers = {
    ready: async () => ({ port: station.api.port, echoPort: echo.port, tls: station.tls }),
    make: ({ count, wallets }) => shop.make(count, wallets),
    usage: async () => {
      const { user, system } = process.cpuUsage();
      return { cpu: user + system, ...station.commits() };
    },
    idle: async () => {
      await station.idle();
      return undefined;
    },
    latencies: async () => {
      const taken = { ...latencies, sign: station.signing.splice(0) };
      latencies = { authorize: [], permit: [] };
      return taken;
    },
    bare: async ({ part, ms }) => bareCost(part, ms),
    commit: async ({ group, ms }) => commitCost(group, ms),
    close: async () => {
      echo.close();
      await station.close();
      return undefined;
    },
  };
  process.on('message', (message: { id: number; command: keyof Commands; ask: never }) => {
    answers[message.command](message.ask).then(
      (answer) => {
        process.send?.({ id: message.id, answer });
        if (message.command === 'close') process.disconnect();
      },
      (error: unknown) =>
        process.send?.({ id: message.id, error: error instanceof Error ? error.stack : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ id: 0, answer: undefined });
}

async function clocked<R>(run: () => Promise<R>, into: number[]): Promise<R> {
  const start = performance.now();
  try {
    return await run();
  } finally {
    into.push(performance.now() - start);
  }
}

await main();
