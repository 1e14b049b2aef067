import type { AccountId, FactorRecord, StationRecord } from '../domain/index.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Facts } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';
import { scopeFields } from './freeze.ts';
import { lastFactorText, type NoticeSeed, writeNotice } from './notice.ts';

/** Not revoked, not cancelled, and of the present epoch: it can approve, or will once it is ripe. */
export function factorLives({ state, epoch }: FactorRecord, { factorEpoch }: StationRecord): boolean {
  return (state === 'announcing' || state === 'pending') && epoch === factorEpoch;
}

/**
 * A10: an account whose last living factor goes is nobody's: it is frozen until a quorum has looked at it, whatever else could
 * approve for it. `gone`: ids of the factors that go in this commit; `position`: of its leaf. Nothing where one is left, or none
 * of those that go still lived. Reads the look-up `factorsLive`.
 */
export function freezeIfLast(
  facts: Facts,
  of: { readonly account: AccountId; readonly gone: ReadonlySet<string>; readonly position: number },
  /** Of the operators' notice; undefined where none are founded. */
  seed: NoticeSeed | undefined,
): { readonly writes: readonly Write[]; readonly leaves: readonly LeafDraft[] } {
  const { account, gone, position } = of;
  // A6: one-time codes alone approve nothing, and let in no other factor.
  const living = facts
    .all('factorsLive', account)
    .filter((factor) => factor.kind !== 'totp' && factorLives(factor, facts.station));
  if (!living.some(({ id }) => gone.has(id)) || living.some(({ id }) => !gone.has(id)))
    return { writes: [], leaves: [] };
  const scope = `account:${account}` as const;
  const [who, why] = ['station', 'its last factor was revoked'];
  const text = lastFactorText(account);
  const told =
    seed && writeNotice(seed, facts, { account: null, kind: 'frozen', subject: scope, text, leaf: position });
  const { fields, personal = {} } = scopeFields(scope, who, why);
  return {
    writes: [
      { table: 'freezes', record: { scope, active: true, who, why, since: facts.now }, leaf: position },
      ...(told === undefined ? [] : [{ table: 'notices', record: told, leaf: position } as const]),
    ],
    leaves: [{ kind: 'frozen', fields: { ...fields, ...(told && { notice: told.id }) }, personal }],
  };
}
