import { hasDataFee } from '../../domain/index.ts';
import type { TransactionCase } from '../cases.ts';
import { matchPayments } from '../matching.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** What bytes do, under a policy: whoever asked for it. */
type Moved = Pick<TransactionCase, 'effects' | 'policy'>;

/** The most that a transaction can cost: what its bytes allow, and what policy says the chain may add (E9). */
function worstFee({ effects, policy }: Moved): bigint {
  return effects.maxFee + (policy.chains.get(effects.chain)?.dataFee ?? 0n);
}

/**
 * Design §4, "Sign": the fee is shared by payment weight, rounded down, the remainder to the first payment, and each share
 * stays within what its owner agreed to.
 */
export function feeShares(total: bigint, weights: readonly bigint[]): readonly bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n);
  if (sum === 0n) return weights.map(() => total);
  const shares = weights.map((weight) => (total * weight) / sum);
  const remainder = total - shares.reduce((a, b) => a + b, 0n);
  return shares.map((share, i) => (i === 0 ? share + remainder : share));
}

export const feeWithinApproved: Rule<TransactionCase> = {
  name: 'fee-within-approved',
  judge(of) {
    const shares = feeShares(
      worstFee(of),
      of.effects.payments.map((p) => p.weight),
    );
    for (const [i, withdrawal] of matchPayments(of.effects.payments, of.withdrawals).paid.entries()) {
      const share = shares[i];
      const ceiling = withdrawal?.intent.intent.maxFee;
      if (share === undefined || ceiling === undefined || withdrawal === undefined)
        return refuse(
          'fee-above-approved',
          `the fee of payment ${i} can reach an unknown amount, its owner approved none`,
        );
      if (share > ceiling) {
        const { id } = withdrawal.record;
        return refuse(
          'fee-above-approved',
          `the fee of withdrawal ${id} can reach ${share}, its owner approved ${ceiling}`,
          { withdrawal: id, fee: String(share), max_fee: String(ceiling) },
        );
      }
    }
    return pass(`the fee can reach ${worstFee(of)}, within what was approved`);
  },
};

/** E5: policy's own ceilings, in exact arithmetic. */
export const feeWithinPolicy: Rule<Moved> = {
  name: 'fee-within-policy',
  judge(of) {
    const { effects, policy } = of;
    const chain = policy.chains.get(effects.chain);
    if (chain === undefined) return refuse('chain-mismatch', `policy does not name ${effects.chain}`);
    if (effects.priorityFeeRate > effects.feeRate) {
      return refuse(
        'priority-fee-above-max',
        `the priority fee ${effects.priorityFeeRate} is above the maximum fee ${effects.feeRate} per gas`,
      );
    }
    if (effects.feeRate > chain.maxFeeRate) {
      const unit = effects.nonce === undefined ? '1000 virtual bytes' : 'gas';
      return refuse('fee-above-ceiling', `${effects.feeRate} per ${unit} is above policy’s ${chain.maxFeeRate}`);
    }
    if (worstFee(of) > chain.maxFee)
      return refuse('fee-above-ceiling', `the fee can reach ${worstFee(of)}, policy allows ${chain.maxFee}`);
    return pass(`the fee can reach ${worstFee(of)}, within policy’s ${chain.maxFee}`);
  },
};

/** E9: a chain that charges beyond the transaction's own fee needs a bound in the policy. The policy's parser insists too. */
export const dataFeeBounded: Rule<Moved> = {
  name: 'data-fee-bounded',
  judge({ effects, policy }) {
    const bound = policy.chains.get(effects.chain)?.dataFee ?? 0n;
    if (!hasDataFee(effects.chain)) return pass(`${effects.chain} charges nothing beyond the transaction’s own fee`);
    if (bound > 0n)
      return pass(`policy bounds what ${effects.chain} charges beyond the transaction’s own fee by ${bound}`);
    return refuse(
      'data-fee-unbounded',
      `${effects.chain} charges fees that the transaction does not state, and policy sets no bound`,
    );
  },
};

/** E4: an access list costs gas and shows on no device. */
export const accessListWithinPolicy: Rule<Moved> = {
  name: 'access-list-within-policy',
  judge({ effects, policy }) {
    const most = policy.chains.get(effects.chain)?.accessListEntries ?? 0;
    if (effects.accessListEntries <= most)
      return pass(`${effects.accessListEntries} access-list entries, policy allows ${most}`);
    return refuse('access-list-refused', `${effects.accessListEntries} access-list entries, policy allows ${most}`);
  },
};
