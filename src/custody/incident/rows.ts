import type { Digest, TransactionRecord, WallMs, WithdrawalRecord } from '../../domain/index.ts';
import type { Entry, StationRecords } from './record.ts';

/** A withdrawal that was paid in the range, as the rows tell it. */
export interface PaidByRows {
  readonly withdrawal: string;
  readonly account: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly destination: string;
  readonly intent: Digest;
  /** The entry of the signature that was released first. */
  readonly released: number;
}

/**
 * Counts what was paid from the tables of transactions and withdrawals; of the journal it takes only when a signature was released.
 * `first`: the range's first entry; `end`: the one behind its last.
 */
export function paidByRows(
  records: StationRecords,
  { first, end, until }: { readonly first: number; readonly end: number; readonly until: WallMs },
): { readonly paid: ReadonlyMap<string, PaidByRows>; readonly differences: readonly string[] } {
  const paid = new Map<string, PaidByRows>();
  const differences: string[] = [];
  for (const { id, pays } of records.releasedPayments(first, until)) {
    if (pays === undefined) {
      differences.push(`transaction ${id} has released bytes, and its row does not say what it pays`);
      continue;
    }
    const transaction = records.row('transactions', id);
    const released = transaction && signedEntry(records, transaction)?.index;
    if (transaction === undefined || released === undefined) {
      differences.push(`transaction ${id} has released bytes, but no entry in its history says so`);
      continue;
    }
    if (released < first || released >= end || releasedBefore(records, transaction)) continue;
    for (const withdrawal of pays) {
      const row = records.row('withdrawals', withdrawal);
      if (row === undefined) differences.push(`transaction ${id} pays withdrawal ${withdrawal}, which has no row`);
      else if (row.state !== 'VOIDED') paid.set(withdrawal, { ...paidOf(row), released });
    }
  }
  return { paid, differences };
}

function paidOf(row: WithdrawalRecord): Omit<PaidByRows, 'released'> {
  const { id, account, asset, amount, destination, digest } = row;
  return { withdrawal: id, account, asset, amount, destination, intent: digest };
}

/** The entry that says that a transaction's signature was released. */
export function signedEntry(
  records: StationRecords,
  { id, history }: Pick<TransactionRecord, 'id' | 'history'>,
): Entry | undefined {
  return records
    .entries(history)
    .find(({ leaf }) => leaf.kind === 'transaction-signed' && leaf.fields['transaction'] === id);
}

/** Whether a version that it replaced was released already: then its withdrawals were paid by that one. */
function releasedBefore(records: StationRecords, { replaces }: TransactionRecord): boolean {
  // Rows that another hand wrote may lead round in a circle.
  const seen = new Set<string>();
  for (let id = replaces; id !== null && !seen.has(id); ) {
    seen.add(id);
    const former = records.row('transactions', id);
    if (former === undefined) return false;
    if (signedEntry(records, former) !== undefined) return true;
    id = former.replaces;
  }
  return false;
}
