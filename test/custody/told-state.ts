import type { Leaf } from '../../src/journal/leaf.ts';

/** The state that each kind of entry leads to, and those in which it can come. */
const transactionEntries: Readonly<
  Record<string, { readonly to: string; readonly from: readonly (string | undefined)[] }>
> = {
  'transaction-permitted': { to: 'PERMITTED', from: [undefined] },
  'transaction-sent': { to: 'SENT', from: ['PERMITTED', 'UNCERTAIN'] },
  'transaction-signed': { to: 'SIGNED', from: ['SENT', 'WITHHELD'] },
  'transaction-withheld': { to: 'WITHHELD', from: ['SENT'] },
  'transaction-declined': { to: 'DECLINED', from: ['SENT'] },
  'transaction-part-signed': { to: 'PERMITTED', from: ['SENT'] },
  'transaction-part-declined': { to: 'PERMITTED', from: ['SENT'] },
  'transaction-uncertain': { to: 'UNCERTAIN', from: ['SENT'] },
  'transaction-retried': { to: 'PERMITTED', from: ['DECLINED'] },
  'transaction-replaced': { to: 'REPLACED', from: ['SIGNED', 'DECLINED', 'UNCERTAIN'] },
};

/** I5: what one journal entry makes of a withdrawal or a transaction, by the entry alone. */
export function toldState(
  what: 'withdrawal' | 'transaction',
  leaf: Leaf,
  id: string,
  before: string | undefined,
): string {
  const { fields, kind } = leaf;
  if (what === 'transaction') {
    if (fields['transaction'] !== id) return `told of ${fields['transaction']}`;
    const entry = transactionEntries[kind];
    return entry?.from.includes(before) === true ? entry.to : `told by ${kind} after ${before}`;
  }
  if (kind === 'withdrawal-authorized' && fields['withdrawal'] === id) return 'AUTHORIZED';
  if (kind === 'withdrawal-held' && fields['withdrawal'] === id) return 'HELD';
  if (kind === 'withdrawal-ended' && fields['withdrawal'] === id) return fields['state'] ?? '';
  if (kind === 'transaction-permitted' && fields['withdrawals']?.split(' ').includes(id) === true) {
    return before === 'SIGNED' ? 'SIGNED' : 'COMMITTED';
  }
  return kind === 'transaction-signed' ? 'SIGNED' : `told by ${kind}`;
}

/** The state that a record's entries lead to, oldest first. */
export function toldBy(what: 'withdrawal' | 'transaction', id: string, leaves: readonly Leaf[]): string | undefined {
  let state: string | undefined;
  for (const leaf of leaves) state = toldState(what, leaf, id, state);
  return state;
}
