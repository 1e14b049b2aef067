import { describe, expect, it } from 'vitest';
import { verifyAssertion } from '../../../src/attestation/webauthn/assertion.ts';
import { assertion, authenticatorData, es256, expected, judged, outcome } from './credential.ts';

describe('the signature counter', () => {
  it.each([
    [0, 0, 'genuine'],
    [0, 1, 'genuine'],
    [6, 7, 'genuine'],
    [6, 0xffffffff, 'genuine'],
    [6, 6, 'counter-regressed'],
    [6, 5, 'counter-regressed'],
    [6, 0, 'counter-regressed'],
    [0xffffffff, 0, 'counter-regressed'],
  ])('A5: from %i to %i is %s', (then, now, result) => {
    expect(judged({ data: authenticatorData({ signCount: now }) }, { signCount: then })).toBe(result);
  });

  const told = (then: number, now: number, movingCounter?: boolean): string => {
    const data = authenticatorData({ signCount: now });
    const wanted = expected(es256, { signCount: then }, movingCounter === undefined ? {} : { movingCounter });
    const verification = verifyAssertion(assertion(es256, { data }), wanted);
    return verification.genuine ? 'genuine' : verification.message;
  };

  it('A5: must move where policy wants it of its class', () => {
    const of = (then: number) =>
      `the authenticator’s counter is 0, and was ${then} before; it must have grown${then === 0 ? ', as policy wants of its class' : ''}`;
    expect(told(0, 0, true)).toBe(of(0));
    expect(told(0, 1, true)).toBe('genuine');
    expect(told(6, 0, true)).toBe(of(6));
    expect(told(0, 0, false)).toBe('genuine');
    expect(told(6, 0, false)).toBe(of(6));
  });

  it('A5: makes nobody look copied by data that the authenticator never signed', () => {
    const sent = { ...assertion(es256), authenticatorData: authenticatorData({ signCount: 1 }) };
    expect(outcome(verifyAssertion(sent, expected(es256)))).toBe('signature-invalid');
  });
});
