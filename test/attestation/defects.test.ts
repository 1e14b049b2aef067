import { describe, expect, it } from 'vitest';
import { type ExpectedMfaToken, verifyMfaToken } from '../../src/attestation/mfa-token.ts';
import { type ExpectedVoucher, verifyVoucher } from '../../src/attestation/voucher.ts';
import { verifyAssertion } from '../../src/attestation/webauthn/assertion.ts';
import { verifyRegistration } from '../../src/attestation/webauthn/registration.ts';
import { parseAccountId, parseDigest, parseFactorId, parseInstant, parseStationName } from '../../src/domain/index.ts';
import { assertion, es256, expected, origin, rpId } from './webauthn/credential.ts';
import { registration } from './webauthn/registration-fixture.ts';

// What the customer sent is refused with its reason; what the station got wrong is not the customer's.

const defect = new Error('a defect');
const broken = (): never => {
  throw defect;
};

describe('a defect of the station’s own is not told as a refusal, but thrown', () => {
  it('by an assertion', () => {
    const wanted = {
      ...expected(es256),
      get digest() {
        return broken();
      },
    };
    expect(() => verifyAssertion(assertion(es256), wanted)).toThrow(defect);
  });

  it('by a registration', async () => {
    const wanted = { rpId, origins: [origin], userVerification: true, challenge: broken };
    await expect(verifyRegistration(registration(), wanted)).rejects.toBe(defect);
  });

  const of = {
    station: parseStationName(`${'0a'.repeat(16)}/1`, 'station'),
    account: parseAccountId('alice', 'account'),
    now: parseInstant('2022-01-17T00:46:00Z', 'now'),
  };

  it('by a voucher', () => {
    const wanted: ExpectedVoucher = {
      ...of,
      credential: parseFactorId(es256.id, 'credential'),
      key: parseDigest('5e'.repeat(32), 'key'),
      get keys() {
        return broken();
      },
    };
    expect(() => verifyVoucher('a.b.c', wanted)).toThrow(defect);
  });

  it('by an MFA token', () => {
    const wanted: ExpectedMfaToken = {
      ...of,
      digest: parseDigest('5e'.repeat(32), 'digest'),
      get keys() {
        return broken();
      },
    };
    expect(() => verifyMfaToken('a.b.c', wanted)).toThrow(defect);
  });
});
