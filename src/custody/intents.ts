import {
  type Digest,
  type FactorRecord,
  type Flat,
  formatInstant,
  type IntentOf,
  type IntentType,
  intentLifetime,
  Malformed,
  type Sealed,
  type SpentRecord,
  type StationRecord,
  sealIntent,
  type WallMs,
} from '../domain/index.ts';
import type { Moment } from '../gate/cases.ts';
import type { Verdict as GateVerdict } from '../gate/rule.ts';
import { factorUsable } from '../gate/rules/evidence-genuine.ts';
import type { RuleOutcome } from './custody.ts';
import type { Station } from './station.ts';

/** Completes an intent's members with what every intent has, and its ticket: what Prepare hands out. */
export function prepareIntent<T extends IntentType>(
  station: Station,
  type: T,
  members: Flat,
  at: { readonly record: StationRecord; readonly now: WallMs; readonly lifetime: number | undefined },
): Sealed<IntentOf<T>> {
  const lifetime = at.lifetime ?? intentLifetime.default;
  if (!(lifetime > 0 && lifetime <= intentLifetime.most)) throw new Malformed('lifetime_seconds', 'expected 1 to 900');
  const whole: Flat = {
    ...members,
    type,
    station: at.record.name,
    issued: formatInstant(at.now),
    expires: formatInstant((at.now + lifetime) as WallMs),
  };
  return sealIntent(type, { ...whole, ticket: station.ticket(at.record, whole) });
}

/** Factors of an account that could attest now. */
export function usableFactors(factors: readonly FactorRecord[], moment: Moment): FactorRecord[] {
  return factors.filter((factor) => factorUsable(factor, factor.account, moment).passed);
}

/** `different`: how many classes of factors the amount takes. */
export function evidenceWanted(moment: Moment, different = 1): string {
  const { webauthn, accepts } = moment.policy.evidence;
  const of = different > 1 ? `, of ${different} different classes` : '';
  return `${webauthn} WebAuthn assertion(s) with user verification, by ${webauthn === 1 ? 'a ripe factor' : 'different ripe factors'} of class ${accepts.join(' or ')}${of}`;
}

/** A gate's verdict as answers show it. */
export function ruleOutcomes(verdict: GateVerdict): RuleOutcome[] {
  return verdict.outcomes.map(({ rule, judgement }) =>
    judgement.passed
      ? { rule, passed: true, explanation: judgement.explanation, refusal: undefined }
      : {
          rule,
          passed: false,
          explanation: judgement.message,
          refusal: { reason: judgement.reason, message: judgement.message, details: judgement.details },
          holds: judgement.operators !== undefined,
        },
  );
}

/** The key under which an approval is spent: its intent's digest (I4). */
export function spentKey(digest: Digest): string {
  return `intent:${digest}`;
}

/** An operator's signature over an intent: others may sign the same one. */
export function operatorSpentKey(digest: Digest, operator: string): string {
  return `operator:${operator}:${digest}`;
}

export function spentBy(digest: Digest, by: string): SpentRecord {
  return { key: spentKey(digest), by };
}
