import { describe, expect, it } from 'vitest';
import { Authenticator } from '../../../simulators/authenticator/authenticator.ts';
import { parseCreationOptions } from '../../../simulators/authenticator/options.ts';
import { checkEnrolmentChallenge, makeEnrolmentChallenge } from '../../../src/attestation/challenge.ts';
import { verifyAssertion } from '../../../src/attestation/webauthn/assertion.ts';
import { creationOptions, userHandle, verifyRegistration } from '../../../src/attestation/webauthn/registration.ts';
import {
  type Assertion,
  digestOf,
  parseAccountId,
  parseFactorId,
  parseInstant,
  type VerifiedRegistration,
} from '../../../src/domain/index.ts';
import { origin, rpId, utf8 } from './credential.ts';

const key = new Uint8Array(32).fill(7); // a test key
const alice = parseAccountId('alice', 'account');
const now = parseInstant('2022-01-17T00:46:00Z', 'now');
const challenge = makeEnrolmentChallenge(key, 1, alice, now, new Uint8Array(10));
const enrolment = { account: alice, rpId, rpName: 'Example Exchange', userName: 'Approvals', challenge, enrolled: [] };

const device = (further: object = {}) => new Authenticator({ origin, seed: new Uint8Array(32).fill(3), ...further });

async function enrolled(authenticator: Authenticator): Promise<VerifiedRegistration> {
  const options = parseCreationOptions(JSON.stringify(creationOptions(enrolment)));
  const verification = await verifyRegistration(utf8(JSON.stringify(authenticator.create(options))), {
    rpId,
    origins: [origin],
    userVerification: true,
    challenge: (answered) => checkEnrolmentChallenge(key, 1, alice, now, answered) === 'ok',
  });
  if (!verification.genuine) throw new Error(verification.message);
  return verification.registration;
}

describe('creation options', () => {
  it('ask for a verified person, no attestation, and the algorithms that are accepted', () => {
    const credential = parseFactorId('A'.repeat(22), 'id');
    expect(creationOptions({ ...enrolment, enrolled: [credential] })).toEqual({
      rp: { id: rpId, name: 'Example Exchange' },
      user: { id: userHandle(alice), name: 'Approvals', displayName: 'Approvals' },
      challenge: Buffer.from(challenge).toString('base64url'),
      pubKeyCredParams: [
        { type: 'public-key', alg: -8 },
        { type: 'public-key', alg: -7 },
        { type: 'public-key', alg: -35 },
        { type: 'public-key', alg: -257 },
      ],
      timeout: 900_000,
      excludeCredentials: [{ type: 'public-key', id: credential }],
      authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'required' },
      attestation: 'none',
    });
  });

  const asked = (further: object) => {
    const { authenticatorSelection, extensions, attestation } = creationOptions({ ...enrolment, ...further });
    const { userVerification, authenticatorAttachment } = authenticatorSelection ?? {};
    return { userVerification, authenticatorAttachment, extensions, attestation };
  };
  const plain = {
    userVerification: 'required',
    authenticatorAttachment: undefined,
    extensions: undefined,
    attestation: 'none',
  };

  it('ask for an attestation where policy trusts somebody’s word', () => {
    expect(asked({ attested: true })).toEqual({ ...plain, attestation: 'direct' });
    expect(asked({ attested: false })).toEqual(plain);
  });

  it('leave verification to the authenticator where policy does not want it, and never for payments', () => {
    expect(asked({ verified: true })).toEqual(plain);
    expect(asked({ verified: false })).toEqual({ ...plain, userVerification: 'preferred' });
    expect(asked({ verified: false, payment: true }).userVerification).toBe('required');
    expect(asked({ verified: false, payment: false })).toEqual({ ...plain, userVerification: 'preferred' });
  });

  it('ask the device’s own authenticator for a credential of payments', () => {
    const extensions = { payment: { isPayment: true } };
    expect(asked({ payment: true })).toEqual({ ...plain, authenticatorAttachment: 'platform', extensions });
    expect(asked({ payment: false })).toEqual(plain);
    expect(creationOptions({ ...enrolment, payment: false })).toEqual(creationOptions(enrolment));
  });

  it('name the user by a hash of the account', () => {
    expect(userHandle(alice)).toBe(
      Buffer.from(digestOf(utf8('portcullis/user/v1\0alice')), 'hex').toString('base64url'),
    );
  });
});

describe('a passkey', () => {
  it.each([
    ['on a device', 'ES256', { algorithms: [-7] }, 'device'],
    ['on a device', 'EdDSA', { algorithms: [-8] }, 'device'],
    ['on a device', 'ES384', { algorithms: [-35] }, 'device'],
    ['on a device', 'RS256', { algorithms: [-257] }, 'device'],
    ['synced', 'ES256', { algorithms: [-7], backup: 'synced' }, 'synced'],
  ])(
    '%s (%s) that was enrolled approves an intent, once for each value of its counter',
    async (_, __, settings, type) => {
      const authenticator = device(settings);
      const registration = await enrolled(authenticator);
      expect(registration.class).toBe(type);
      const digest = digestOf(utf8('a test intent'));
      const answer = authenticator.get({ challenge: Buffer.from(digest, 'hex').toString('base64url'), rpId });
      const assertion: Assertion = {
        kind: 'webauthn',
        credential: parseFactorId(answer.id, 'id'),
        authenticatorData: Buffer.from(answer.response.authenticatorData, 'base64url'),
        clientData: Buffer.from(answer.response.clientDataJSON, 'base64url'),
        signature: Buffer.from(answer.response.signature, 'base64url'),
      };
      const factor = { ...registration, id: registration.credential };
      const expected = { digest, factor, rpId, origins: [origin], userVerification: true };
      const verification = verifyAssertion(assertion, expected);
      expect(verification).toMatchObject({ genuine: true, evidence: { factor: registration.credential, class: type } });
      if (!verification.genuine || verification.evidence.signCount === 0) return;
      const { signCount } = verification.evidence;
      const again = verifyAssertion(assertion, { ...expected, factor: { ...factor, signCount } });
      expect(again).toMatchObject({ genuine: false, reason: 'counter-regressed' });
    },
  );
});
