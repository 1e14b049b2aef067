import { copyFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { parseAuthorization } from '../src/api/evidence.ts';
import {
  canonicalBytes,
  type Digest,
  digestOf,
  type Flat,
  type NoticeId,
  parseCanonical,
  paymentSet,
  type TransactionId,
  transactionId,
  type WalletId,
  type WithdrawalId,
} from '../src/domain/index.ts';
import { SignTransactionRequest } from '../src/generated/portcullis/v1/transaction.ts';
import { leafHash } from '../src/journal/hash.ts';
import type { Opening } from '../src/journal/leaf.ts';
import { appendLeaves, missingNode, type NodeReader, rootAt } from '../src/journal/merkle.ts';
import type { Sqlite } from '../src/store/database.ts';
import { deriveKeys } from '../src/store/key.ts';
import { Log } from '../src/store/log.ts';
import { Rows } from '../src/store/rows.ts';
import type { Records, TableName } from '../src/store/tables.ts';
import { type BenchStation, openStation } from './station.ts';
import { Workshop } from './work.ts';

/** A station's database whose past is made up: what `verify` reads, and finds nothing in. */
export interface Past {
  readonly file: string;
  readonly stateKey: Uint8Array;
  /** Entries in its journal. */
  readonly size: number;
}

/**
 * Makes a database with a journal of `size` entries, or a few fewer, and the rows that they tell of: one withdrawal that a station
 * authorized, permitted, sent and signed, again and again under other names, each row under its code, each leaf in the tree. Some
 * 50 µs an entry, where the station takes a thousand.
 */
export async function makePast(file: string, size: number): Promise<Past> {
  const station = await openStation(1);
  const shop = await Workshop.open(station, 1);
  const [work] = await shop.make(1, 'hot');
  if (work === undefined) throw new Error('the bench made no work');
  const { wallet, unsigned, withdrawalIds, authorizations } = SignTransactionRequest.decode(work.inline);
  await station.custody.transactions.sign({
    wallet: wallet as WalletId,
    unsigned: new Uint8Array(unsigned),
    pays: withdrawalIds as WithdrawalId[],
    replaces: undefined,
    authorizations: authorizations.map((one) => parseAuthorization(one)),
  });
  await station.idle();
  const { stateKey } = station;
  copyStation(station, file);
  await station.close();
  const db = new Database(file);
  try {
    // Nobody needs it after a crash.
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma('cache_size = -400000');
    const made = new Copies(db, deriveKeys(stateKey).row);
    made.fill(size);
    return { file, stateKey, size: made.size };
  } finally {
    db.close();
  }
}

function copyStation({ file, store }: BenchStation, to: string): void {
  const db = new Database(file);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  if (store.size < 4) throw new Error('the withdrawal was not signed');
  copyFileSync(file, to);
}

/** The newest withdrawal's rows and entries, to be written again under other names. */
class Copies {
  readonly #db: Sqlite;
  readonly #rows: Rows;
  readonly #log: Log;
  readonly #first: number;
  readonly #leaves: readonly { readonly fields: Flat; readonly openings: readonly Opening[] }[];
  readonly #withdrawal: Records['withdrawals'];
  readonly #transaction: Records['transactions'];
  readonly #notice: Records['notices'];
  readonly #nodes = new Map<string, Uint8Array>();
  #size: number;

  constructor(db: Sqlite, rowKey: Uint8Array) {
    this.#db = db;
    this.#rows = new Rows(db, rowKey);
    this.#log = new Log(db);
    this.#size = this.#log.size();
    const withdrawal = this.#row('withdrawals', 'w-0');
    this.#withdrawal = withdrawal;
    this.#transaction = this.#row('transactions', withdrawal.transaction ?? '');
    this.#first = Number(withdrawal.history[0]);
    const { w } = parseCanonical(this.#leaf(this.#size - 1), 'leaf');
    this.#leaves = Array.from({ length: this.#size - this.#first }, (_, i) => ({
      fields: { ...parseCanonical(this.#leaf(this.#first + i), 'leaf'), w: w ?? '' },
      openings: this.#log.openings(this.#first + i),
    }));
    this.#notice = this.#row('notices', this.#leaves[0]?.fields['notice'] ?? '');
  }

  get size(): number {
    return this.#size;
  }

  fill(size: number): void {
    this.#db.exec('BEGIN');
    for (let number = 1; this.#size + this.#leaves.length <= size; number++) this.#copy(number);
    const readNode = this.#readNode;
    const { wallet } = this.#transaction;
    this.#rows.put('wallets', { ...this.#row('wallets', wallet), nextNonce: this.#size }, this.#size - 1);
    this.#rows.put('head', { key: 'head', size: this.#size, root: rootAt(this.#size, readNode) }, -1);
    this.#db.exec('COMMIT');
  }

  #copy(number: number): void {
    const { wallet } = this.#transaction;
    const id = `w-${number}` as WithdrawalId;
    const intent = canonicalBytes({ ...parseCanonical(this.#withdrawal.intent, 'intent'), withdrawal: id });
    const digest = digestOf(intent);
    const unsigned = Buffer.concat([this.#transaction.unsigned, Buffer.from(String(number))]);
    const transaction = transactionId(wallet, unsigned);
    const anchor = `nonce:${number}`;
    const set = paymentSet([id]);
    const notice = digestOf(Buffer.from(String(number))).slice(0, 32) as NoticeId;
    const told: Flat = {
      withdrawal: id,
      withdrawals: id,
      intent: digest,
      transaction,
      anchor,
      payment_set: set,
      notice,
    };
    this.#tell(told);
    const shift = this.#size - this.#leaves.length - this.#first;
    const moved = (history: readonly string[]): string[] => history.map((index) => String(Number(index) + shift));
    const last = (history: readonly string[]): number => Number(moved(history).at(-1));
    const authorized = Number(this.#withdrawal.history[0]) + shift;
    const permitted = Number(this.#transaction.history[0]) + shift;
    const paid: Records['withdrawals'] = {
      ...this.#withdrawal,
      id,
      intent,
      digest,
      anchor,
      transaction,
      history: moved(this.#withdrawal.history),
    };
    this.#rows.put('withdrawals', paid, last(this.#withdrawal.history));
    this.#rows.put(
      'transactions',
      {
        ...this.#transaction,
        id: transaction,
        unsigned,
        pays: [id],
        paymentSet: set as Digest,
        anchor,
        history: moved(this.#transaction.history),
      },
      last(this.#transaction.history),
    );
    this.#rows.put(
      'anchors',
      { wallet, anchor, paymentSet: set, transaction: transaction as TransactionId },
      permitted,
    );
    this.#rows.put('spent', { key: `intent:${digest}`, by: `withdrawal ${id}` }, authorized);
    this.#rows.put(
      'notices',
      { ...this.#notice, id: notice, sequence: authorized, token: notice, subject: id },
      authorized,
    );
  }

  #tell(told: Flat): void {
    const hashes: Uint8Array[] = [];
    for (const [i, { fields, openings }] of this.#leaves.entries()) {
      const renamed = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, told[name] ?? value]));
      const bytes = canonicalBytes(renamed);
      this.#log.addLeaf(this.#size + i, bytes, openings);
      hashes.push(leafHash(bytes));
    }
    const { size, nodes } = appendLeaves(this.#size, hashes, this.#readNode);
    this.#log.addNodes(nodes);
    // Only the newest of a level is asked for again.
    for (const { level, index, hash } of nodes) {
      this.#nodes.delete(`${level}/${index - 2}`);
      this.#nodes.set(`${level}/${index}`, hash);
    }
    this.#size = size;
  }

  readonly #readNode: NodeReader = (level, index) => {
    const known = this.#nodes.get(`${level}/${index}`) ?? this.#log.readNode(level, index);
    if (known === undefined) throw missingNode(level, index);
    return known;
  };

  #row<T extends TableName>(table: T, key: string): Records[T] {
    const row = this.#rows.get(table, [key]);
    if (row === undefined) throw new Error(`the station has no row ${key} in ${table}`);
    return row.record;
  }

  #leaf(index: number): Uint8Array {
    const bytes = this.#log.leaf(index);
    if (bytes === undefined) throw new Error(`the station has no entry ${index}`);
    return new Uint8Array(bytes);
  }
}
