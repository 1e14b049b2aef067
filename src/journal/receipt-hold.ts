import { ReceiptError } from './receipt-error.ts';
import { type ProvenLeaf, type ProvenLeaves, unproven } from './receipt-leaves.ts';

/** As a receipt's facts: that it was held, and by whom it was let go. */
interface HoldFact {
  readonly what: 'held' | 'released';
  readonly leaves: readonly number[];
  readonly sentence: string;
}

/** The entry that spent the evidence: an authorization, or the same held for operators. */
export function spendingLeaf(proven: ProvenLeaves, withdrawal: string, digest: string): ProvenLeaf {
  const ofIntent = (leaf: ProvenLeaf): boolean => leaf.fields['intent'] === digest;
  const held = proven.of('withdrawal-held', ofIntent);
  if (held.length === 0) return proven.one('withdrawal-authorized', withdrawal, ofIntent);
  if (proven.of('withdrawal-authorized', ofIntent).length > 0)
    throw unproven(`withdrawal ${withdrawal} is both held and not`);
  return proven.one('withdrawal-held', withdrawal, ofIntent);
}

/**
 * Operators' approvals of a withdrawal that was held, oldest first; empty where none was needed. Their signatures are in the
 * station, not in the receipt: it shows that the log says that so many approved.
 */
export function operatorsApprovals(proven: ProvenLeaves, spending: ProvenLeaf): ProvenLeaf[] {
  if (spending.kind !== 'withdrawal-held') return [];
  const needed = Number(spending.fields['operators']);
  const approvals = proven.of(
    'withdrawal-approved',
    (leaf) => leaf.fields['intent'] === spending.fields['intent'] && leaf.index > spending.index,
  );
  for (const { index, fields } of approvals) {
    if (!(new Set((fields['operators'] ?? '').split(' ')).size >= needed))
      throw unproven(`leaf ${index} approves with fewer than ${needed} operators`);
  }
  return approvals;
}

/** What may be paid was authorized before it, and approved by operators before it if it was held. */
export function paidAfter(spending: ProvenLeaf, approvals: readonly ProvenLeaf[], permit: ProvenLeaf): boolean {
  if (spending.kind === 'withdrawal-authorized') return permit.index > spending.index;
  const [first] = approvals;
  if (first === undefined)
    throw new ReceiptError('leaf-missing', 'no withdrawal-approved leaf for a payment that was held');
  return permit.index > first.index;
}

export function held(spending: ProvenLeaf, approvals: readonly ProvenLeaf[]): HoldFact[] {
  if (spending.kind !== 'withdrawal-held') return [];
  const { operators, held_by } = spending.fields;
  const sentence = `It was held for ${operators ?? ''} operator(s) by ${held_by ?? ''}.`;
  return [
    { what: 'held', leaves: [spending.index], sentence },
    ...approvals.map(({ index, time, fields }): HoldFact => {
      const who = fields['operators'] ?? '';
      return { what: 'released', leaves: [index], sentence: `Operators approved it at ${time}: ${who}.` };
    }),
  ];
}
