import { performance } from 'node:perf_hooks';
import { parseAuthorization } from '../src/api/evidence.ts';
import type { AccountId, EntryId, FactorId, WalletId, WithdrawalId } from '../src/domain/index.ts';
import { SignTransactionRequest } from '../src/generated/portcullis/v1/transaction.ts';
import type { Write } from '../src/store/verdict.ts';
import type { Effort } from './effort.ts';
import { type Measurement, measurement, quantile } from './measurement.ts';
import { type BenchStation, openStation } from './station.ts';
import { type Work, Workshop } from './work.ts';

const few = 10_000;
/** As many as are written within a few minutes; the budget's ten million take hours to write with their codes. */
const many = 200_000;
/** Accounts in one commit. */
const chunk = 250;

/**
 * The part `scale`: SignTransaction with its authorization inline, within the station, where there are 200,000 accounts, each with a factor and a
 * listed destination, beside the same with 10,000: one call after the other, in turn. The rows are copies of a customer's under other
 * names, written by the store with codes of their own, and more than its cache holds.
 */
export async function benchScale(effort: Effort): Promise<Measurement[]> {
  const small = effort.bareMs < 50;
  const stations = {
    few: await ScaledStation.open(effort.slots, small ? 20 : few),
    many: await ScaledStation.open(effort.slots, small ? 200 : many),
  };
  const taken: { readonly few: number[]; readonly many: number[] } = { few: [], many: [] };
  try {
    for (let round = -1; round < effort.rounds; round++) {
      const times: { readonly few: number[]; readonly many: number[] } = { few: [], many: [] };
      for (const station of Object.values(stations)) await station.make(effort.count);
      for (let i = 0; i < effort.count; i++)
        for (const name of i % 2 === 0 ? (['few', 'many'] as const) : (['many', 'few'] as const))
          times[name].push(await stations[name].once(i));
      if (round < 0) continue;
      for (const name of ['few', 'many'] as const) taken[name].push(quantile(times[name], 0.5));
    }
  } finally {
    for (const { station } of Object.values(stations)) await station.close();
  }
  const ratios = taken.many.map((ms, round) => ms / (taken.few[round] ?? Number.NaN));
  return [
    measurement('scale.accounts', 'accounts', [small ? 200 : many]),
    measurement('scale.few.p50_ms', 'ms', taken.few),
    measurement('scale.many.p50_ms', 'ms', taken.many),
    measurement('scale.p50_ratio', '×', ratios, { most: 1.2 }),
  ];
}

class ScaledStation {
  readonly station: BenchStation;
  readonly #shop: Workshop;
  #work: Work[] = [];

  private constructor(station: BenchStation, shop: Workshop) {
    this.station = station;
    this.#shop = shop;
  }

  static async open(slots: number, accounts: number): Promise<ScaledStation> {
    const station = await openStation(slots);
    const shop = await Workshop.open(station, slots);
    for (let first = 0; first < accounts; first += chunk) {
      const numbers = Array.from({ length: Math.min(chunk, accounts - first) }, (_, i) => first + i);
      await station.store.decide({}, () => ({ result: undefined, writes: copies(station, numbers) }));
    }
    return new ScaledStation(station, shop);
  }

  async make(count: number): Promise<void> {
    this.#work = await this.#shop.make(count, 'hot');
  }

  /** One withdrawal, authorized and permitted, and its signature brought home; ms until the decision. */
  async once(index: number): Promise<number> {
    const work = this.#work[index];
    if (work === undefined) throw new Error(`the bench made no work ${index}`);
    const { wallet, unsigned, withdrawalIds, authorizations } = SignTransactionRequest.decode(work.inline);
    const request = {
      wallet: wallet as WalletId,
      unsigned: new Uint8Array(unsigned),
      pays: withdrawalIds as WithdrawalId[],
      replaces: undefined,
      authorizations: authorizations.map((one) => parseAuthorization(one)),
    };
    const start = performance.now();
    await this.station.custody.transactions.sign(request);
    const ms = performance.now() - start;
    await this.station.idle();
    return ms;
  }
}

/** The first customer's rows under other names, spread as hashes are. */
function copies({ store }: BenchStation, numbers: readonly number[]): Write[] {
  const account = store.read('accounts', 'customer-0');
  const listing = store.find('factorsOfAccount', 'customer-0');
  const entry = store.read('destinations', 'entry-0');
  const [factor] = listing;
  if (account === undefined || factor === undefined || entry === undefined) throw new Error('there is no customer-0');
  return numbers.flatMap((number): Write[] => {
    const spread = ((number * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0');
    const name = `made-${spread}` as AccountId;
    const id = `${spread}${factor.id.slice(8)}` as FactorId;
    const listed = `made-${spread}` as EntryId;
    return [
      { table: 'accounts', record: { ...account, account: name }, leaf: 0 },
      { table: 'factors', record: { ...factor, id, account: name }, leaf: 0 },
      { table: 'destinations', record: { ...entry, entry: listed, account: name, attestedBy: [id] }, leaf: 0 },
      { table: 'listings', record: { account: name, destination: entry.destination, entry: listed }, leaf: 0 },
    ];
  });
}
