import { type AcceptedClass, authenticatorClasses, type EvidenceClass } from '../domain/index.ts';
import { together } from './policy/english.ts';

/** How much evidence something takes. Each count has to be reached; 0 where it does not matter. */
export interface EvidenceDemand {
  /** Pieces of evidence by different factors or MFA services. */
  readonly assertions: number;
  /** Different classes among them: `webauthn`, `totp`, `mfa-service`. Two passkeys are one class, whatever holds them. */
  readonly classes: number;
  /** Different enrolled factors among them; an MFA service is none. */
  readonly enrolments: number;
  /** WebAuthn assertions by different factors among them. */
  readonly webauthn: number;
  /** Of these, by factors of class `hardware`. */
  readonly hardware: number;
}

export const noDemand: EvidenceDemand = { assertions: 0, classes: 0, enrolments: 0, webauthn: 0, hardware: 0 };

const demandMembers = ['assertions', 'classes', 'enrolments', 'webauthn', 'hardware'] as const;

/** The counts alone, of whatever has them among others. */
export function countsOf({ assertions, classes, enrolments, webauthn, hardware }: EvidenceDemand): EvidenceDemand {
  return { assertions, classes, enrolments, webauthn, hardware };
}

/** As many attestations as a request may carry: what takes more than that could not be approved. */
export const attestationsMost = 8;

/** How many different ones of each sort there are: in a request, or at an account's hand. */
export interface Tally {
  /** Factors that are WebAuthn credentials. */
  readonly webauthn: number;
  /** Of these, of class `hardware`. */
  readonly hardware: number;
  /** Factors that are secrets of one-time codes. */
  readonly totp: number;
  /** MFA services. */
  readonly services: number;
}

/** The greatest demand that it meets. */
export function reachOf(tally: Tally): EvidenceDemand {
  const { webauthn, hardware, totp, services } = tally;
  const enrolments = webauthn + totp;
  return { assertions: enrolments + services, classes: classesOf(tally).length, enrolments, webauthn, hardware };
}

function classesOf({ webauthn, totp, services }: Tally): EvidenceClass[] {
  const classes: readonly (readonly [EvidenceClass, number])[] = [
    ['webauthn', webauthn],
    ['totp', totp],
    ['mfa-service', services],
  ];
  return classes.filter(([, count]) => count > 0).map(([name]) => name);
}

/** Whether what meets the one meets the other, too. Of demands as `completed` makes them this is exact; else it may say no too often. */
export function atLeast(one: EvidenceDemand, other: EvidenceDemand): boolean {
  return demandMembers.every((member) => one[member] >= other[member]);
}

/** The one judgement of evidence: whether it is as much as is demanded. */
export function meets(tally: Tally, demand: EvidenceDemand): boolean {
  return atLeast(reachOf(tally), demand);
}

/**
 * The same demand with each count raised to what the others make of it anyway, so that demands that ask for the same are the same:
 * one WebAuthn assertion is one assertion by one enrolled factor.
 */
export function completed({ assertions, classes, enrolments, webauthn, hardware }: EvidenceDemand): EvidenceDemand {
  // Of three classes one is WebAuthn, one an enrolled secret, and one no enrolled factor. Of two at least one is enrolled.
  const w = Math.max(webauthn, hardware, classes === 3 ? 1 : 0);
  const e = Math.max(enrolments, classes === 3 ? w + 1 : w, classes === 2 ? 1 : 0);
  const a = Math.max(assertions, classes === 3 ? e + 1 : e, w > 0 && classes > 1 ? w + classes - 1 : classes);
  return { assertions: a, classes: Math.max(classes, a > 0 ? 1 : 0), enrolments: e, webauthn: w, hardware };
}

/** What meets every one of them, and no more. */
export function allOf(demands: Iterable<EvidenceDemand>): EvidenceDemand {
  let all = noDemand;
  for (const demand of demands) {
    const { assertions, classes, enrolments, webauthn, hardware } = demand;
    all = {
      assertions: Math.max(all.assertions, assertions),
      classes: Math.max(all.classes, classes),
      enrolments: Math.max(all.enrolments, enrolments),
      webauthn: Math.max(all.webauthn, webauthn),
      hardware: Math.max(all.hardware, hardware),
    };
  }
  return completed(all);
}

/**
 * As much of a demand as an account could meet at all. Never nothing of what is demanded: an account without a WebAuthn credential,
 * where one is demanded, does not come by one with what it has left. Only hardware may be lacking: it is added with what there is.
 */
export function asFarAs(demand: EvidenceDemand, has: Tally): EvidenceDemand {
  const reach = reachOf(has);
  const upTo = (member: 'assertions' | 'classes' | 'enrolments' | 'webauthn'): number =>
    Math.min(demand[member], Math.max(1, reach[member]));
  return {
    assertions: upTo('assertions'),
    classes: upTo('classes'),
    enrolments: upTo('enrolments'),
    webauthn: upTo('webauthn'),
    hardware: Math.min(demand.hardware, reach.hardware),
  };
}

/** The classes of evidence that a policy accepts any of. */
export function acceptedKinds(accepts: readonly AcceptedClass[]): EvidenceClass[] {
  return [
    ...(authenticatorClasses.some((name) => accepts.includes(name)) ? ['webauthn' as const] : []),
    ...(['totp', 'mfa-service'] as const).filter((name) => accepts.includes(name)),
  ];
}

/** What is demanded, in English; every demand that differs once completed reads otherwise. */
export function sayDemand(demand: EvidenceDemand): string {
  const { assertions, classes, enrolments, webauthn, hardware } = completed(demand);
  const said = completed({ ...noDemand, classes: classes > 1 ? classes : 0, webauthn, hardware });
  const further = completed({ ...said, enrolments });
  return together(
    [
      ...(webauthn > 0 ? [sayWebauthn(webauthn, hardware)] : []),
      ...(classes > 1 ? [`evidence of ${classes} different classes`] : []),
      ...(enrolments > said.enrolments ? [several(enrolments, 'enrolled factor')] : []),
      ...(assertions > further.assertions ? [several(assertions, 'factor')] : []),
    ],
    'nothing',
  );
}

const several = (count: number, noun: string): string =>
  count === 1 ? `evidence of one ${noun}` : `evidence of ${count} different ${noun}s`;

function sayWebauthn(webauthn: number, hardware: number): string {
  const assertions = webauthn === 1 ? 'one WebAuthn assertion' : `${webauthn} WebAuthn assertions by different factors`;
  if (hardware === 0) return assertions;
  if (hardware === webauthn) return `${assertions}${webauthn === 1 ? ' by a factor' : ''} of class hardware`;
  return `${assertions}, ${hardware} of them of class hardware`;
}

/**
 * What is still missing, a phrase each, such as `needs one more factor of a class other than webauthn`; empty where nothing is. What
 * one further factor can make good is told once.
 */
export function missing(demand: EvidenceDemand, has: Tally, accepts: readonly AcceptedClass[]): string[] {
  const accepted = acceptedKinds(accepts);
  const needs: string[] = [];
  const hardware = lack(demand.hardware, has.hardware);
  if (hardware > 0) needs.push(more(hardware, 'factor', ' of class hardware'));
  const webauthn = lack(demand.webauthn, has.webauthn + hardware);
  if (webauthn > 0) needs.push(more(webauthn, 'WebAuthn assertion'));
  const then = { ...has, webauthn: has.webauthn + hardware + webauthn };

  const reach = reachOf(then);
  const held = classesOf(then);
  const open = accepted.filter((name) => !held.includes(name));
  const classes = held.length === 0 && demand.classes === 1 ? 0 : lack(demand.classes, held.length);
  let enrolments = lack(demand.enrolments, reach.enrolments);
  if (classes > 0) {
    const needed = enrolledNeeded(classes, open, enrolments);
    needs.push(moreOfClasses(classes, held, open, needed));
    enrolments = lack(enrolments, Math.min(classes, open.filter((name) => name !== 'mfa-service').length));
  }
  // Where tokens don't count, whatever does is of an enrolled factor.
  if (enrolments > 0) needs.push(more(enrolments, `${accepted.includes('mfa-service') ? 'enrolled ' : ''}factor`));
  const assertions = lack(demand.assertions, reach.assertions + classes + enrolments);
  if (assertions > 0) needs.push(more(assertions, 'factor'));
  return needs.map((phrase) => `needs ${phrase}`);
}

const lack = (wanted: number, has: number): number => Math.max(0, wanted - has);

function more(count: number, noun: string, which = ''): string {
  return count === 1 ? `one more ${noun}${which}` : `${count} more ${noun}s${which}`;
}

/** Whether further classes have to be of enrolled factors, where a token of an MFA service could be one of them as well. */
function enrolledNeeded(classes: number, open: readonly EvidenceClass[], enrolments: number): boolean {
  return open.includes('mfa-service') && open.length > classes && enrolments > classes - 1;
}

function moreOfClasses(
  classes: number,
  held: readonly EvidenceClass[],
  open: readonly EvidenceClass[],
  enrolled: boolean,
): string {
  if (classes === 1 && open.length === 1 && open[0] === 'webauthn') return more(1, 'WebAuthn assertion');
  const noun = enrolled ? 'enrolled factor' : 'factor';
  if (held.length === 0) return more(classes, noun, ' of different classes');
  return more(
    classes,
    noun,
    classes === 1 ? ` of a class other than ${together(held)}` : ` of different classes other than ${together(held)}`,
  );
}
