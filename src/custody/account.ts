import type { AccountId, AccountRecord } from '../domain/index.ts';
import type { Facts } from '../store/facts.ts';

/** An account as it is when the station first sees it: by its first factor, or by the first token of an MFA service. It is young from then. */
export function accountSeen(account: AccountId, { w }: Pick<Facts, 'w'>): AccountRecord {
  return { account, everEnrolled: 0, since: w, firstPaid: null };
}
