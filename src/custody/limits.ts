import { Refusal } from '../domain/index.ts';
import type { Facts } from '../store/facts.ts';

/**
 * What one account may have at a time: a revocation or an objection decides over all of it in one commit, and however much a
 * client or a thief heaps up in one account must not hold up the others (S2).
 */
const most = {
  nthFactorLive: [32, 'live factors'],
  nthDestinationLive: [1_000, 'live whitelist entries'],
  nthWithdrawalLive: [100, 'open withdrawals'],
} as const;

type Limit = readonly [lookup: keyof typeof most, account: string, offset: number];

/** Throws `account-limit` where there are `count` already and that is as many as there may be. */
export function checkCount(lookup: keyof typeof most, count: number): void {
  const [limit, what] = most[lookup];
  if (count >= limit) throw new Refusal('account-limit', `the account has ${limit} ${what} already`);
}

/** The look-up that finds the last one that there may be, for a decision to name. */
export function limitOf(lookup: keyof typeof most, account: string): Limit {
  return [lookup, account, most[lookup][0] - 1];
}

/** Throws `account-limit` if there is no room for one more. */
export function checkLimit(limit: Limit, facts: Facts): void {
  if (facts.all(...limit).length === 0) return;
  const [count, what] = most[limit[0]];
  throw new Refusal('account-limit', `the account has ${count} ${what} already`);
}
