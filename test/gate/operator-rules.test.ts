import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ActId,
  type ActRecord,
  day,
  digestOf,
  type FactorId,
  type Flat,
  formatInstant,
  hour,
  type NoticeId,
  type OperatorIntent,
  type OperatorName,
  type OperatorRecord,
  type Reason,
  type Sealed,
  sealIntent,
  type WallMs,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { ActDemands, EffectCase, OperatorCase, OperatorSignature } from '../../src/gate/cases.ts';
import {
  decideActEffect,
  decideActQuorum,
  decideActStands,
  decideDestination,
  decideOperatorAct,
  decideTransaction,
  explainOperatorAct,
} from '../../src/gate/decide.ts';
import { pass, refuse } from '../../src/gate/rule.ts';
import { foundOperators } from '../custody/test-operators.ts';
import * as made from './hand-made.ts';

// Cases made by hand, each of which every rule passes. A test changes one thing.

const policy = made.policyOf((document) => `${document}${foundOperators({}).member}`);
const inForce = digestOf();
const other = digestOf(new Uint8Array(1));
const subject = digestOf(new Uint8Array(2));

const named = (name: string) => name as OperatorName;

function operator(name: string, of: Partial<OperatorRecord> = {}): OperatorRecord {
  return {
    name: named(name),
    credential: 'A'.repeat(43) as FactorId,
    signCount: 0,
    backupState: false,
    suspended: false,
    by: '',
    why: '',
    since: 0 as WallMs,
    history: [],
    ...of,
  };
}

function signature(name: string, of: Partial<OperatorSignature> = {}): OperatorSignature {
  const evidence = {
    kind: 'webauthn',
    factor: 'A'.repeat(43) as FactorId,
    class: 'device',
    ceremony: 'webauthn.get',
    userVerified: true,
    signCount: 1,
    backupState: false,
  } as const;
  return { operator: named(name), verification: { genuine: true, evidence }, record: operator(name), ...of };
}

const forged: OperatorSignature['verification'] = { genuine: false, reason: 'signature-invalid', message: 'no' };
const gone = { record: operator('omar', { suspended: true, by: 'olivia' }) };

function demands(of: Partial<ActDemands> = {}): ActDemands {
  return { signatures: 2, tightens: false, whileSuspect: false, recovery: false, delay: undefined, ...of };
}

function intent(members: Flat = {}): Sealed<OperatorIntent> {
  return sealIntent('portcullis/operator/v1', {
    station: made.name,
    issued: formatInstant(made.now),
    expires: formatInstant((made.now + 300_000) as WallMs),
    ticket: 'T'.repeat(43),
    verb: 'thaw',
    subject: 'station',
    digest: subject,
    base: inForce,
    ...members,
  });
}

function act(of: Partial<ActRecord> = {}): ActRecord {
  return {
    id: 'a'.repeat(64) as ActId,
    verb: 'thaw',
    subject: 'station',
    digest: subject,
    base: inForce,
    payload: new Uint8Array(),
    state: 'OPEN',
    operators: [],
    evidence: new Uint8Array(),
    w0: null,
    d0: null,
    notice: null,
    openedAt: made.now,
    expiresAt: (made.now + day) as WallMs,
    history: [],
    ...of,
  };
}

function signing(of: Partial<OperatorCase> = {}): OperatorCase {
  return {
    ...made.moment({ policy }),
    intent: intent(),
    ticketGenuine: true,
    spent: undefined,
    signature: signature('olivia'),
    act: undefined,
    demands: demands(),
    subject: pass('it stands'),
    ...of,
  };
}

function effect(of: Partial<EffectCase> = {}): EffectCase {
  return {
    ...made.moment({ policy }),
    act: act(),
    signatures: [signature('olivia'), signature('omar')],
    demands: demands(),
    subject: pass('it stands'),
    ...of,
  };
}

const frozen = { scope: 'station', active: true, who: 'o', why: 'w', since: made.now } as const;
const late = (made.now - hour) as WallMs;

describe('one operator signs', () => {
  it('passes as it is made', () => {
    expect(decideOperatorAct(signing())).toMatchObject({ approved: true });
    expect(decideOperatorAct(signing({ act: act({ operators: ['omar'] }) })).approved).toBe(true);
  });

  const refusals: [string, Partial<OperatorCase>, Reason][] = [
    ['S5: no operators are founded', { policy: made.policyOf() }, 'operators-unfounded'],
    ['A2: for another station', { intent: intent({ station: `${'0'.repeat(32)}/1` }) }, 'station-mismatch'],
    ['A11: not prepared here', { ticketGenuine: false }, 'ticket-invalid'],
    [
      'A4: too late',
      {
        intent: intent({
          issued: formatInstant(late),
          expires: formatInstant((late + 60_000) as WallMs),
        }),
      },
      'intent-expired',
    ],
    ['A1: nobody’s credential', { signature: undefined }, 'operator-unknown'],
    ['S5: a name that policy does not know', { signature: signature('mallory') }, 'operator-unknown'],
    ['S5: of the recovery quorum only', { signature: signature('rita') }, 'operator-unknown'],
    ['S11: a suspended operator', { signature: signature('omar', gone) }, 'operator-suspended'],
    ['A1: it does not verify', { signature: signature('omar', { verification: forged }) }, 'signature-invalid'],
    ['S5: twice', { act: act({ operators: ['omar', 'olivia'] }) }, 'already-approved'],
    ['A3: over an intent that was used', { spent: { key: 'k', by: 'act x' } }, 'attestation-spent'],
    ['S11: decided on another policy', { intent: intent({ base: other }) }, 'act-lapsed'],
    ['S5: about something else', { subject: refuse('act-subject-changed', 'no') }, 'act-subject-changed'],
    ['a freeze on what it touches', { freezes: [frozen] }, 'frozen'],
    ['I6: a suspect clock', { clockSuspect: true }, 'clock-suspect'],
  ];
  it.each(refusals)('refused: %s', (_, of, reason) => {
    expect(decideOperatorAct(signing(of))).toMatchObject({ approved: false, refusal: { reason } });
  });

  it('I3: what only tightens needs no policy in force, and what stops or mends no trusted clock', () => {
    const tightens = demands({ tightens: true, whileSuspect: true });
    const of = { intent: intent({ base: other, verb: 'freeze' }), clockSuspect: true, demands: tightens };
    expect(decideOperatorAct(signing(of)).approved).toBe(true);
  });

  it('the recovery quorum’s people sign what is theirs to carry', () => {
    const of = { signature: signature('rita'), demands: demands({ recovery: true }) };
    expect(decideOperatorAct(signing(of)).approved).toBe(true);
  });

  it('what is shown beforehand is judged by the same rules', () => {
    const before = explainOperatorAct(signing({ signature: undefined, clockSuspect: true }));
    expect(before.outcomes.map((o) => o.rule)).toEqual([
      'operators-founded',
      'intent-for-this-station',
      'not-frozen',
      'clock-trusted',
      'base-in-force',
      'subject-stands',
    ]);
    expect(before.refusal?.reason).toBe('clock-suspect');
  });
});

describe('an act takes effect', () => {
  it('passes as it is made', () => {
    expect(decideActEffect(effect()).approved).toBe(true);
    expect(decideActStands(effect()).approved).toBe(true);
    expect(decideActQuorum(effect()).approved).toBe(true);
  });

  const ripe = {
    state: 'RIPENING',
    w0: (made.w - day) as WitnessedMs,
    d0: day,
    notice: '0'.repeat(32) as NoticeId,
  } as const;
  const refusals: [string, Partial<EffectCase>, Reason][] = [
    ['S5: one of two', { signatures: [signature('olivia')] }, 'quorum-missing'],
    ['S5: one twice', { signatures: [signature('olivia'), signature('olivia')] }, 'quorum-missing'],
    ['S11: one suspended since', { signatures: [signature('olivia'), signature('omar', gone)] }, 'quorum-missing'],
    [
      'D4: one that does not verify',
      { signatures: [signature('olivia'), signature('omar', { verification: forged })] },
      'quorum-missing',
    ],
    ['S11: one whom policy names no longer', { signatures: [signature('olivia'), signature('ex')] }, 'quorum-missing'],
    [
      'S5: one of the people and one of the recovery quorum’s',
      { signatures: [signature('olivia'), signature('rita')], demands: demands({ recovery: true }) },
      'quorum-missing',
    ],
    [
      'S5: the recovery quorum, of what is not its own',
      { signatures: [signature('rita'), signature('rolf')] },
      'quorum-missing',
    ],
    ['S5: nobody, whatever the effect says', { signatures: [], demands: demands({ signatures: 0 }) }, 'quorum-missing'],
    ['S11: another policy took effect', { act: act({ base: other }) }, 'act-lapsed'],
    ['S5: its subject changed', { subject: refuse('act-subject-changed', 'no') }, 'act-subject-changed'],
    ['I3: not announced', { demands: demands({ delay: day }) }, 'act-unripe'],
    ['I3: not delivered', { act: act({ state: 'ANNOUNCING' }), demands: demands({ delay: day }) }, 'act-unripe'],
    [
      'I3: not ripe',
      { act: act({ ...ripe, w0: (made.w - day + 1) as WitnessedMs }), demands: demands({ delay: day }) },
      'act-unripe',
    ],
    ['D6: a longer delay now', { act: act(ripe), demands: demands({ delay: 2 * day }) }, 'act-unripe'],
    [
      'D6: a longer delay then',
      { act: act({ ...ripe, d0: 2 * day }), demands: demands({ delay: hour }) },
      'act-unripe',
    ],
    ['a freeze on what it touches', { freezes: [frozen] }, 'frozen'],
    ['I6: a suspect clock', { clockSuspect: true }, 'clock-suspect'],
    ['S5: no operators are founded', { policy: made.policyOf() }, 'operators-unfounded'],
  ];
  it.each(refusals)('not: %s', (_, of, reason) => {
    expect(decideActEffect(effect(of))).toMatchObject({ approved: false, refusal: { reason } });
  });

  it('I3: ripe to the millisecond', () => {
    expect(decideActEffect(effect({ act: act(ripe), demands: demands({ delay: day }) })).approved).toBe(true);
  });

  it('the recovery quorum carries what is its own', () => {
    const signatures = [signature('rita'), signature('rosa')];
    expect(decideActEffect(effect({ signatures, demands: demands({ recovery: true }) })).approved).toBe(true);
  });

  it('S5: whoever signs however often, fewer than the quorum’s different people in good standing do nothing', () => {
    const who = fc.constantFrom('olivia', 'omar', 'oscar', 'rita', 'mallory');
    const how = fc.record({ who, genuine: fc.boolean(), suspended: fc.boolean() });
    fc.assert(
      fc.property(fc.array(how, { maxLength: 12 }), (list) => {
        const signatures = list.map((s) =>
          signature(s.who, {
            ...(s.genuine ? {} : { verification: forged }),
            record: operator(s.who, { suspended: s.suspended }),
          }),
        );
        const good = new Set(list.filter((s) => s.genuine && !s.suspended && s.who.startsWith('o')).map((s) => s.who));
        expect(decideActEffect(effect({ signatures })).approved).toBe(good.size >= 2);
      }),
    );
  });
});

describe('a transaction pays what operators had to approve', () => {
  const paying = (approvals: readonly OperatorSignature[], operators = 2) =>
    decideTransaction({
      ...made.transactionCase(),
      policy,
      withdrawals: [{ ...made.paid({ operators }), approvals }],
    });

  it('D4: with as many of their signatures as it needs, verified again', () => {
    expect(paying([signature('olivia'), signature('omar')])).toMatchObject({ approved: true });
    expect(paying([], 0).approved).toBe(true);
    for (const approvals of [
      [],
      [signature('olivia')],
      [signature('olivia'), signature('olivia')],
      [signature('olivia'), signature('omar', gone)],
      [signature('olivia'), signature('omar', { verification: forged })],
      [signature('rita'), signature('rolf')],
    ])
      expect(paying(approvals)).toMatchObject({ approved: false, refusal: { reason: 'quorum-missing' } });
  });
});

describe('after the epoch was raised', () => {
  it('A9: what was listed before is listed anew, as something new', () => {
    const at = (epoch: number) =>
      made.destinationCase({ listed: made.listed({ epoch, destination: made.bobsAddress }) });
    expect(decideDestination(at(0)).approved).toBe(true);
    expect(decideDestination(at(1))).toMatchObject({ refusal: { reason: 'destination-listed' } });
  });
});
