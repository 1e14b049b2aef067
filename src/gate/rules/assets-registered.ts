import type { TransactionCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** E3: whatever the transaction moves is an asset of the policy's registry. */
export const assetsRegistered: Rule<TransactionCase> = {
  name: 'assets-registered',
  judge({ effects, policy }) {
    for (const { asset, amount } of effects.payments) {
      const known = policy.assets.get(asset);
      if (known === undefined) return refuse('token-unknown', `${asset} is not in policy’s registry`);
      if (amount > known.maxPayment) {
        return refuse(
          'amount-above-ceiling',
          `${amount} is above policy’s ${known.maxPayment} for one payment of ${asset}`,
        );
      }
    }
    return pass('everything that it moves is in policy’s registry, within its ceiling');
  },
};
