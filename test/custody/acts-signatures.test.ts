import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { approvalsNow } from '../../src/custody/acts/approvals.ts';
import type { EffectParts } from '../../src/custody/acts/effect.ts';
import { approveEffect } from '../../src/custody/acts/effects/approve.ts';
import {
  checkKept,
  checkOperatorKeys,
  decodeSignatures,
  type Expected,
  encodeSignatures,
  operatorAfterUse,
  personWith,
  signaturesNow,
  verifySignature,
} from '../../src/custody/acts/signatures.ts';
import {
  type ActId,
  digestOf,
  type Flat,
  type OperatorName,
  type OperatorRecord,
  type StationName,
  sealIntent,
  type WithdrawalRecord,
} from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import type { Facts } from '../../src/store/facts.ts';
import { alicesAddress, chain, policyDocument } from './station.ts';
import { foundOperators } from './test-operators.ts';

const station = `${'9f'.repeat(16)}/1` as StationName;
const digest = digestOf(new Uint8Array(1));
const base = digestOf(new Uint8Array(2));
const expected: Expected = { verb: 'approve', subject: 'withdrawal:w-1', digest, base };

function setUp() {
  const { people, member } = foundOperators({});
  const policy = parsePolicy(parse(policyDocument({ x: 'A'.repeat(43) }, (document) => `${document}${member}`)));
  const operators = policy.operators;
  const olivia = people.get('olivia');
  const omar = people.get('omar');
  if (operators === undefined || olivia === undefined || omar === undefined) throw new Error('nobody was founded');
  const person = personWith(operators, olivia.credential);
  if (person === undefined) throw new Error('olivia is nobody');
  return { policy, operators, olivia, omar, person };
}

function intentOf(members: Flat = {}) {
  return sealIntent('portcullis/operator/v1', {
    station,
    issued: '2022-01-17T00:46:00Z',
    expires: '2022-01-17T00:51:00Z',
    ticket: 'T'.repeat(43),
    verb: 'approve',
    subject: 'withdrawal:w-1',
    digest,
    base,
    ...members,
  });
}

describe('D4: what is kept with an act counts for exactly what was signed', () => {
  const { policy, olivia, omar } = setUp();
  const kept = (members: Flat = {}, as = olivia.name, by = olivia) => {
    const intent = intentOf(members);
    return encodeSignatures([{ operator: as, intent: intent.bytes, assertion: by.sign(intent) }]);
  };
  const genuine = (evidence: Uint8Array, of: Partial<Expected> = {}) =>
    checkKept({ evidence }, { ...expected, ...of }, policy, station).map((s) => s.verification.genuine);

  it('by its operator, over an intent for it', () => {
    expect(genuine(kept())).toEqual([true]);
    const [checked] = checkKept({ evidence: kept() }, expected, policy, station);
    expect(checked).toMatchObject({ operator: 'olivia', counted: undefined });
  });

  it.each([
    ['another verb: a refusal is about the same withdrawal', { verb: 'refuse' }],
    ['another subject', { subject: 'withdrawal:w-2' }],
    ['another digest', { digest: digestOf() }],
    ['another policy', { base: digestOf() }],
    ['another station', { station: `${'9f'.repeat(16)}/2` }],
  ])('not for %s', (_, members) => {
    expect(genuine(kept(members))).toEqual([false]);
  });

  it('under whatever policy came after, where that is what was asked', () => {
    expect(genuine(kept({ base: digestOf() }), { base: undefined })).toEqual([true]);
  });

  it('not under another’s name, nor the name of someone who left', () => {
    expect(genuine(kept({}, omar.name))).toEqual([false]);
    expect(genuine(kept({}, 'gone' as OperatorName))).toEqual([false]);
  });

  it('not with an assertion over another intent, nor with bytes that are no intent', () => {
    const [one] = decodeSignatures(kept());
    const [two] = decodeSignatures(kept({ subject: 'withdrawal:w-2' }));
    if (one === undefined || two === undefined) throw new Error('nothing was kept');
    expect(genuine(encodeSignatures([{ ...one, assertion: two.assertion }]))).toEqual([false]);
    expect(genuine(encodeSignatures([{ ...one, intent: new TextEncoder().encode('{}') }]))).toEqual([false]);
  });
});

describe('an operator’s key', () => {
  const record = (of: Partial<OperatorRecord>): OperatorRecord => {
    const { person } = setUp();
    return { ...operatorAfterUse(person, { genuine: false, reason: 'internal', message: '' }, undefined), ...of };
  };

  it('A5: its counter only grows, and is the key’s: another key of the same name starts anew', () => {
    const { operators, olivia, omar, person } = setUp();
    const intent = intentOf();
    const assertion = olivia.sign(intent, { counter: 5 });
    const verify = (of: Partial<OperatorRecord>) =>
      verifySignature(assertion, intent.digest, person, operators, record(of));
    expect(verify({ signCount: 4 })).toMatchObject({ genuine: true, evidence: { signCount: 5 } });
    expect(verify({ signCount: 5 })).toMatchObject({ genuine: false, reason: 'counter-regressed' });
    expect(verify({ signCount: 9, credential: omar.credential }).genuine).toBe(true);
    expect(operatorAfterUse(person, verify({ signCount: 4 }), record({ suspended: true, signCount: 4 }))).toMatchObject(
      {
        signCount: 5,
        credential: olivia.credential,
        suspended: true,
      },
    );
  });

  it('A5: the person is verified, each time', () => {
    const { operators, olivia, person } = setUp();
    const intent = intentOf();
    const verification = verifySignature(
      olivia.sign(intent, { userVerified: false }),
      intent.digest,
      person,
      operators,
      undefined,
    );
    expect(verification).toMatchObject({ genuine: false, reason: 'user-not-verified' });
  });

  it('two signatures of one counter, verified at once, are not both counted', () => {
    const { olivia, person } = setUp();
    const counted = { credential: olivia.credential, signCount: 4 };
    const verification = { genuine: false, reason: 'internal', message: '' } as const;
    const checked = [{ operator: person.name, verification, counted }];
    const facts = (row: OperatorRecord | undefined) => ({ get: () => row }) as unknown as Facts;
    expect(signaturesNow(checked, facts(record({ signCount: 4 })))).toHaveLength(1);
    for (const row of [
      record({ signCount: 5 }),
      record({ signCount: 4, credential: 'B'.repeat(43) as never }),
      undefined,
    ])
      expect(() => signaturesNow(checked, facts(row))).toThrow('meanwhile');
  });

  it('S11: policy’s keys parse, or the policy is not taken', () => {
    const { policy, operators } = setUp();
    expect(() => checkOperatorKeys(policy)).not.toThrow();
    const [first, ...others] = operators.people;
    if (first === undefined) throw new Error('nobody was founded');
    for (const key of [`${first.key}=`, 'A'.repeat(40)]) {
      const people = [{ ...first, key }, ...others];
      expect(() => checkOperatorKeys({ ...policy, operators: { ...operators, people } })).toThrow(
        'policy.operators.olivia.key',
      );
    }
  });
});

describe('what was read beforehand and changed since', () => {
  const withdrawal = (act: string | null) =>
    ({
      id: 'w-1',
      act,
      account: 'alice',
      asset: `${chain}/slip44:60`,
      destination: alicesAddress,
    }) as unknown as WithdrawalRecord;
  const factsOf = (record: WithdrawalRecord) => ({ get: () => record, now: 0 }) as unknown as Facts;

  it('D4: approvals of an act that the withdrawal rests on no longer are not counted', () => {
    const ready = { act: 'a'.repeat(64) as ActId, checked: [] };
    expect(approvalsNow(ready, withdrawal('a'.repeat(64)), factsOf(withdrawal(null)))).toEqual([]);
    expect(() => approvalsNow(ready, withdrawal('b'.repeat(64)), factsOf(withdrawal(null)))).toThrow('meanwhile');
  });

  it('a withdrawal that was approved meanwhile is not approved on what was known before', () => {
    const { policy } = setUp();
    const parts = { station: { policy, store: { read: () => withdrawal(null) } } } as unknown as EffectParts;
    const ask = approveEffect.ask('withdrawal:w-1', new Uint8Array(), parts);
    expect(() => ask?.approved(factsOf(withdrawal('b'.repeat(64))))).toThrow('meanwhile');
  });
});
