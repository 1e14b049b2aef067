import { describe, expect, it } from 'vitest';
import { type AccountId, parseAccountId } from '../../src/domain/index.ts';
import type { Evidence } from '../../src/gate/cases.ts';
import { factorsUsable } from '../../src/gate/rules/evidence-genuine.ts';
import { tokensUnspent } from '../../src/gate/rules/evidence-unspent.ts';
import { withdrawalCase } from './hand-made.ts';

const of = withdrawalCase();
const policy = { ...of.policy, evidence: { ...of.policy.evidence, accepts: ['mfa-service' as const] } };

function token(further: { account?: AccountId; jti?: string; issuer?: string; by?: string } = {}): Evidence {
  const { account = of.intent.intent.account, jti = 'a-test-token-0001', issuer = 'mfa.example', by } = further;
  return {
    verification: { genuine: true, evidence: { kind: 'mfa-token', issuer, kid: 'one', account, jti } },
    factor: undefined,
    spent: by === undefined ? undefined : { key: `mfa:${issuer}:${jti}`, by },
  };
}

describe('A7: a token that verified', () => {
  const usable = (evidence: Evidence, accepts = policy) =>
    factorsUsable.judge({ ...of, policy: accepts, evidence: [evidence] });

  it('counts for its own account, where policy accepts tokens', () => {
    expect(usable(token())).toMatchObject({ passed: true });
    expect(usable(token({ account: parseAccountId('mallory', 'account') }))).toMatchObject({
      reason: 'factor-foreign',
    });
    expect(usable(token(), of.policy as typeof policy)).toMatchObject({ reason: 'factor-class-refused' });
  });

  it('counts once: whatever it was used for, and also within one request', () => {
    const judged = (...evidence: Evidence[]) => tokensUnspent.judge({ evidence });
    expect(judged(token(), token({ jti: 'a-test-token-0002' }), token({ issuer: 'other.example' }))).toMatchObject({
      passed: true,
    });
    expect(judged(token(), token({ jti: 'a-test-token-0002', by: 'entry e-1' }))).toMatchObject({
      reason: 'attestation-spent',
      message: 'this token of mfa.example was used for entry e-1',
    });
    expect(judged(token(), token())).toMatchObject({ reason: 'attestation-spent' });
  });
});
