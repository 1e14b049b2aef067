import type { Payment } from '../../domain/index.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';
import type { TreasuryCase } from '../treasury-case.ts';

/**
 * I4: a void spends exactly the anchor of what it voids; a transfer spends one that is free, or its own again with the same
 * payments. So of all versions on an anchor at most one can confirm, whoever asked for them.
 */
export const treasuryAnchorHolds: Rule<TreasuryCase> = {
  name: 'anchor-holds',
  judge(of) {
    const { anchor, newest, effects, phase, id } = of;
    if (phase === 'again') {
      if (anchor?.transaction === id) return pass(`${anchor.anchor} is this transaction’s own`);
      return refuse('anchor-taken', 'the anchor has passed to another transaction');
    }
    if (of.kind === 'void') return voids(of);
    if (anchor === undefined) return pass(`${of.anchorId} is free`);
    if (newest?.kind !== 'transfer')
      return refuse('nonce-used', `${anchor.anchor} of ${anchor.wallet} belongs to another payment for ever`);
    if (!same(effects.payments, of.newestPayments))
      return refuse('replacement-differs', 'it does not make the same payments as the transfer on the same anchor');
    return replaces(of);
  },
};

function voids(of: TreasuryCase): Judgement {
  const { anchor, newest, anchorId } = of;
  if (newest === undefined || anchor === undefined || anchor.transaction !== newest.id)
    return refuse('anchor-taken', 'what is to be voided is not the newest transaction on its anchor');
  if (newest.anchor !== anchorId || newest.wallet !== anchor.wallet)
    return refuse('void-differs', `a void of ${newest.id} spends ${newest.anchor}, and this spends ${anchorId}`);
  return replaces(of);
}

function replaces({ newest, id }: TreasuryCase): Judgement {
  if (newest === undefined) return refuse('anchor-taken', 'the anchor names a transaction that is not there');
  // Once more before its device: the same bytes, after a person declined them.
  if (newest.id === id) {
    if (newest.state === 'DECLINED') return pass('it goes before its device again');
    return refuse('transaction-not-retryable', `transaction ${id} is ${newest.state}`);
  }
  if (newest.state === 'SENT') return refuse('replacement-in-flight', `transaction ${newest.id} is before its device`);
  if (newest.state === 'REPLACED' || newest.state === 'VOIDED')
    return refuse('anchor-taken', `transaction ${newest.id} is ${newest.state}`);
  return pass(`takes the place of ${newest.id} on ${newest.anchor}`);
}

function same(a: readonly Payment[], b: readonly Payment[]): boolean {
  const named = (payments: readonly Payment[]): string =>
    payments
      .map(({ asset, destination, amount }) => `${asset} ${destination} ${amount}`)
      .sort()
      .join('\n');
  return named(a) === named(b);
}
