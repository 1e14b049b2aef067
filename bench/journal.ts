import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseAuthorization } from '../src/api/evidence.ts';
import type { WalletId, WithdrawalId } from '../src/domain/index.ts';
import { SignTransactionRequest } from '../src/generated/portcullis/v1/transaction.ts';
import { encodeLeaf } from '../src/journal/leaf.ts';
import { consistencyProof, inclusionProof } from '../src/journal/merkle.ts';
import { createDatabase, type Sqlite } from '../src/store/database.ts';
import { Frontier } from '../src/store/frontier.ts';
import { Log } from '../src/store/log.ts';
import type { Effort } from './effort.ts';
import { type Measurement, measurement, quantile } from './measurement.ts';
import { type BenchStation, openStation } from './station.ts';
import { Workshop } from './work.ts';

const few = 10_000;
const many = 10_000_000;

/**
 * The part `journal`: appending an entry to a journal of ten million entries beside one of ten thousand, in turn, each in its
 * database; and proofs of any entry, and from any earlier size, in the larger. What is in the trees already is made up: nobody reads
 * an old leaf to append one, and a proof is as long over any hashes. Beside that, in processors' time, what the entries of one withdrawal take of
 * all that the station does for it, from its request to its signature, by a signer that costs nothing.
 */
export async function benchJournal(effort: Effort): Promise<Measurement[]> {
  const small = effort.bareMs < 50;
  const count = small ? 8 : 2_000;
  const sizes = small ? { few: 100, many: 1_000 } : { few, many };
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-journal-'));
  const journals = {
    few: new MadeJournal(join(folder, 'few.db'), sizes.few),
    many: new MadeJournal(join(folder, 'many.db'), sizes.many),
  };
  const appended: { few: number[]; many: number[] } = { few: [], many: [] };
  const payments = small ? 4 : 200;
  const station = await openStation(1);
  const shop = await Workshop.open(station, 1);
  const parts: number[] = [];
  const inclusion: number[][] = [];
  const consistency: number[][] = [];
  try {
    for (let round = 0; round < effort.rounds; round++) {
      const taken: { few: number[]; many: number[] } = { few: [], many: [] };
      for (let i = 0; i < count; i++) {
        for (const name of i % 2 === 0 ? (['few', 'many'] as const) : (['many', 'few'] as const))
          taken[name].push(journals[name].within(() => journals[name].append()));
      }
      for (const name of ['few', 'many'] as const) appended[name].push(mean(taken[name]));
      parts.push(await partOfPayment(station, shop, payments, journals.few));
      const { log, size } = journals.many;
      const any = (): number => Math.floor(Math.random() * (size - 1)) + 1;
      const timed = (prove: () => unknown): number => {
        const start = performance.now();
        prove();
        return performance.now() - start;
      };
      const times = (prove: () => unknown): number[] => Array.from({ length: count }, () => timed(prove));
      inclusion.push(times(() => inclusionProof(any(), size, log.readNode)));
      consistency.push(times(() => consistencyProof(any(), size, log.readNode)));
    }
  } finally {
    await station.close();
    for (const journal of Object.values(journals)) journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return [
    measurement('journal.append_ms', 'ms', appended.many),
    measurement(
      'journal.append.ratio_to_ten_thousand',
      '×',
      appended.many.map((ms, round) => ms / (appended.few[round] ?? Number.NaN)),
      { most: 1.5 },
    ),
    measurement('journal.append.part_of_withdrawal', '×', parts, { most: 0.1 }),
    measurement('journal.inclusion.p50_ms', 'ms', at(inclusion, 0.5), { most: 1 }),
    measurement('journal.inclusion.p95_ms', 'ms', at(inclusion, 0.95)),
    measurement('journal.consistency.p50_ms', 'ms', at(consistency, 0.5), { most: 1 }),
    measurement('journal.consistency.p95_ms', 'ms', at(consistency, 0.95)),
  ];
}

/** What appending its entries takes of a payment's processors' time. */
async function partOfPayment(
  station: BenchStation,
  shop: Workshop,
  count: number,
  journal: MadeJournal,
): Promise<number> {
  const work = await shop.make(count, 'hot');
  const requests = work.map(({ inline }) => SignTransactionRequest.decode(inline));
  const { size } = station.store;
  const paid = busy();
  for (const { wallet, unsigned, withdrawalIds, authorizations } of requests) {
    await station.custody.transactions.sign({
      wallet: wallet as WalletId,
      unsigned: new Uint8Array(unsigned),
      pays: withdrawalIds as WithdrawalId[],
      replaces: undefined,
      authorizations: authorizations.map((one) => parseAuthorization(one)),
    });
    await station.idle();
  }
  const paying = paid();
  // As many as came of it, without the commits, which they share.
  const entries = station.store.size - size;
  const appending = journal.within(() => {
    const appended = busy();
    for (let i = 0; i < entries; i++) journal.append();
    return appended();
  });
  return appending / paying;
}

/** Processors' time of this process from now on, ms. */
function busy(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
}

/** A quantile of each round. */
const at = (rounds: readonly number[][], q: number): number[] => rounds.map((times) => quantile(times, q));

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A journal whose earlier entries are made up: a tree of their size, of hashes that nobody's bytes have. */
class MadeJournal {
  readonly log: Log;
  readonly #db: Sqlite;
  readonly #close: () => void;
  #frontier: Frontier;
  #appended = 0;

  constructor(file: string, size: number) {
    const { db, close } = createDatabase(file);
    this.#db = db;
    this.#close = close;
    db.exec('BEGIN');
    const upTo = (from: string, select: string, count: number): void => {
      db.exec(
        `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count}) INSERT INTO ${from} SELECT ${select} FROM n`,
      );
    };
    upTo('leaves', 'i, zeroblob(1)', size);
    for (let level = 0; 2 ** level <= size; level++)
      upTo('nodes', `${level}, i, randomblob(32)`, Math.floor(size / 2 ** level));
    db.exec('COMMIT');
    db.pragma('wal_checkpoint(TRUNCATE)');
    this.log = new Log(db);
    this.#frontier = Frontier.at(size, this.log.readNode);
  }

  get size(): number {
    return this.#frontier.size;
  }

  /** One entry as a decision appends it, without the commit that it shares with the decision; ms. */
  append(): number {
    const context = { station: `${'9f'.repeat(16)}/1`, w: this.#appended++, time: '2022-01-17T00:46:00Z' };
    const fields = { transaction: 'c'.repeat(64), raw: 'd'.repeat(64) };
    const start = performance.now();
    const { bytes, openings } = encodeLeaf({ kind: 'transaction-signed', fields }, context, () => randomBytes(32));
    this.log.addLeaf(this.size, bytes, openings);
    const { frontier, nodes } = this.#frontier.grown([bytes]);
    this.log.addNodes(nodes);
    this.#frontier = frontier;
    return performance.now() - start;
  }

  /** Runs it within a transaction; gives what it gave, before the commit. */
  within<T>(run: () => T): T {
    this.#db.exec('BEGIN');
    const result = run();
    this.#db.exec('COMMIT');
    return result;
  }

  close(): void {
    this.#close();
  }
}
