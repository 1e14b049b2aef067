import { parseAuthorization } from '../src/api/evidence.ts';
import { Buckets, day, minute, parseTransactionId, type WalletId, type WitnessedMs } from '../src/domain/index.ts';
import { SignTransactionRequest } from '../src/generated/portcullis/v1/transaction.ts';
import { AuthorizeWithdrawalRequest } from '../src/generated/portcullis/v1/withdrawal.ts';
import type { Effort } from './effort.ts';
import { type Measurement, measurement, quantile } from './measurement.ts';
import { type BenchStation, chain, openStation } from './station.ts';
import { type Work, Workshop } from './work.ts';

const asset = `${chain}/slip44:60`;
const windows = ['hour', 'day', 'week'];

/** Every scope in every window: three rows to an authorization, one to a permit. */
const limited = (document: string): string => {
  const line = (scope: string, window: string): string =>
    `  - { scope: ${scope}, window: ${window}, asset: '${asset}', most: '1${'0'.repeat(40)}' }\n`;
  const scopes = ['account', 'asset', 'station', 'wallet'];
  return `${document}limits:\n${scopes.flatMap((scope) => windows.map((window) => line(scope, window))).join('')}`;
};

/**
 * The part `limits`: authorizing and permitting where ten million withdrawals were counted in each scope, beside the same where a
 * thousand were, and beside a station without limits; one call after the other, in turn.
 */
export async function benchLimits(effort: Effort): Promise<Measurement[]> {
  const stations = {
    none: await Bench.open(effort.slots, (document) => document, 0),
    few: await Bench.open(effort.slots, limited, 1_000),
    many: await Bench.open(effort.slots, limited, 10_000_000),
  };
  const names = ['none', 'few', 'many'] as const;
  const authorize: Record<(typeof names)[number], number[]> = { none: [], few: [], many: [] };
  const permit: Record<(typeof names)[number], number[]> = { none: [], few: [], many: [] };
  try {
    for (let round = 0; round < effort.rounds; round++) {
      const taken = { none: emptyRound(), few: emptyRound(), many: emptyRound() };
      for (const name of names) await stations[name].make(effort.count);
      for (let i = 0; i < effort.count; i++) {
        // Whoever comes first finds the caches cold: each in its turn.
        for (let turn = 0; turn < names.length; turn++) {
          const name = names[(i + turn) % names.length] ?? 'none';
          await stations[name].once(i, taken[name]);
        }
      }
      for (const name of names) {
        authorize[name].push(quantile(taken[name].authorize, 0.5));
        permit[name].push(quantile(taken[name].permit, 0.5));
        await stations[name].station.idle();
      }
    }
  } finally {
    for (const name of names) await stations[name].station.close();
  }
  const ratio = (of: Record<'none' | 'few' | 'many', number[]>, to: 'none' | 'few'): number[] =>
    of.many.map((ms, round) => ms / (of[to][round] ?? Number.NaN));
  return [
    measurement('limits.authorize.p50_ms', 'ms', authorize.many),
    measurement('limits.permit.p50_ms', 'ms', permit.many),
    measurement('limits.authorize.ratio_to_thousand', '×', ratio(authorize, 'few'), { most: 1.2 }),
    measurement('limits.permit.ratio_to_thousand', '×', ratio(permit, 'few'), { most: 1.2 }),
    measurement('limits.authorize.ratio_to_none', '×', ratio(authorize, 'none')),
    measurement('limits.permit.ratio_to_none', '×', ratio(permit, 'none')),
    measurement('limits.row_bytes', 'B', [stations.many.rowBytes]),
    measurement('limits.row_bytes_thousand', 'B', [stations.few.rowBytes]),
  ];
}

interface Round {
  readonly authorize: number[];
  readonly permit: number[];
}

const emptyRound = (): Round => ({ authorize: [], permit: [] });

class Bench {
  readonly station: BenchStation;
  readonly #shop: Workshop;
  #work: Work[] = [];
  rowBytes = 0;

  private constructor(station: BenchStation, shop: Workshop) {
    this.station = station;
    this.#shop = shop;
  }

  /** A station in whose buckets so many withdrawals of the last two weeks are counted, in every scope. */
  static async open(slots: number, policy: (document: string) => string, counted: number): Promise<Bench> {
    const station = await openStation(slots, policy);
    const bench = new Bench(station, await Workshop.open(station, slots));
    for (let passed = 0; passed < 14; passed++) station.passDay();
    if (counted > 0) await bench.#count(slots, counted);
    return bench;
  }

  async make(count: number): Promise<void> {
    this.#work = await this.#shop.make(count, 'hot');
  }

  /** One withdrawal: authorized, and its transaction permitted. */
  async once(index: number, round: Round): Promise<void> {
    const work = this.#work[index];
    if (work === undefined) throw new Error(`the bench made no work ${index}`);
    const { withdrawals, transactions } = this.station.custody;
    const authorization = parseAuthorization(AuthorizeWithdrawalRequest.decode(work.authorize));
    const { wallet, unsigned, withdrawalIds } = SignTransactionRequest.decode(work.sign);
    const start = performance.now();
    const { id } = await withdrawals.authorize(authorization);
    round.authorize.push(performance.now() - start);
    if (withdrawalIds[0] !== id) throw new Error('the bench pays another withdrawal');
    const before = performance.now();
    const permitted = await transactions.sign({
      wallet: wallet as WalletId,
      unsigned,
      pays: [id],
      replaces: undefined,
      authorizations: [],
    });
    round.permit.push(performance.now() - before);
    parseTransactionId(permitted.id, 'id');
  }

  async #count(slots: number, counted: number): Promise<void> {
    const slotsOf = (name: string): string[] => Array.from({ length: slots }, (_, i) => `${name}-${i}`);
    const scopes = ['station', `asset:${asset}`, ...slotsOf('account:customer'), ...slotsOf('wallet:hot')];
    const { w } = this.station.custody.operators.station();
    const packed = history(counted, w).pack();
    this.rowBytes = packed.length;
    await this.station.store.decide({}, () => ({
      result: undefined,
      writes: scopes.map((scope) => ({ table: 'buckets' as const, record: { scope, packed } })),
    }));
  }
}

/**
 * What so many withdrawals of a thousandth of an ether, spread over two weeks, leave in a row. Those that fall into one bucket of
 * five minutes are added as their sum, which leaves the same row.
 */
function history(counted: number, w: WitnessedMs): Buckets {
  const steps = (14 * day) / (5 * minute);
  let buckets = Buckets.empty;
  for (let step = 0; step < steps; step++) {
    const upTo = (i: number): number => Math.floor((counted * i) / steps);
    const withdrawals = upTo(step + 1) - upTo(step);
    const at = Math.max(0, w - (steps - step) * 5 * minute) as WitnessedMs;
    if (withdrawals > 0) buckets = buckets.add(asset, BigInt(withdrawals) * 10n ** 15n, at);
  }
  return buckets;
}
