import type { Moment, WithdrawalCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

export const amountWithinCeiling: Rule<Moment & Pick<WithdrawalCase, 'intent'>> = {
  name: 'amount-within-ceiling',
  judge({ policy, intent: { intent } }) {
    const ceiling = policy.assets.get(intent.asset)?.maxPayment ?? 0n;
    if (intent.amount <= ceiling)
      return pass(`${intent.amount} is within policy’s ${ceiling} for one payment of ${intent.asset}`);
    return refuse(
      'amount-above-ceiling',
      `${intent.amount} is above policy’s ${ceiling} for one payment of ${intent.asset}`,
      {
        ceiling: String(ceiling),
      },
    );
  },
};
