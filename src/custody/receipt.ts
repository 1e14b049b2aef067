import { toBase64url } from '../attestation/base64url.ts';
import { Refusal, toHex, type WithdrawalId } from '../domain/index.ts';
import { inclusionProof } from '../journal/merkle.ts';
import type { Station } from './station.ts';

/**
 * formats.md, "Receipt": every leaf that tells of one withdrawal, each proven to one checkpoint, the openings of their
 * commitments, and the evidence itself: who approved what, to where, ripe since when, under which policy, signed as what.
 */
export function receiptOf(station: Station, id: WithdrawalId, checkpoint: string, size: number): Uint8Array {
  const { store } = station;
  const withdrawal = store.read('withdrawals', id);
  if (withdrawal === undefined) throw new Refusal('not-found', `there is no withdrawal ${id}`);
  const entry = store.read('destinations', withdrawal.entry);
  const factors = withdrawal.factors.map((factor) => store.read('factors', factor)).filter((f) => f !== undefined);
  const transaction = withdrawal.transaction === null ? undefined : store.read('transactions', withdrawal.transaction);
  const told = [
    withdrawal,
    ...factors,
    ...(entry === undefined ? [] : [entry]),
    ...(transaction === undefined ? [] : [transaction]),
  ];
  const indexes = [...new Set(['0', '1', ...told.flatMap((record) => record.history)])]
    .map(Number)
    .sort((a, b) => a - b);
  const text = new TextDecoder();
  const receipt = {
    type: 'portcullis/receipt/v1',
    checkpoint,
    leaves: indexes.map((index) => ({
      index,
      leaf: text.decode(store.log.leaf(index)),
      proof: inclusionProof(index, size, store.log.readNode).map(toHex),
      openings: store.log.openings(index).map(({ field, salt, value }) => ({ field, salt: toHex(salt), value })),
    })),
    intent: text.decode(withdrawal.intent),
    evidence: JSON.parse(text.decode(withdrawal.evidence)),
    factors: factors.map((f) => ({ credential: f.id, class: f.class, cose_key: toBase64url(f.coseKey) })),
    policy: store.policy(store.look({}).station.policy) ?? '',
    transaction:
      transaction === undefined
        ? null
        : {
            id: transaction.id,
            wallet: transaction.wallet,
            state: transaction.state,
            unsigned: toHex(transaction.unsigned),
            signed: transaction.signed === null ? '' : toHex(transaction.signed),
          },
  };
  return new TextEncoder().encode(JSON.stringify(receipt));
}
