import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { drain, january2022 } from '../simulators/traffic/drain.ts';
import type { TrafficEvent } from '../simulators/traffic/event.ts';
import { exchange, type OrdinarySettings, ordinaryTraffic } from '../simulators/traffic/ordinary.ts';
import { foundingBreaker } from '../src/cli/founding-breaker.ts';
import {
  type AccountId,
  type Address,
  type AssetId,
  day,
  type Reason,
  type WalletId,
  type WitnessedMs,
} from '../src/domain/index.ts';
import { BreakerCounts, refusalSighting, type Sighting } from '../src/gate/breaker.ts';
import { Members } from '../src/gate/document.ts';
import { type BreakerPolicy, breakerName, breakerSection } from '../src/gate/policy/breaker.ts';

// The circuit breaker over simulated traffic: the gate's own rules, no device, no cryptography, a month in seconds.
//   node tools/node24.mjs bench/breaker.ts --months 20 --accounts 10000
// says how near ordinary traffic comes to each rule of the founding policy, and when a drain trips it.

export interface Tripped {
  readonly rule: string;
  readonly scope: string;
  readonly at: number;
}

export interface Run {
  readonly trips: readonly Tripped[];
  /** The thief's payments that a station would have made: authorized, and not stopped by a freeze that came with them or before. */
  readonly stolen: number;
  /** The most that each rule ever counted, where that was asked for: it takes as long again. */
  readonly most: ReadonlyMap<string, number>;
}

/** What a station's breaker makes of this traffic. Nobody thaws. */
export function run(rules: readonly BreakerPolicy[], events: readonly TrafficEvent[], measured = false): Run {
  const rows = new Map<string, Uint8Array>();
  const frozen = new Set<string>();
  const trips: Tripped[] = [];
  const most = new Map<string, number>();
  let stolen = 0;
  for (const event of events) {
    if (event.kind === 'withdrawal' && stopped(event, frozen)) continue;
    const counts = new BreakerCounts((row) => rows.get(row), (10 * day + event.at) as WitnessedMs);
    for (const sighting of sightingsOf(event)) {
      for (const { rule, judgement } of measured ? counts.explain(rules, sighting).outcomes : []) {
        const count = judgement.passed === true ? judgement.explanation : judgement.message;
        most.set(rule, Math.max(most.get(rule) ?? 0, Number(/: (\d+) within/.exec(count)?.[1])));
      }
      for (const trip of counts.see(rules, sighting, (scope) => frozen.has(scope))) {
        frozen.add(trip.scope);
        trips.push({ rule: breakerName(trip.rule), scope: trip.scope, at: event.at });
      }
    }
    for (const [row, packed] of counts.changed()) rows.set(row, packed);
    if (event.kind === 'withdrawal' && event.theft && !stopped(event, frozen)) stolen++;
  }
  return { trips, stolen, most };
}

function stopped(
  { account, destination, wallet }: Extract<TrafficEvent, { kind: 'withdrawal' }>,
  frozen: ReadonlySet<string>,
): boolean {
  const scopes = ['station', `account:${account}`, `destination:${destination}`, `wallet:${wallet}`];
  return scopes.some((scope) => frozen.has(scope));
}

function sightingsOf(event: TrafficEvent): Sighting[] {
  switch (event.kind) {
    case 'withdrawal': {
      const account = event.account as AccountId;
      const [wallet, asset] = [event.wallet as WalletId, event.asset as AssetId];
      const { amount, first } = event;
      return [
        { kind: 'authorization', account, destination: event.destination as Address, first },
        { kind: 'payment', wallet, account, asset, amount },
      ];
    }
    case 'refusal': {
      const of = { account: event.account as AccountId, client: event.client };
      const sighting = refusalSighting({ reason: event.reason as Reason, details: {} }, of);
      return sighting === undefined ? [] : [sighting];
    }
    case 'device-refusal':
      return [{ kind: 'device-refusal', wallet: event.wallet as WalletId }];
  }
}

/** A policy's `breaker`, from its YAML. */
export function breakerOf(yaml: string): readonly BreakerPolicy[] {
  return breakerSection.parse(new Members(parse(yaml), 'policy')).breaker;
}

/** Ordinary traffic with a drain in it. */
export function hidden(ordinary: readonly TrafficEvent[], theft: readonly TrafficEvent[]): TrafficEvent[] {
  return [...ordinary, ...theft].sort((a, b) => a.at - b.at);
}

function report(months: number, settings: OrdinarySettings): void {
  const rules = breakerOf(foundingBreaker);
  const most = new Map<string, number>();
  let trips = 0;
  for (let seed = 1; seed <= months; seed++) {
    const one = run(rules, ordinaryTraffic(seed, settings), true);
    trips += one.trips.length;
    for (const trip of one.trips) console.log(`month ${seed}: ${trip.rule} tripped`);
    for (const [rule, count] of one.most) most.set(rule, Math.max(most.get(rule) ?? 0, count));
  }
  console.log(`${months} months of ${settings.accounts} accounts: ${trips} trips`);
  for (const rule of rules) {
    const name = breakerName(rule);
    console.log(`${name}: at most ${most.get(name) ?? 0}, trips above ${rule.above}`);
  }
  for (const destinations of [1, 2, 5, 50, 483]) {
    const stolen = Array.from({ length: 100 }, (_, seed) =>
      run(rules, drain(seed, { ...january2022, start: 3 * day + 46 * 60_000, destinations })),
    ).map((one) => one.stolen);
    console.log(
      `drain to ${destinations}: ${Math.min(...stolen)} to ${Math.max(...stolen)} of 483 paid, ${stolen.filter((n) => n >= 10).length} of 100 ten or more`,
    );
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { months: { type: 'string' }, accounts: { type: 'string' }, withdrawals: { type: 'string' } },
  });
  report(Number(values.months ?? 5), {
    ...exchange,
    accounts: Number(values.accounts ?? exchange.accounts),
    withdrawalsPerDay: Number(values.withdrawals ?? exchange.withdrawalsPerDay),
  });
}
