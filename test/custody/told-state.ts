import type { Leaf } from '../../src/journal/leaf.ts';

const transactionStates: Readonly<Record<string, string>> = {
  'transaction-permitted': 'PERMITTED',
  'transaction-sent': 'SENT',
  'transaction-signed': 'SIGNED',
  'transaction-withheld': 'WITHHELD',
  'transaction-declined': 'DECLINED',
  'transaction-uncertain': 'UNCERTAIN',
  'transaction-retried': 'PERMITTED',
  'transaction-replaced': 'REPLACED',
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
    return transactionStates[kind] ?? `told by ${kind}`;
  }
  if (kind === 'withdrawal-authorized' && fields['withdrawal'] === id) return 'AUTHORIZED';
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
