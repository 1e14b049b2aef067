import {
  type BucketRecord,
  Buckets,
  bucketWindows,
  hour,
  type WithdrawalRecord,
  type WitnessedMs,
} from '../../domain/index.ts';
import type { Sqlite } from '../../store/database.ts';
import { type Cell, columnName, fromCells } from '../../store/table.ts';
import { tables } from '../../store/tables.ts';
import { countedAmount, countedRow, parseCounted } from '../reservations.ts';

const windows = ['hour', 'day', 'week'] as const;
/** Ended before a transaction was permitted: what they counted went back. */
const givenBack = new Set(['REFUSED', 'CANCELLED', 'EXPIRED']);

/**
 * Counts again what limits count of authorizations, from the withdrawals of the last week. A row of buckets may have more than they come
 * to (what ends goes back only where its decision named the row), never less.
 */
export class Recount {
  readonly #now: WitnessedMs;
  readonly #ofAccount: (account: string) => IterableIterator<Cell[]>;
  readonly #all: () => IterableIterator<Cell[]>;

  constructor(db: Sqlite) {
    this.#now = (db.prepare("SELECT w FROM clock WHERE key = 'clock'").pluck().get() ?? 0) as WitnessedMs;
    const columns = Object.keys(tables.withdrawals.columns).map((field) => `"${columnName(field)}"`);
    const select = `SELECT ${columns.join(', ')} FROM withdrawals WHERE reserved_at >= ?`;
    const oldest = this.#now - bucketWindows.week.length - 6 * hour;
    const all = db.prepare<[number], Cell[]>(`${select} ORDER BY rowid`).raw();
    const ofAccount = db.prepare<[number, string], Cell[]>(`${select} AND account = ? ORDER BY rowid`).raw();
    this.#all = () => all.iterate(oldest);
    this.#ofAccount = (account) => ofAccount.iterate(oldest, account);
  }

  /** What a row counts too little of: `2 of station USD.2 within a day, and 3 were authorized`. */
  missing({ scope, packed }: BucketRecord): string[] {
    if (!/^(account:|asset:|station$)/.test(scope)) return [];
    const counted = Buckets.parse(packed);
    let due = Buckets.empty;
    const things = new Set<string>();
    const account = scope.startsWith('account:') ? scope.slice('account:'.length) : undefined;
    for (const cells of account === undefined ? this.#all() : this.#ofAccount(account)) {
      const withdrawal = fromCells<WithdrawalRecord>(tables.withdrawals, cells);
      if (givenBack.has(withdrawal.state)) continue;
      for (const entry of withdrawal.counted) {
        const { thing } = parseCounted(entry);
        const amount = countedAmount(thing, withdrawal);
        if (amount === null || amount <= 0n || countedRow(entry, withdrawal) !== scope) continue;
        things.add(thing);
        due = due.add(thing, amount, withdrawal.reservedAt);
      }
    }
    return [...things].flatMap((thing) =>
      windows.flatMap((window) => {
        const [has, most] = [counted, due].map((of) => of.within(thing, window, this.#now));
        return has !== undefined && most !== undefined && has < most
          ? [`${has} of ${thing} within the ${window}, and ${most} were authorized`]
          : [];
      }),
    );
  }
}
