import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountId, FactorClass, FactorId } from '../../src/domain/index.ts';
import type { Evidence } from '../../src/gate/cases.ts';
import { decideDestination, decideFactor, decideTransaction, decideWithdrawal } from '../../src/gate/decide.ts';
import type { Policy } from '../../src/gate/policy.ts';
import { sayPolicy } from '../../src/gate/policy.ts';
import type { Verdict } from '../../src/gate/rule.ts';
import { evidenceSufficient, secondFactorOnly, withdrawalDemand } from '../../src/gate/rules/evidence-sufficient.ts';
import { walletId } from '../custody/station.ts';
import {
  destinationCase,
  evidence,
  factorCase,
  factorIntent,
  mfaToken,
  paid,
  policyOf,
  transactionCase,
  withdrawalCase,
} from './hand-made.ts';

const attesters = ['mfa.example', 'other.example']
  .map(
    (issuer, i) => `  - { issuer: ${issuer}, kid: m${i}, jwk: { kty: OKP, crv: Ed25519, x: ${'DE'[i]?.repeat(43)} } }`,
  )
  .join('\n');

/** A policy of these demands. */
function demanding(
  base: string,
  { accepts = 'device, synced, hardware, totp, mfa-service', band = '', wallet = '' } = {},
): Policy {
  return policyOf((d) => {
    const evidence_ = `{ ${base}${base === '' ? '' : ', '}accepts: [${accepts}] }`;
    const bands = band === '' ? '' : `\nbands:\n  - { asset: 'eip155:31337/slip44:60', above: '1', ${band} }`;
    const document = d
      .replace('{ webauthn: 1, accepts: [device, synced] }', evidence_)
      .replace("first_nonce: '0' }", `first_nonce: '0'${wallet === '' ? '' : `, evidence: { ${wallet} }`} }`);
    return `${document}attesters:\n${attesters}${bands}\n`;
  });
}

const id = (n: number): FactorId => `${n}`.repeat(43) as FactorId;
const of = (class_: FactorClass, n: number): Evidence =>
  evidence({ id: id(n), class: class_, kind: class_ === 'totp' ? 'totp' : 'webauthn', coseKey: new Uint8Array([n]) });
const service = (issuer: string, n: number): Evidence => mfaToken(issuer, { jti: `j${n}` });

/** Genuine evidence, by factors that may be used. */
const pieces: fc.Arbitrary<Evidence[]> = fc
  .array(fc.constantFrom('device', 'synced', 'hardware', 'totp', 'mfa.example', 'other.example'), { maxLength: 5 })
  .map((kinds) =>
    kinds.map((kind, n) => {
      switch (kind) {
        case 'mfa.example':
        case 'other.example':
          return service(kind, n);
        default:
          return of(kind, n);
      }
    }),
  );

const policies = fc.constantFrom(
  demanding(''),
  demanding('webauthn: 2'),
  demanding('classes: 2'),
  demanding('webauthn: 0'),
  demanding('webauthn: 0, assertions: 2'),
  demanding('hardware: 1'),
  demanding('', { band: 'classes: 3' }),
  demanding('', { band: 'enrolments: 2' }),
  demanding('', { wallet: 'hardware: 1' }),
  demanding('webauthn: 0', { band: 'classes: 2', wallet: 'assertions: 3' }),
);

const decisions: readonly (readonly [
  string,
  (policy: Policy, evidence: Evidence[], account: Evidence[]) => Verdict,
])[] = [
  ['a withdrawal', (policy, given) => decideWithdrawal(withdrawalCase({ policy, evidence: given }))],
  ['a destination', (policy, given) => decideDestination(destinationCase({ policy, evidence: given }))],
  [
    'a transaction',
    (policy, given) =>
      decideTransaction(
        transactionCase({
          policy,
          wallet: policy.wallets.get(walletId),
          withdrawals: [{ ...paid(), evidence: given }],
        }),
      ),
  ],
  [
    'a further factor',
    (policy, given, account) =>
      decideFactor(
        factorCase({
          policy,
          evidence: given,
          intent: factorIntent({ attested_by: id(0) }),
          voucher: { present: false },
          everEnrolled: 1,
          usesService: account.length % 2 === 0,
          factors: account.flatMap(({ factor }) => factor ?? []),
        }),
      ),
  ],
];

describe('A1, A5: how much evidence there is', () => {
  for (const [what, decide] of decisions) {
    it(`decides alone: of ${what}, more genuine evidence never makes what passed fail, nor less what failed pass`, () => {
      let [passed, failed] = [0, 0];
      fc.assert(
        fc.property(policies, pieces, fc.nat(), (policy, given, at) => {
          const [kept, all] = [given.filter((_, i) => i !== at % 5), given];
          const [less, more] = [decide(policy, kept, all), decide(policy, all, all)];
          if (less.approved) expect(more.refusal?.message).toBeUndefined();
          if (more.approved) passed++;
          else failed++;
        }),
        { numRuns: 400 },
      );
      expect(passed).toBeGreaterThan(20);
      expect(failed).toBeGreaterThan(20);
    });
  }

  it('what is not genuine is never passed over, however much there is beside it', () => {
    const bad: Evidence = {
      verification: { genuine: false, reason: 'signature-invalid', message: 'no' },
      factor: of('device', 7).factor,
    };
    for (const [, decide] of decisions) {
      const good = [of('hardware', 0), of('totp', 1), service('mfa.example', 2)];
      expect(decide(demanding(''), good, good).approved).toBe(true);
      expect(decide(demanding(''), [...good, bad], good).refusal?.reason).toBe('signature-invalid');
    }
  });

  it('A1: the same factor again, or another token of the same service, adds nothing', () => {
    const judged = (base: string, ...given: Evidence[]) =>
      evidenceSufficient.judge({ policy: demanding(base), evidence: given });
    const key = of('device', 0);
    expect(judged('assertions: 2', key, key)).toMatchObject({ passed: false, message: 'needs one more factor' });
    const tokens = [service('mfa.example', 1), service('mfa.example', 2)];
    expect(judged('webauthn: 0, assertions: 2', ...tokens).passed).toBe(false);
    expect(judged('webauthn: 0, assertions: 2', ...tokens, service('other.example', 3)).passed).toBe(true);
    expect(judged('enrolments: 2', key, ...tokens)).toMatchObject({ message: 'needs one more enrolled factor' });
    expect(judged('enrolments: 2', key, of('totp', 1)).passed).toBe(true);
  });

  it('A5: a synced passkey where hardware is demanded is refused by name, with what there is', () => {
    const verdict = decideWithdrawal(
      withdrawalCase({ policy: demanding('hardware: 1'), evidence: [of('synced', 0), of('totp', 1)] }),
    );
    expect(verdict.refusal).toEqual({
      passed: false,
      reason: 'attestation-insufficient',
      message: 'needs one more factor of class hardware',
      details: { takes: 'one WebAuthn assertion by a factor of class hardware', has: '1 webauthn and 1 totp' },
    });
  });

  it('a withdrawal takes what every approval takes and what its amount does', () => {
    const policy = demanding('webauthn: 2', { band: 'classes: 2' });
    expect(withdrawalDemand(withdrawalCase({ policy }))).toMatchObject({ webauthn: 2, classes: 2, assertions: 3 });
    expect(withdrawalDemand(withdrawalCase({ policy: demanding('') }))).toMatchObject({ assertions: 1, webauthn: 1 });
  });
});

describe('A6: one-time codes', () => {
  it('A6: never stand alone, whatever a policy demands', () => {
    const codes = [of('totp', 0), of('totp', 1)];
    const policy = demanding('webauthn: 0', { accepts: 'totp, mfa-service' });
    expect(evidenceSufficient.judge({ policy, evidence: codes }).passed).toBe(true);
    expect(secondFactorOnly.judge({ policy, evidence: codes })).toMatchObject({
      passed: false,
      reason: 'attestation-insufficient',
      message: 'a one-time code is a second factor only: needs one more factor of class mfa-service',
    });
    for (const [what, decide] of decisions) expect(decide(policy, codes, codes).approved, what).toBe(false);
    for (const other of [of('device', 2), service('mfa.example', 3)])
      expect(secondFactorOnly.judge({ policy, evidence: [...codes, other] }).passed).toBe(true);
  });

  it('A6: a token of another account is no token', () => {
    const policy = demanding('webauthn: 0');
    const foreign = mfaToken('mfa.example', { account: 'bob' as AccountId });
    const verdict = decideWithdrawal(withdrawalCase({ policy, evidence: [of('totp', 0), foreign] }));
    expect(verdict.refusal?.reason).toBe('factor-foreign');
  });
});

describe('a policy’s demands', () => {
  it('without any, is one WebAuthn assertion', () => {
    expect(demanding('').evidence).toMatchObject({
      assertions: 1,
      classes: 1,
      enrolments: 1,
      webauthn: 1,
      hardware: 0,
    });
  });

  it('of no WebAuthn at all, still is one piece of evidence', () => {
    expect(demanding('webauthn: 0').evidence).toMatchObject({ assertions: 1, enrolments: 0, webauthn: 0 });
  });

  it('are told in English', () => {
    const told = (policy: Policy) => sayPolicy(policy).flatMap(({ sentences }) => sentences);
    const whole = told(demanding('', { band: 'classes: 2', wallet: 'hardware: 1' }));
    expect(whole).toContain("A customer's approval takes one WebAuthn assertion.");
    expect(whole).toContain('A withdrawal that hot-1 pays takes one WebAuthn assertion by a factor of class hardware.');
  });

  const refused = (base: string, more: Parameters<typeof demanding>[1] = {}) => {
    try {
      demanding(base, more);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return 'parsed';
  };
  const never = 'demands more than anyone can give: with every factor that policy.evidence.accepts lets count';

  it.each<[string, string, Parameters<typeof demanding>[1], string]>([
    [
      'two classes of one',
      'classes: 2',
      { accepts: 'device, synced' },
      `policy.evidence: ${never} (device and synced), still needs one more factor of a class other than webauthn`,
    ],
    [
      'three classes of two',
      '',
      { accepts: 'device, totp', band: 'classes: 3' },
      `policy.bands[0]: ${never} (device and totp), still needs one more factor of a class other than webauthn and totp`,
    ],
    [
      'hardware that does not count',
      '',
      { accepts: 'device', wallet: 'hardware: 1' },
      `policy.wallets[hot-1].evidence: ${never} (device), still needs one more factor of class hardware`,
    ],
    [
      'WebAuthn that does not count',
      '',
      { accepts: 'totp, mfa-service' },
      `policy.evidence: ${never} (totp and mfa-service), still needs one more WebAuthn assertion`,
    ],
    [
      'more services than there are',
      'webauthn: 0, assertions: 3',
      { accepts: 'mfa-service' },
      `policy.evidence: ${never} (mfa-service), still needs one more factor`,
    ],
    [
      'nothing by WebAuthn or a service',
      'webauthn: 0',
      { accepts: 'device, totp' },
      'policy.evidence.webauthn: is 0: then only tokens of an MFA service name a payment, and policy.evidence.accepts does not name mfa-service',
    ],
    [
      'codes alone',
      'webauthn: 0',
      { accepts: 'totp' },
      'policy.evidence.webauthn: is 0: then only tokens of an MFA service name a payment, and policy.evidence.accepts does not name mfa-service',
    ],
    [
      'more than a request carries',
      'webauthn: 4, enrolments: 8',
      { band: 'classes: 3' },
      'policy.evidence: with what bands and wallets demand it takes more than 8 attestations, and a request carries no more',
    ],
    ['a wallet’s nothing', '', { wallet: ' ' }, 'policy.wallets[0].evidence: demands nothing'],
    [
      'a band’s one class',
      '',
      { band: 'classes: 1' },
      'policy.bands[0].classes: expected a whole number from 2 to 3, got "1"',
    ],
    [
      'a band’s no WebAuthn',
      '',
      { band: 'webauthn: 0' },
      'policy.bands[0].webauthn: expected a whole number from 1 to 4, got "0"',
    ],
    [
      'a member that is none',
      '',
      { wallet: 'accepts: [device]' },
      'policy.wallets[0].evidence.accepts: is not a member that is known here',
    ],
  ])('%s: refused with where and why', (_, base, more, why) => {
    expect(refused(base, more)).toBe(why);
  });

  it('that can be met are taken', () => {
    expect(refused('webauthn: 0, assertions: 2', { accepts: 'mfa-service' })).toBe('parsed');
    expect(refused('webauthn: 4, enrolments: 7', { band: 'classes: 3' })).toBe('parsed');
    expect(refused('webauthn: 0, classes: 2', { accepts: 'totp, mfa-service' })).toBe('parsed');
  });

  it('name no MFA service whose key they do not have', () => {
    const without = () => policyOf((d) => d.replace('accepts: [device, synced]', 'accepts: [device, mfa-service]'));
    expect(without).toThrow('policy.evidence.accepts: names mfa-service, and policy.attesters has no key of one');
  });
});
