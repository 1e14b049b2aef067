import { Malformed, parseWithdrawalId } from '../../domain/index.ts';
import type { StationRecords } from './record.ts';
import { refOf } from './record.ts';
import type { Disputed } from './report.ts';
import { signedEntry } from './rows.ts';

export interface DisputedList {
  readonly ids: ReadonlySet<string>;
  /** Those that it names more than once. */
  readonly repeated: readonly string[];
}

/**
 * A list of withdrawals, an id a line; empty lines and what follows `#` are left out. Throws `Malformed` at `place`, with the line, for
 * anything else, and where it names nothing.
 */
export function parseDisputed(text: string, place: string): DisputedList {
  const ids = new Set<string>();
  const repeated = new Set<string>();
  for (const [i, line] of text
    .replace(/^\u{FEFF}/u, '')
    .split(/\r?\n/)
    .entries()) {
    const id = line.replace(/#.*$/, '').trim();
    if (id === '') continue;
    const known = parseWithdrawalId(id, `${place} line ${i + 1}`);
    if (ids.has(known)) repeated.add(known);
    ids.add(known);
  }
  if (ids.size === 0) throw new Malformed(place, 'names no withdrawal: expected an id a line');
  return { ids, repeated: [...repeated] };
}

/** What became of each withdrawal that the list names. `counted`: those that the report counts; `paid`: all that were paid in its range. */
export function followDisputed(
  records: StationRecords,
  { ids, repeated }: DisputedList,
  { counted, paid }: { readonly counted: ReadonlySet<string>; readonly paid: { has(id: string): boolean } },
): Disputed {
  const unknown: string[] = [];
  const outside: Disputed['outside'][number][] = [];
  const unpaid: Disputed['not_paid'][number][] = [];
  let leftOut = 0;
  for (const id of ids) {
    if (counted.has(id)) continue;
    if (paid.has(id)) {
      leftOut++;
      continue;
    }
    const row = records.row('withdrawals', id);
    if (row === undefined) unknown.push(id);
    else if (row.state !== 'SIGNED') unpaid.push({ withdrawal: id, state: row.state });
    else {
      const transaction = row.transaction === null ? undefined : records.row('transactions', row.transaction);
      const released = transaction === undefined ? undefined : signedEntry(records, transaction);
      outside.push({ withdrawal: id, released: released === undefined ? null : refOf(released) });
    }
  }
  const named = ids.size;
  return { named, repeated, paid: counted.size, unknown, left_out: leftOut, outside, not_paid: unpaid };
}
