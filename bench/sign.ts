import { type BarePart, bareParts, type Cost } from './bare.ts';
import { BenchClient } from './client.ts';
import type { Effort } from './effort.ts';
import { closedLoop } from './load.ts';
import { type Measurement, measurement } from './measurement.ts';
import { ServerProcess } from './server-process.ts';
import type { Wallets } from './work.ts';

const inFlights = [1, 8, 64] as const;

/**
 * What one authorized, durable, verified signature can't do without, each part measured in the same round. A call is one of
 * gRPC's; evidence is verified when it authorizes and again when it is to be paid; a row that feeds a decision is read or
 * written under one MAC each.
 */
export const needs = {
  /** SignTransaction with its authorization inline, and GetTransaction. */
  calls: 2,
  /** Authorized, permitted and sent by one; signed by the other. */
  decisions: 2,
  parts: {
    es256: 1,
    decode: 1,
    release: 1,
    /** Authorized, permitted, sent, signed. */
    leaf: 4,
    // Written: 8 rows by the first (withdrawal, spent, notice, factor, account or breaker's count, transaction, anchor, wallet), 2 by the
    // second (transaction, withdrawal). Read and not written lately by the station itself: factor, listing, destination, account, wallet.
    mac: 10 + 5,
  } satisfies Record<BarePart, number>,
} as const;

/** One kind of load, measured: µs a job by the wall, µs of the server's processors, and decisions a commit. */
interface Loaded extends Cost {
  readonly rate: number;
  readonly group: number;
}

/** The part `sign`: everything against everything, alternating, so that a busy machine is busy for all of them. */
export async function benchSign(effort: Effort, execArgv: readonly string[]): Promise<Measurement[]> {
  const server = await ServerProcess.start(effort.slots, execArgv);
  const ready = await server.ask('ready');
  const station = new BenchClient(ready.port, ready);
  const echo = new BenchClient(ready.echoPort, ready);
  const rounds = new Rounds();
  try {
    // Compiled, connected and cached before anything is counted.
    await round(new Rounds(), { ...effort, count: Math.min(effort.count, 640) }, server, station, echo);
    for (let i = 0; i < effort.rounds; i++) await round(rounds, effort, server, station, echo);
  } finally {
    station.close();
    echo.close();
    await server.close();
  }
  return results(rounds);
}

class Rounds {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number): void {
    this.#values.set(name, [...this.of(name), value]);
  }

  of(name: string): readonly number[] {
    return this.#values.get(name) ?? [];
  }
}

async function round(
  rounds: Rounds,
  effort: Effort,
  server: ServerProcess,
  station: BenchClient,
  echo: BenchClient,
): Promise<void> {
  const echoes = await loaded(server, effort.count * 2, effort.slots, () => echo.echo());
  rounds.add('echo.rate_64', echoes.rate);
  rounds.add('echo.cpu_us', echoes.cpu);

  let signed: Loaded | undefined;
  for (const inFlight of inFlights) {
    const count = Math.max(inFlight, Math.round((effort.count * (inFlight + 16)) / 80));
    station.asked = 0;
    const work = await server.ask('make', { count, wallets: 'hot' });
    signed = await loaded(server, count, Math.min(inFlight, effort.slots), (i) => station.signInline(at(work, i)));
    rounds.add(`sign.free.asked_${inFlight}`, station.asked / count);
    rounds.add(`sign.free.rate_${inFlight}`, signed.rate);
    rounds.add(`sign.free.group_${inFlight}`, signed.group);
    if (inFlight === 1) {
      const alone = await loaded(server, count * 3, 1, () => echo.echo());
      rounds.add('echo.rate_1', alone.rate);
    }
  }
  if (signed === undefined) throw new Error('nothing was signed');
  rounds.add('sign.free.cpu_us', signed.cpu);
  const shared = await signing(server, station, Math.ceil(effort.count / 4), effort.slots, 'attended');
  rounds.add('sign.free.one_signer.rate_64', shared.rate);

  const twice = await signing(server, station, effort.count, effort.slots, 'hot');
  rounds.add('sign.two_calls.rate_64', twice.rate);
  rounds.add('sign.two_calls.cpu_us', twice.cpu);
  rounds.add('server.cpu_us', signed.cpu);
  rounds.add('server.cpu_ratio_to_echo', signed.cpu / echoes.cpu);

  const group = Math.max(1, Math.round(signed.group));
  const alone = await server.ask('commit', { group: 1, ms: effort.bareMs });
  const grouped = await server.ask('commit', { group, ms: effort.bareMs });
  rounds.add('bare.commit_alone.rate', 1e6 / alone.wall);
  rounds.add('bare.commit_grouped.rate', 1e6 / grouped.wall);

  let wall = needs.calls * echoes.wall + needs.decisions * grouped.wall;
  let cpu = needs.calls * echoes.cpu + needs.decisions * grouped.cpu;
  for (const part of bareParts) {
    const cost = await server.ask('bare', { part, ms: effort.bareMs });
    rounds.add(`bare.${part}_us`, cost.cpu);
    wall += needs.parts[part] * cost.wall;
    cpu += needs.parts[part] * cost.cpu;
    if (part === 'es256') rounds.add('sign.free.ratio_to_es256', (signed.rate * cost.wall) / 1e6);
  }
  rounds.add('sign.free.ceiling', 1e6 / wall);
  rounds.add('sign.free.ratio_to_ceiling', (signed.rate * wall) / 1e6);
  rounds.add('sign.free.ceiling_cpu_us', cpu);
  rounds.add('sign.free.cpu_ratio_to_ceiling', signed.cpu / cpu);
  rounds.add('sign.free.ratio_to_echo', signed.rate / echoes.rate);
  rounds.add('sign.free.ratio_to_commits', (signed.rate * needs.decisions * grouped.wall) / 1e6);
}

/** Authorized by one call, signed by another, and fetched, in a closed loop. */
async function signing(
  server: ServerProcess,
  station: BenchClient,
  count: number,
  inFlight: number,
  wallets: Wallets,
): Promise<Loaded> {
  const work = await server.ask('make', { count, wallets });
  return loaded(server, count, inFlight, (i) => station.authorizeAndSign(at(work, i)));
}

async function loaded(
  server: ServerProcess,
  count: number,
  inFlight: number,
  job: (index: number) => Promise<void>,
): Promise<Loaded> {
  const before = await server.ask('usage');
  const start = performance.now();
  await closedLoop(count, inFlight, job);
  await server.ask('idle');
  const seconds = (performance.now() - start) / 1_000;
  const after = await server.ask('usage');
  const commits = after.commits - before.commits;
  return {
    rate: count / seconds,
    wall: (seconds * 1e6) / count,
    cpu: (after.cpu - before.cpu) / count,
    group: commits === 0 ? 0 : (after.decisions - before.decisions) / commits,
  };
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`the bench made no work ${index}`);
  return found;
}

function results(rounds: Rounds): Measurement[] {
  const of = (name: string, unit: string, budget = {}): Measurement => measurement(name, unit, rounds.of(name), budget);
  return [
    ...inFlights.map((n) => of(`sign.free.rate_${n}`, '1/s')),
    of('sign.free.one_signer.rate_64', '1/s'),
    of('sign.two_calls.rate_64', '1/s'),
    of('sign.two_calls.cpu_us', 'µs'),
    of('sign.free.ceiling', '1/s'),
    of('sign.free.ratio_to_ceiling', '×', { least: 0.8 }),
    of('sign.free.ratio_to_echo', '×'),
    of('sign.free.ratio_to_es256', '×'),
    of('sign.free.ratio_to_commits', '×'),
    of('sign.free.cpu_us', 'µs'),
    of('sign.free.ceiling_cpu_us', 'µs'),
    of('sign.free.cpu_ratio_to_ceiling', '×'),
    of('server.cpu_us', 'µs'),
    of('server.cpu_ratio_to_echo', '×', { most: 2.5 }),
    ...inFlights.map((n) => of(`sign.free.group_${n}`, 'decisions/commit')),
    ...inFlights.map((n) => of(`sign.free.asked_${n}`, 'calls')),
    of('echo.rate_1', '1/s'),
    of('echo.rate_64', '1/s'),
    of('echo.cpu_us', 'µs'),
    ...bareParts.map((part) => of(`bare.${part}_us`, 'µs')),
    of('bare.commit_alone.rate', '1/s'),
    of('bare.commit_grouped.rate', '1/s'),
  ];
}
