import type { AccountId, AccountRecord } from '../domain/index.ts';
import type { Evidence } from '../gate/cases.ts';
import type { Facts } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';
import { tokensOf } from './evidence.ts';

/** An account as it is when the station first sees it: by its first factor, or by the first token of an MFA service. It is young from then. */
export function accountSeen(account: AccountId, { w }: Pick<Facts, 'w'>): AccountRecord {
  return { account, everEnrolled: 0, since: w, firstPaid: null, usesService: false };
}

/** An account after evidence was accepted for it. */
export function accountAfter(account: AccountId, evidence: readonly Evidence[], facts: Facts): AccountRecord {
  const before = facts.get('accounts', account) ?? accountSeen(account, facts);
  return tokensOf(evidence).length === 0 ? before : { ...before, usesService: true };
}

/** What is written where it is not what stands there. */
export function seenWrites(record: AccountRecord, facts: Facts, leaf: number): Write[] {
  const before = facts.get('accounts', record.account);
  if (before === undefined) return [{ table: 'accounts', record, leaf }];
  const same = before.firstPaid === record.firstPaid && before.usesService === record.usesService;
  return same ? [] : [{ table: 'accounts', record }];
}

/**
 * Of several authorizations in one commit, what each found out about an account, in one row: each was judged by the facts as they were
 * before all of them.
 */
export function accountsOnce(writes: readonly Write[]): Write[] {
  const rows = new Map<AccountId, Extract<Write, { table: 'accounts' }>>();
  for (const write of writes) {
    if (write.table !== 'accounts') continue;
    const before = rows.get(write.record.account);
    const usesService = write.record.usesService || before?.record.usesService === true;
    rows.set(write.record.account, { ...write, record: { ...write.record, usesService } });
  }
  return [...writes.filter(({ table }) => table !== 'accounts'), ...rows.values()];
}
