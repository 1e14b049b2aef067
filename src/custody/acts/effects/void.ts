import { parseTransactionId, Refusal } from '../../../domain/index.ts';
import { readyTreasury, stoppedBy, treasuryRows } from '../../treasury.ts';
import type { Effect } from '../effect.ts';
import { applied, feeOf, mostUnsigned, standing } from './transfer.ts';

/**
 * Spends a transaction's anchor on nothing (design §4): zero to its own wallet at the same nonce, or the same outpoint to its change. From then on at most one of the
 * two can confirm; until a quorum states which one did, its withdrawals are paid by nothing else.
 */
export const voidEffect: Effect = {
  verb: 'void',
  form: 'transaction:ID',
  payload: { most: mostUnsigned },
  ask(subject, payload, { station }) {
    if (!subject.startsWith('transaction:')) return undefined;
    const id = parseTransactionId(subject.slice('transaction:'.length), 'subject');
    const record = station.reading(() => station.store.read('transactions', id));
    if (record === undefined) throw new Refusal('not-found', `there is no transaction ${id}`);
    const ready = readyTreasury(station, 'void', station.policy.wallets.get(record.wallet), payload);
    // Once more before the device, after a person declined the void itself.
    const named = ready.newest === ready.id ? ready.newestReplaces === id : ready.newest === id;
    return {
      rows: [...treasuryRows(ready), ['transactions', id]],
      tightens: false,
      whileSuspect: false,
      recovery: false,
      stoppedBy: stoppedBy(ready, station.policy),
      personal: false,
      approved(facts) {
        if (ready.anchor !== record.anchor)
          throw new Refusal('void-differs', `a void of ${id} spends ${record.anchor}, not ${ready.anchor}`);
        if (named) return standing(station, ready, facts);
        throw new Refusal('anchor-taken', `transaction ${id} is not the newest on its anchor`);
      },
      describe: () =>
        `Void transaction ${id} of wallet ${ready.wallet.id}: nothing but back to itself in its place. ${feeOf(ready)}`,
      signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => undefined,
      apply: (facts, by) => applied(station, ready, facts, by),
    };
  },
};
