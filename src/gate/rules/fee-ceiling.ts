import { chainOfAsset } from '../../domain/index.ts';
import type { Moment, WithdrawalCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** What the customer may agree to pay in fees. */
export const feeCeilingWithinPolicy: Rule<Moment & Pick<WithdrawalCase, 'intent'>> = {
  name: 'fee-ceiling-within-policy',
  judge({ policy, intent: { intent } }) {
    const chain = chainOfAsset(intent.asset);
    const ceiling = policy.chains.get(chain)?.maxFee ?? 0n;
    if (intent.maxFee <= ceiling)
      return pass(`the fee ceiling ${intent.maxFee} is within policy’s ${ceiling} on ${chain}`);
    return refuse(
      'fee-ceiling-above-policy',
      `the fee ceiling ${intent.maxFee} is above policy’s ${ceiling} on ${chain}`,
      {
        ceiling: String(ceiling),
      },
    );
  },
};
