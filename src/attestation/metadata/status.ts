import { Refusal, shown } from '../../domain/index.ts';
import { isObject } from '../json.ts';

/** FIDO Metadata Service v3.0 §3.1.4, AuthenticatorStatus: those after which a model is not relied on. None of them is ever cured. */
const broken = new Set([
  'REVOKED',
  'USER_VERIFICATION_BYPASS',
  'ATTESTATION_KEY_COMPROMISE',
  'USER_KEY_REMOTE_COMPROMISE',
  'USER_KEY_PHYSICAL_COMPROMISE',
]);

/** §3.1.4: those that say how a model is certified, from the least on. `FIDO_CERTIFIED` is from before there were levels. */
const certifications = new Map([
  ['NOT_FIDO_CERTIFIED', 0],
  ['SELF_ASSERTION_SUBMITTED', 0],
  ['FIDO_CERTIFIED', 1],
  ['FIDO_CERTIFIED_L1', 2],
  ['FIDO_CERTIFIED_L1plus', 3],
  ['FIDO_CERTIFIED_L2', 4],
  ['FIDO_CERTIFIED_L2plus', 5],
  ['FIDO_CERTIFIED_L3', 6],
  ['FIDO_CERTIFIED_L3plus', 7],
]);

/** Whether a model's certification is as good as the least that is wanted; one of an unknown name is not. */
export function certifiedAs(status: string | undefined, least: string): boolean {
  const rank = certifications.get(status ?? '') ?? Number.NEGATIVE_INFINITY;
  return rank >= (certifications.get(least) ?? Number.POSITIVE_INFINITY);
}

export interface Standing {
  readonly revoked: string | undefined;
  readonly certification: string | undefined;
}

/**
 * What a model's status reports (§3.1.3) come to. A break counts whatever came after it, and where it is one certificate's it counts
 * for the model. Of certifications the newest counts: "If no date is given, the status is assumed to be effective while present", so
 * that one without a date is as new as can be; of two that are as new, the one that stands later.
 */
export function standingOf(reports: unknown, place: string): Standing {
  if (!Array.isArray(reports)) throw wrong(place, 'has no list of status reports');
  let revoked: string | undefined;
  let certification: string | undefined;
  let newest = '';
  for (const report of reports as readonly unknown[]) {
    const { status, effectiveDate = '9999-12-31' } = isObject(report) ? report : {};
    if (typeof status !== 'string') throw wrong(place, 'has a status report without a status');
    if (typeof effectiveDate !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(effectiveDate))
      throw wrong(place, `has a status report of the date ${shown(String(effectiveDate))}`);
    if (broken.has(status)) revoked ??= status;
    if (!certifications.has(status) || effectiveDate < newest) continue;
    certification = status;
    newest = effectiveDate;
  }
  return { revoked, certification };
}

function wrong(place: string, flaw: string): Refusal {
  return new Refusal('attestation-invalid', `${place} ${flaw}`);
}
