import { describe, expect, it } from 'vitest';
import {
  type ActId,
  type ActRecord,
  day,
  digestOf,
  type Reason,
  type WallMs,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { AdmissionCase, ImportCase, ImportedAccount, ImportedDestinationCase } from '../../src/gate/cases.ts';
import {
  decideAdmission,
  decideImport,
  decideImportedDestination,
  decideImportedFactor,
} from '../../src/gate/decide.ts';
import type { Verdict } from '../../src/gate/rule.ts';
import { destinationIntent, factor, factorIntent, listed, moment, now, policyOf, w } from './hand-made.ts';

// Cases made by hand, each of which every rule passes. A test changes one thing.

const inForce = digestOf();
const window = 14 * day;

function act(of: Partial<ActRecord> = {}): ActRecord {
  return {
    id: 'a'.repeat(64) as ActId,
    verb: 'import',
    subject: 'station',
    digest: inForce,
    base: inForce,
    payload: new Uint8Array(),
    state: 'DONE',
    operators: ['olivia', 'omar'],
    evidence: new Uint8Array(),
    w0: (w - 2 * day) as WitnessedMs,
    d0: day,
    notice: null,
    openedAt: now,
    expiresAt: (now + day) as WallMs,
    history: [],
    ...of,
  } as ActRecord;
}

const importCase = (of: Partial<ImportCase> = {}): ImportCase => ({
  ...moment(),
  act: act(),
  epoch: 1,
  inOrder: true,
  ...of,
});
const admissionCase = (of: Partial<AdmissionCase> = {}): AdmissionCase => ({
  ...moment(),
  intent: factorIntent(),
  factors: [],
  existing: undefined,
  ...of,
});
const untouched = { everEnrolled: 0, usesService: false, imported: 0 };
const importedFactor = (of: Partial<AdmissionCase & ImportedAccount> = {}): AdmissionCase & ImportedAccount => ({
  ...admissionCase(),
  ...untouched,
  ...of,
});
const importedDestination = (of: Partial<ImportedDestinationCase> = {}): ImportedDestinationCase => ({
  ...moment(),
  ...untouched,
  everEnrolled: 1,
  imported: 1,
  intent: destinationIntent(),
  listed: { listing: undefined, entry: undefined },
  ...of,
});

const frozen = { scope: 'station', active: true, who: 'o', why: 'w', since: now } as const;
const told = ({ outcomes }: Verdict): string[] =>
  outcomes.map(({ rule, judgement }) => `${rule}: ${judgement.passed ? judgement.explanation : judgement.reason}`);
const refusal = (verdict: Verdict): [Reason | undefined, string | undefined] => {
  expect(verdict.approved).toBe(verdict.refusal === undefined);
  return [verdict.refusal?.reason, verdict.refusal?.message];
};

describe('S5: a chunk of an import', () => {
  it('passes as it is made, by these rules, each of which says why', () => {
    expect(told(decideImport(importCase()))).toEqual([
      'not-frozen: no freeze is in force on what this touches',
      'clock-trusted: the station trusts its clock',
      'import-stands: operators approved exactly these bytes, and their act took effect',
      'import-in-order: all chunks before it were imported',
    ]);
    expect(decideImport(importCase()).approved).toBe(true);
  });

  const other = digestOf(new Uint8Array(1));
  const a = 'a'.repeat(64);
  it.each<[string, Partial<ImportCase>, Reason, string]>([
    ['under a freeze', { freezes: [frozen] }, 'frozen', 'station has been frozen since 2022-01-20T12:00:00Z'],
    ['on a suspect clock', { clockSuspect: true }, 'clock-suspect', 'the wall clock went back'],
    ['of an act that was refused', { act: act({ state: 'REFUSED' }) }, 'act-settled', `act ${a} ended without effect`],
    ['of an act that lapsed', { act: act({ state: 'LAPSED' }) }, 'act-settled', `act ${a} ended without effect`],
    ['of an act that expired', { act: act({ state: 'EXPIRED' }) }, 'act-settled', `act ${a} ended without effect`],
    ['of an open act', { act: act({ state: 'OPEN' }) }, 'act-unripe', `act ${a} has not taken effect`],
    ['of an act that ripens', { act: act({ state: 'RIPENING' }) }, 'act-unripe', `act ${a} has not taken effect`],
    ['of an act that never was announced', { act: act({ w0: null }) }, 'act-unripe', `act ${a} has not taken effect`],
    ['of an act without a delay', { act: act({ d0: null }) }, 'act-unripe', `act ${a} has not taken effect`],
    [
      'S11: decided on another policy',
      { act: act({ base: other }) },
      'act-lapsed',
      `it was decided on the policy ${other}; ${inForce} is in force`,
    ],
    ['A9: from before all factors were revoked', { epoch: 0 }, 'act-lapsed', 'all factors were revoked since'],
    ['A9: of an epoch that nothing names', { epoch: undefined }, 'act-lapsed', 'all factors were revoked since'],
    [
      'too long after it ripened',
      { act: act({ w0: (w - day - window - 1) as WitnessedMs }) },
      'import-over',
      'an act imports for 336 hours once it is ripe',
    ],
    ['out of order', { inOrder: false }, 'import-out-of-order', 'send the chunk before it first'],
  ])('is not imported %s', (_, of, reason, message) => {
    const [found, why] = refusal(decideImport(importCase({ ...of, ...('act' in of ? { w } : {}) })));
    expect(found).toBe(reason);
    expect(why).toContain(message);
  });

  it('is imported to the last ms of a fortnight after its act ripened', () => {
    const at = (since: number) =>
      importCase({ w: (since + day + window) as WitnessedMs, act: act({ w0: since as WitnessedMs }) });
    expect(decideImport(at(5)).approved).toBe(true);
    expect(decideImport({ ...at(5), w: (6 + day + window) as WitnessedMs }).approved).toBe(false);
  });
});

describe('A8, A10: what an import brings an account', () => {
  it('is a factor of an account that has nothing, by these rules', () => {
    expect(told(decideImportedFactor(importedFactor()))).toEqual([
      'not-frozen: no freeze is in force on what this touches',
      'imported-account-new: the account has nothing that this import did not bring',
      'factor-class-accepted: policy accepts device factors',
      'factor-new: no factor has this credential id, nor the account this key',
    ]);
    expect(decideImportedFactor(importedFactor({ everEnrolled: 2, imported: 2 })).approved).toBe(true);
  });

  it('is a destination of an account that it brought a factor, by these rules', () => {
    expect(told(decideImportedDestination(importedDestination()))).toEqual([
      'not-frozen: no freeze is in force on what this touches',
      'imported-account-new: the account has nothing that this import did not bring',
      'imported-account-begun: this import brought the account a factor',
      'destination-not-denied: policy denies no destination',
      'destination-new: the destination is not listed yet',
    ]);
    expect(decideImportedDestination(importedDestination()).approved).toBe(true);
  });

  const had = 'the account had a factor before, or has lost one since';
  it.each<[string, Partial<ImportedAccount>, Reason, string]>([
    ['A8: had a factor', { everEnrolled: 1, imported: 0 }, 'account-not-new', had],
    ['A8: had more than it brought', { everEnrolled: 3, imported: 2 }, 'account-not-new', had],
    ['A8: has lost one of those that it brought', { everEnrolled: 2, imported: 1 }, 'account-not-new', had],
    ['A8: is an MFA service’s', { usesService: true }, 'account-not-new', 'the account is one of an MFA service’s'],
    ['is frozen', { freezes: [frozen] }, 'frozen', 'station has been frozen since 2022-01-20T12:00:00Z'],
  ])('is nothing where the account %s', (_, of, reason, message) => {
    expect(refusal(decideImportedFactor(importedFactor(of)))).toEqual([reason, message]);
    expect(refusal(decideImportedDestination(importedDestination(of)))).toEqual([reason, message]);
  });

  it('A10: is no address where it brought no factor', () => {
    expect(refusal(decideImportedDestination(importedDestination({ everEnrolled: 0, imported: 0 })))).toEqual([
      'account-not-new',
      'this import brought the account no factor',
    ]);
  });

  it('D2: is no address that is listed already, nor one that policy denies', () => {
    const again = importedDestination({ listed: listed({ destination: destinationIntent().intent.destination }) });
    expect(refusal(decideImportedDestination(again))).toEqual([
      'destination-listed',
      'the destination is listed already, as entry entry-1',
    ]);
    const { destination } = destinationIntent().intent;
    const policy = { ...policyOf(), denied: new Set([destination]) };
    expect(refusal(decideImportedDestination(importedDestination({ policy })))).toEqual([
      'destination-denied',
      `policy denies payments to ${destination}`,
    ]);
  });
});

describe('A8: a factor that operators admit', () => {
  it('is judged by these rules', () => {
    const verdict = decideAdmission(admissionCase());
    expect(verdict.approved).toBe(true);
    expect(told(verdict)).toEqual([
      'factor-class-accepted: policy accepts device factors',
      'factor-new: no factor has this credential id, nor the account this key',
    ]);
  });

  const key = new Uint8Array(77).fill(7);
  it.each<[string, Partial<AdmissionCase>, Reason, string]>([
    [
      'of a class that policy refuses',
      { intent: factorIntent({ class: 'hardware' }) },
      'factor-class-refused',
      'policy accepts device, synced, this factor is hardware',
    ],
    ['whose id another has', { existing: factor() }, 'factor-exists', 'a factor of this credential id exists already'],
    [
      'whose key the account has under another id',
      { intent: factorIntent({ key: digestOf(key) }), factors: [factor(), factor({ coseKey: key })] },
      'factor-exists',
      'the account has, or had, a factor with this very key',
    ],
  ])('is none %s', (_, of, reason, message) => {
    expect(refusal(decideAdmission(admissionCase(of)))).toEqual([reason, message]);
    expect(refusal(decideImportedFactor(importedFactor(of)))).toEqual([reason, message]);
  });

  it('says why it is not hardware only where hardware would be accepted', () => {
    const why = { intent: factorIntent({ class: 'synced' }), notHardware: 'no authority attests it' };
    const accepting = (accepts: string) =>
      policyOf((d) => d.replace('accepts: [device, synced]', `accepts: [${accepts}]`));
    const message = (accepts: string) =>
      refusal(decideAdmission(admissionCase({ ...why, policy: accepting(accepts) })))[1];
    expect(message('hardware')).toBe('policy accepts hardware, this factor is synced: no authority attests it');
    const unsaid = { ...why, notHardware: undefined, policy: accepting('hardware') };
    expect(refusal(decideAdmission(admissionCase(unsaid)))[1]).toBe('policy accepts hardware, this factor is synced');
    expect(message('device')).toBe('policy accepts device, this factor is synced');
  });
});
