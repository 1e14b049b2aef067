import type { Address, Payment } from '../../domain/index.ts';
import type { Policy } from '../policy.ts';
import { pass, type Rule } from '../rule.ts';
import type { TreasuryCase } from '../treasury-case.ts';
import { notFrozen } from './frozen.ts';

/** Whether all of it goes to cold wallets that policy named for evacuation beforehand. */
export function evacuates(payments: readonly Payment[], { treasury }: Pick<Policy, 'treasury'>): boolean {
  const cold = new Set<Address>(treasury.filter((t) => t.evacuation).map((t) => t.address));
  return payments.length > 0 && payments.every((payment) => cold.has(payment.destination));
}

/** Design §4: a freeze stops operators too, but for what takes the money to safety. */
export const notFrozenUnlessEvacuating: Rule<TreasuryCase> = {
  name: 'not-frozen',
  judge(of) {
    if (of.kind === 'transfer' && evacuates(of.effects.payments, of.policy))
      return pass('an evacuation to policy’s cold wallets goes on under a freeze');
    return notFrozen.judge(of);
  },
};
