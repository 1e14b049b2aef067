import type { Sqlite } from '../../store/database.ts';
import type { Records, TableName } from '../../store/tables.ts';
import { Recount } from './recount.ts';

/** What rows of one table say of another's: columns that no entry tells of, and that follow from rows of which entries do. */
export class Neighbours {
  readonly #recount: Recount;
  readonly #enrolled: (account: string) => number;
  readonly #entry: (entry: string) => { account: string; destination: string; state: string } | undefined;
  readonly #transaction: (id: string) => { wallet: string; anchor: string; pays: string } | undefined;
  readonly #listed: (account: string, destination: string) => boolean;
  readonly #anchors: (wallet: string) => IterableIterator<string>;

  constructor(db: Sqlite) {
    this.#recount = new Recount(db);
    const enrolled = db.prepare<[string], number>('SELECT count(*) FROM factors WHERE account = ?').pluck();
    this.#enrolled = (account) => Number(enrolled.get(account));
    const entry = db.prepare<[string], { account: string; destination: string; state: string }>(
      'SELECT account, destination, state FROM destinations WHERE entry = ?',
    );
    this.#entry = (id) => entry.get(id);
    const transaction = db.prepare<[string], { wallet: string; anchor: string; pays: string }>(
      'SELECT wallet, anchor, pays FROM transactions WHERE id = ?',
    );
    this.#transaction = (id) => transaction.get(id);
    const listed = db.prepare('SELECT 1 FROM listings WHERE account = ? AND destination = ?');
    this.#listed = (account, destination) => listed.get(account, destination) !== undefined;
    const anchors = db.prepare<[string], string>('SELECT anchor FROM anchors WHERE wallet = ?').pluck();
    this.#anchors = (wallet) => anchors.iterate(wallet);
  }

  /** Columns of a row that other rows contradict; `listing` of a destination that is live and not listed. */
  disagreements<T extends TableName>(table: T, record: Records[T]): string[] {
    const judge: Judges[T] = this.#judges[table];
    return judge === undefined ? [] : judge(record);
  }

  readonly #judges: Judges = {
    // A8: an account that ever had a factor only recovers.
    accounts: ({ account, everEnrolled }) => (everEnrolled < this.#enrolled(account) ? ['ever_enrolled'] : []),
    destinations: ({ account, destination, state }) =>
      isLive(state) && !this.#listed(account, destination) ? ['listing'] : [],
    listings: ({ entry, account, destination }) => {
      const of = this.#entry(entry);
      return of !== undefined && of.account === account && of.destination === destination && isLive(of.state)
        ? []
        : ['entry'];
    },
    withdrawals: ({ id, wallet, anchor, transaction }) => {
      if (transaction === null) return wallet === null && anchor === null ? [] : ['transaction'];
      const by = this.#transaction(transaction);
      if (by === undefined || !listOf(by.pays).includes(id)) return ['transaction'];
      return [...(by.wallet === wallet ? [] : ['wallet']), ...(by.anchor === anchor ? [] : ['anchor'])];
    },
    // S3: what was authorized counts, whoever would have it forgotten.
    buckets: (row) => this.#recount.missing(row).map((missing) => `packed (${missing})`),
    // I4: what was claimed is never claimed again.
    wallets: ({ wallet, nextNonce }) => {
      for (const anchor of this.#anchors(wallet)) {
        const [, nonce] = /^nonce:(\d+)$/.exec(anchor) ?? [];
        if (nonce !== undefined && Number(nonce) >= nextNonce) return ['next_nonce'];
      }
      return [];
    },
  };
}

type Judges = { readonly [T in TableName]?: (record: Records[T]) => string[] };

/** A list as a column has it. */
function listOf(text: string): readonly unknown[] {
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list : [];
}

function isLive(state: string): boolean {
  return state === 'announcing' || state === 'pending';
}
