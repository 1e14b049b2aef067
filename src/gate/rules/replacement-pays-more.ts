import type { Effects, TransactionRecord } from '../../domain/index.ts';
import type { TransactionCase } from '../cases.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';
import type { TreasuryCase } from '../treasury-case.ts';

/**
 * Design §4: a replacement has a higher fee. Nodes that hold the old version take no other for less: on Bitcoin the whole fee has to
 * be higher (BIP-125, rule 3), on Ethereum the price; how much more each node wants is its own policy. What they would not take
 * moves nothing, and costs a person's look at a device.
 *
 * A version that was never released is in no node, so that what takes its place may cost as little as it likes: a person may have
 * declined it for its fee. But one before it may have been, and each outbid those before: then no less than it will do.
 */
export const replacementPaysMore: Rule<TransactionCase> = {
  name: 'replacement-pays-more',
  judge: ({ phase, replaces, effects }) =>
    phase === 'again' ? pass('its fee was looked at when it was permitted') : outbids(effects, replaces),
};

/** The same of operators' transactions: a void that nodes don't take voids nothing. */
export const takesThePlaceForMore: Rule<Pick<TreasuryCase, 'phase' | 'newest' | 'effects' | 'id'>> = {
  name: 'replacement-pays-more',
  judge({ phase, newest, effects, id }) {
    if (phase === 'again' || newest?.id === id) return pass('its fee was looked at when it was permitted');
    return outbids(effects, newest);
  },
};

function outbids({ maxFee }: Pick<Effects, 'maxFee'>, old: TransactionRecord | undefined): Judgement {
  if (old === undefined) return pass('it replaces nothing');
  if (maxFee > old.maxFee) return pass(`its fee, ${maxFee}, is above the ${old.maxFee} of what it replaces`);
  if (old.state !== 'SIGNED' && old.replaces === null)
    return pass(`transaction ${old.id}, which it replaces, was never released`);
  if (old.state !== 'SIGNED' && maxFee === old.maxFee)
    return pass(`its fee is that of transaction ${old.id}, which was above those that were released`);
  return refuse(
    'replacement-underpriced',
    `its fee can reach ${maxFee}, and that of transaction ${old.id}, which it replaces, ${old.maxFee}`,
    { transaction: old.id, max_fee: String(old.maxFee) },
  );
}
