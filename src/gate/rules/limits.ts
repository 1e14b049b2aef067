import type { AssetId } from '../../domain/index.ts';
import type { TransactionCase, WithdrawalCase } from '../cases.ts';
import { countedPayment, shareOf, standing } from '../counting.ts';
import type { LimitPolicy } from '../policy/limits.ts';
import type { Policy } from '../policy.ts';
import { hold, pass, type Rule, refuse } from '../rule.ts';
import { quorumOf } from './holds.ts';

// S3, A10: one rule for each limit of the policy. Those of account, asset and station judge an authorization; a wallet's judge
// the first permit of an anchor, where the wallet is known. What they count is recorded in the same commit.

const authorizing = new WeakMap<Policy, readonly Rule<WithdrawalCase>[]>();
const permitting = new WeakMap<Policy, readonly Rule<TransactionCase>[]>();

export function limitRules(policy: Policy): readonly Rule<WithdrawalCase>[] {
  return madeOnce(authorizing, policy, () =>
    policy.limits.flatMap((limit) => (limit.scope === 'wallet' ? [] : [authorizingRule(limit, limit.scope, policy)])),
  );
}

export function walletLimitRules(policy: Policy): readonly Rule<TransactionCase>[] {
  return madeOnce(permitting, policy, () =>
    policy.limits.filter((limit) => limit.scope === 'wallet').map((limit) => permittingRule(limit, policy)),
  );
}

/** `limit-account-day-USD`, `limit-wallet-week-young-account-eip155:1/slip44:60`. */
export function limitName(limit: LimitPolicy, policy: Policy): string {
  const { scope, window, young, asset } = limit;
  const parts = ['limit', scope, window, ...(young === undefined ? [] : ['young', young]), named(asset, policy)];
  return limit.action === 'hold' ? `${parts.join('-')}-hold` : parts.join('-');
}

function authorizingRule(
  limit: LimitPolicy,
  scope: 'account' | 'asset' | 'station',
  policy: Policy,
): Rule<WithdrawalCase> {
  return {
    name: limitName(limit, policy),
    judge(of) {
      const { asset, amount } = of.intent.intent;
      const share = shareOf(limit, countedPayment({ ...of, asset, amount, entry: of.listed.entry }));
      if (!share.counts) return pass(`does not count towards the ${scope}’s ${limit.window}: ${share.why}`);
      const at = standing(limit, of.counted[scope], share.amount, of);
      if (at.within) return pass(`${scope}: ${at.told}`);
      if (limit.action === 'hold')
        return hold(quorumOf(of.policy), `${scope}: ${at.told}; operators can approve it`, at.details);
      return refuse('limit-exceeded', `${scope}: ${at.told}`, at.details);
    },
  };
}

function permittingRule(limit: LimitPolicy, policy: Policy): Rule<TransactionCase> {
  return {
    name: limitName(limit, policy),
    judge(of) {
      // What was counted with the first version of an anchor is not counted again.
      if (of.phase === 'again' || of.anchor !== undefined)
        return pass('the wallet’s limits counted it when its anchor was taken');
      const shares = of.withdrawals.map(({ record, listed, account }) =>
        shareOf(
          limit,
          countedPayment({ ...of, asset: record.asset, amount: record.amount, entry: listed.entry, account }),
        ),
      );
      const amount = shares.reduce((sum, share) => sum + (share.counts ? share.amount : 0n), 0n);
      if (amount === 0n) {
        const [first] = shares;
        const why = first === undefined || first.counts ? 'it pays nothing' : first.why;
        return pass(`does not count towards the wallet’s ${limit.window}: ${why}`);
      }
      const at = standing(limit, of.walletCounted, amount, of);
      return at.within ? pass(`wallet: ${at.told}`) : refuse('limit-exceeded', `wallet: ${at.told}`, at.details);
    },
  };
}

const named = (asset: AssetId | undefined, { reference }: Policy): string =>
  asset ?? reference?.currency ?? 'reference';

/** A policy's rules are made when it is first asked for them: every decision asks. */
export function madeOnce<R>(made: WeakMap<Policy, R>, policy: Policy, make: () => R): R {
  const known = made.get(policy);
  if (known !== undefined) return known;
  const fresh = make();
  made.set(policy, fresh);
  return fresh;
}
