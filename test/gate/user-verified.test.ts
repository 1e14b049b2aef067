import { describe, expect, it } from 'vitest';
import type { AccountId } from '../../src/domain/index.ts';
import type { Evidence } from '../../src/gate/cases.ts';
import { decideTransaction } from '../../src/gate/decide.ts';
import { usersVerified, userVerified } from '../../src/gate/rules/user-verified.ts';
import { evidence, paid, transactionCase } from './hand-made.ts';

const verified = evidence();
const unverified = ((): Evidence => {
  const { verification, ...rest } = evidence({ class: 'hardware' });
  if (!verification.genuine || verification.evidence.kind !== 'webauthn') throw new Error('not an assertion');
  return { ...rest, verification: { genuine: true, evidence: { ...verification.evidence, userVerified: false } } };
})();
const code = evidence({ class: 'totp' });
const token: Evidence = {
  verification: {
    genuine: true,
    evidence: { kind: 'mfa-token', issuer: 'mfa.example', kid: 'm1', account: 'alice' as AccountId, jti: 'j' },
  },
  factor: undefined,
};

const judged = (...of: Evidence[]): string => {
  const judgement = userVerified.judge({ evidence: of });
  return judgement.passed ? 'passed' : judgement.reason;
};

describe('A5: an attestation without user verification', () => {
  it('is never the only one, however many there are', () => {
    expect(judged(unverified)).toBe('user-not-verified');
    expect(judged(unverified, unverified)).toBe('user-not-verified');
  });

  it('adds to an assertion with it, or to an MFA service’s word, but not to a code', () => {
    expect(judged(unverified, verified)).toBe('passed');
    expect(judged(token, unverified)).toBe('passed');
    expect(judged(unverified, code)).toBe('user-not-verified');
  });

  it('is not what stands in the way where there is none', () => {
    for (const of of [[], [verified], [token], [code]]) expect(judged(...of)).toBe('passed');
  });

  it('D4: is judged again before a signature', () => {
    const of = (...kept: Evidence[]) => transactionCase({ withdrawals: [paid(), { ...paid(), evidence: kept }] });
    expect(usersVerified.judge(of(verified)).passed).toBe(true);
    expect(usersVerified.judge(of(unverified))).toMatchObject({ passed: false, reason: 'user-not-verified' });
    const one = { ...transactionCase(), withdrawals: [{ ...paid(), evidence: [unverified] }] };
    const { outcomes } = decideTransaction(one);
    expect(outcomes.find(({ rule }) => rule === 'users-verified')?.judgement).toMatchObject({ passed: false });
  });
});
