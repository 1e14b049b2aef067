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
 * Operators' approvals of a withdrawal, oldest first: of one that was held by as many as it was held for; of another, where a wallet
 * took them in the place of evidence. Their signatures are in the station, not in the receipt: it shows that the log says so.
 */
export function operatorsApprovals(proven: ProvenLeaves, spending: ProvenLeaf): ProvenLeaf[] {
  const needed = spending.kind === 'withdrawal-held' ? Number(spending.fields['operators']) : 1;
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
  const { operators, held_by } = spending.fields;
  const sentence = `It was held for ${operators ?? ''} operator(s) by ${held_by ?? ''}.`;
  const hold: HoldFact = { what: 'held', leaves: [spending.index], sentence };
  return [
    ...(spending.kind === 'withdrawal-held' ? [hold] : []),
    ...approvals.map(({ index, time, fields }): HoldFact => {
      const who = fields['operators'] ?? '';
      return { what: 'released', leaves: [index], sentence: `Operators approved it at ${time}: ${who}.` };
    }),
  ];
}
