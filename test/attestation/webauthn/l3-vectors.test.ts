import { describe, expect, it } from 'vitest';
import { verifyAssertion } from '../../../src/attestation/webauthn/assertion.ts';
import { parseAuthenticatorData } from '../../../src/attestation/webauthn/authenticator-data.ts';
import { parseCborMap } from '../../../src/attestation/webauthn/cbor.ts';
import { parseCoseKey } from '../../../src/attestation/webauthn/cose-key.ts';
import { verifyRegistration } from '../../../src/attestation/webauthn/registration.ts';
import { parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { parseDigest, parseFactorId, parseInstant } from '../../../src/domain/index.ts';
import { type Vector, vectors, vectorsMissing, whySkipped } from '../vectors.ts';
import { base64url, outcome, utf8 } from './credential.ts';

// W3C Web Authentication Level 3, "Test Vectors". Not every vector asks the authenticator to verify its user.
const rpId = 'example.org';
const origins = ['https://example.org'];

/** What differs from genuine, and why. */
const crossOrigin = ['none-es256-crossOrigin', 'none-es256-topOrigin'];
const otherAlgorithms: Readonly<Record<string, string>> = {
  'packed-es512': 'has the algorithm -36', // not accepted: no authenticator that matters has it
  'packed-ed448': 'has the algorithm -53', // not accepted: no authenticator that matters has it
};
/** Class by the vectors' own authority; what is not `hardware` says why. */
const classes: Readonly<Record<string, string>> = {
  'none-es256': 'synced: it can be backed up',
  'none-es256-long-credential-id': 'synced: it can be backed up',
  'packed-self-es256': 'synced: it can be backed up',
  'packed-es256': 'synced: it can be backed up',
  'packed-es384': 'synced: it can be backed up',
  'packed-rs256': 'synced: it can be backed up',
  'packed-eddsa': 'hardware',
  // Its manufacturer is a placeholder; TCG's registry (§8.3.1: "identifies a TPM manufacturer") has no such one.
  'tpm-es256':
    'attestation-invalid: the attestation does not verify: "Error: Could not match TPM manufacturer \\"id:00000000\\" (TPM)"',
  'android-key-es256': 'synced: it can be backed up',
  'apple-es256': 'synced: it can be backed up',
  'fido-u2f-es256': 'hardware',
};

const all = vectors('webauthn/l3.json')
  .at('vectors')
  .list()
  .map((vector): [string, Vector] => [vector.at('id').text(), vector]);
const file = vectors('webauthn/l3.json');
const only = (wanted: (id: string) => boolean) => all.filter(([id]) => wanted(id));

function attested(vector: Vector) {
  const authData = parseCborMap(vector.at('registration').at('attestationObject').bytes(), 'vector').get('authData');
  if (!(authData instanceof Uint8Array)) throw new TypeError('no authData');
  const data = parseAuthenticatorData(authData);
  if (data.attested === undefined) throw new TypeError('no attested credential');
  return { ...data, ...data.attested };
}

function approved(vector: Vector): string {
  const { id, coseKey, backupEligible, backupState, signCount } = attested(vector);
  const credential = parseFactorId(base64url(id), 'id');
  const answer = vector.at('authentication');
  const assertion = {
    kind: 'webauthn' as const,
    credential,
    authenticatorData: answer.at('authenticatorData').bytes(),
    clientData: answer.at('clientDataJSON').bytes(),
    signature: answer.at('signature').bytes(),
  };
  const factor = { id: credential, coseKey, class: 'device' as const, signCount, backupEligible, backupState };
  const digest = parseDigest(answer.at('challenge').text(), 'challenge');
  return outcome(verifyAssertion(assertion, { digest, factor, rpId, origins, userVerification: false }));
}

const now = parseInstant('2026-07-01T00:00:00Z', 'now');
const authorities = () => [{ name: 'W3C', certificate: parseCertificate(file.at('attestation_ca_cert').bytes()) }];

async function enrolled(vector: Vector): Promise<string> {
  const { id } = attested(vector);
  const made = vector.at('registration');
  const json = JSON.stringify({
    id: base64url(id),
    rawId: base64url(id),
    type: 'public-key',
    clientExtensionResults: {},
    response: {
      clientDataJSON: base64url(made.at('clientDataJSON').bytes()),
      attestationObject: base64url(made.at('attestationObject').bytes()),
    },
  });
  const challenge = base64url(made.at('challenge').bytes());
  const verification = await verifyRegistration(utf8(json), {
    rpId,
    origins,
    userVerification: false,
    challenge: (answered) => base64url(answered) === challenge,
    models: { authorities: authorities(), aaguids: undefined, metadata: undefined, now },
  });
  if (!verification.genuine) return `${verification.reason}: ${verification.message}`;
  const { class: class_, notHardware } = verification.registration;
  return notHardware === undefined ? class_ : `${class_}: ${notHardware}`;
}

describe.skipIf(vectorsMissing)(`W3C WebAuthn Level 3 test vectors${whySkipped}`, () => {
  it('are all judged below', () => {
    expect(all).toHaveLength(15);
  });

  it.each(only((id) => !crossOrigin.includes(id) && !(id in otherAlgorithms)))(
    '%s: the assertion is genuine',
    (_, vector) => {
      expect(approved(vector)).toBe('genuine');
    },
  );

  it.each(only((id) => crossOrigin.includes(id)))(
    'A5: %s is refused, since nobody may frame the page',
    async (_, vector) => {
      expect(approved(vector)).toBe('cross-origin');
      expect(await enrolled(vector)).toMatch(/^cross-origin: /);
    },
  );

  it.each(only((id) => id in otherAlgorithms))('%s is refused for its algorithm', (id, vector) => {
    expect(() => parseCoseKey(attested(vector).coseKey)).toThrow(otherAlgorithms[id]);
  });

  it.each(only((id) => id in classes))(
    '%s: the registration is of the class that its attestation proves',
    async (id, vector) => {
      expect(await enrolled(vector)).toBe(classes[id]);
    },
  );

  it('are judged for what they are: all but frames, algorithms and a placeholder are genuine', () => {
    const judged = [...crossOrigin, ...Object.keys(otherAlgorithms), ...Object.keys(classes)];
    expect(all.map(([id]) => id).sort()).toEqual(judged.sort());
  });
});
