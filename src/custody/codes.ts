import { checkCode } from '../attestation/index.ts';
import {
  type CodeRecord,
  day,
  type FactorId,
  formatInstant,
  minute,
  Refusal,
  second,
  type Verification,
  type VerifiedCode,
  type WallMs,
  type WitnessedMs,
} from '../domain/index.ts';
import type { Evidence } from '../gate/cases.ts';
import type { Facts } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';

/** So many wrong codes in a row cost nothing: people mistype. */
const freeFailures = 3;
/** What the next one costs, doubled by each further one, up to `lockMost`: of witnessed time. */
const lockFirst = minute;
const lockMost = day;

/**
 * A6: how long a factor's codes are not looked at after so many wrong ones in a row, ms. Of a million codes three count at a time, and
 * once the lock is at its longest one guess a day is left: below one in nine hundred in a year.
 */
export function lockAfter(failures: number): number {
  if (failures <= freeFailures) return 0;
  return Math.min(lockMost, lockFirst * 2 ** (failures - freeFailures - 1));
}

/** Holds a code against its factor's secret. A locked factor's is not looked at: nothing is learnt of it, nor counted. */
export function verifyCode(
  code: string,
  record: CodeRecord,
  at: { readonly now: WallMs; readonly w: WitnessedMs; readonly secret: () => Uint8Array },
): Verification<VerifiedCode> {
  const { factor, algorithm, lastStep, lockedUntil } = record;
  if (lockedUntil !== null && at.w < lockedUntil) {
    const notBefore = formatInstant((at.now + Math.ceil((lockedUntil - at.w) / second) * second) as WallMs);
    const message = `too many wrong codes: the factor is locked, not before ${notBefore}`;
    return { genuine: false, reason: 'factor-locked', message, details: { not_before: notBefore } };
  }
  const check = checkCode(code, { algorithm, secret: at.secret(), lastStep, now: at.now });
  switch (check.found) {
    case 'step':
      return { genuine: true, evidence: { kind: 'totp', factor, step: check.step } };
    case 'used':
      return { genuine: false, reason: 'attestation-spent', message: 'this one-time code, or a later one, was used' };
    case 'nothing':
      return {
        genuine: false,
        reason: 'code-wrong',
        message: 'the one-time code is none of the factor’s present ones',
      };
  }
}

/** Whether a decision finds a factor's codes as they were when one of them was looked at: neither used nor guessed at since. */
export function sameCodes(before: CodeRecord | undefined, now: CodeRecord | undefined): boolean {
  if (before === undefined || now === undefined) return before === now;
  return before.lastStep === now.lastStep && before.failures === now.failures && before.lockedUntil === now.lockedUntil;
}

/** The accepted codes among evidence. */
export function codesOf(evidence: readonly Evidence[]): VerifiedCode[] {
  return evidence.flatMap(({ verification }) =>
    verification.genuine === true && verification.evidence.kind === 'totp' ? [verification.evidence] : [],
  );
}

/** As leaves tell them: factor and step of each. */
export function codesTold(evidence: readonly Evidence[]): { readonly codes?: string } {
  const codes = codesOf(evidence).map(({ factor, step }) => `${factor}:${step}`);
  return codes.length === 0 ? {} : { codes: codes.join(' ') };
}

/** Throws if one code is among what approves several things at once: each was judged as if it were alone. */
export function refuseSharedCodes(approvals: readonly (readonly Evidence[])[]): void {
  const used = approvals.flatMap((evidence) => codesOf(evidence).map(({ factor, step }) => `${factor}:${step}`));
  if (new Set(used).size !== used.length)
    throw new Refusal('attestation-spent', 'one one-time code came with several withdrawals');
}

/** A6, A12: the step is used up, and whatever was counted against the factor is forgotten. */
export function codesAfterUse(evidence: readonly Evidence[], facts: Facts): Write[] {
  const newest = new Map<FactorId, number>();
  for (const { factor, step } of codesOf(evidence)) newest.set(factor, Math.max(step, newest.get(factor) ?? 0));
  return [...newest].flatMap(([id, lastStep]): Write[] => {
    const record = facts.get('codes', id);
    return record === undefined
      ? []
      : [{ table: 'codes', record: { ...record, lastStep, failures: 0, lockedUntil: null } }];
  });
}

/** A6: what wrong codes leave although they are refused: each counts, whatever else was wrong with the request. */
export function codesAfterRefusal(wrong: readonly FactorId[], facts: Facts): Write[] {
  return [...new Set(wrong)].flatMap((id): Write[] => {
    const record = facts.get('codes', id);
    if (record === undefined) return [];
    const failures = record.failures + wrong.filter((other) => other === id).length;
    const locked = lockAfter(failures);
    const lockedUntil = locked === 0 ? record.lockedUntil : ((facts.w + locked) as WitnessedMs);
    return [{ table: 'codes', record: { ...record, failures, lockedUntil } }];
  });
}
