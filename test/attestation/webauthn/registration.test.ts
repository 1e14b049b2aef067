import { describe, expect, it } from 'vitest';
import { verifyRegistration } from '../../../src/attestation/webauthn/registration.ts';
import { type AuthenticatorClass, digestOf, sha256 } from '../../../src/domain/index.ts';
import {
  AT,
  authenticatorData,
  BE,
  BS,
  base64url,
  bytes,
  challenge,
  ED,
  eddsa,
  es256,
  origin,
  rpId,
  UP,
  UV,
  utf8,
} from './credential.ts';
import { aaguid, attestationObject, attested, type Parts, registration } from './registration-fixture.ts';

const expected = {
  rpId,
  origins: [origin],
  challenge: (answered: Uint8Array) => base64url(answered) === challenge,
  userVerification: true,
};

const verified = (json: Uint8Array, further: Partial<typeof expected> = {}) =>
  verifyRegistration(json, { ...expected, ...further });

async function judged(parts: Parts, further: Partial<typeof expected> = {}): Promise<string> {
  const verification = await verified(registration(parts), further);
  return verification.genuine ? 'genuine' : `${verification.reason}: ${verification.message}`;
}

describe('a registration', () => {
  it.each([
    ['ES256', es256],
    ['EdDSA', eddsa],
  ])('of an %s credential says what enrolment remembers, the key in its exact bytes', async (_, credential) => {
    expect(await verified(registration({ credential }))).toEqual({
      genuine: true,
      registration: {
        credential: credential.id,
        coseKey: credential.coseKey,
        key: digestOf(credential.coseKey),
        class: 'device',
        userVerified: true,
        signCount: 5,
        backupEligible: false,
        backupState: false,
        aaguid,
        attested: undefined,
        notHardware: 'its attestation (none) is nobody’s word but its own',
      },
    });
  });

  it.each([
    [BE, false],
    [BE | BS, true],
  ])('A5: of a credential that can be backed up (flags %i) is of the class synced', async (flags, backupState) => {
    const verification = await verified(registration({ flags: UP | UV | flags }));
    expect(verification).toMatchObject({ registration: { class: 'synced', backupEligible: true, backupState } });
  });

  it.each([16, 1023])('may have a credential id of %i bytes', async (length) => {
    const credential = { ...es256, id: base64url(new Uint8Array(length).fill(7)) };
    expect(await verified(registration({ credential }))).toMatchObject({ registration: { credential: credential.id } });
  });

  it('may carry extensions after its key', async () => {
    const data = authenticatorData({ flags: UP | UV | AT | ED, rest: bytes(attested(es256), 'a16161f5') });
    expect(await verified(registration({ data }))).toMatchObject({ registration: { coseKey: es256.coseKey } });
  });
});

describe('A5: a registration is refused', () => {
  it.each([
    ['for another challenge', { client: { challenge: base64url(sha256(utf8('other'))) } }, 'challenge-mismatch'],
    ['for a challenge that is a number', { client: { challenge: 7 } }, 'challenge-mismatch'],
    ['for a challenge that is no base64url', { client: { challenge: `${challenge}=` } }, 'challenge-mismatch'],
    ['of another ceremony', { client: { type: 'webauthn.get' } }, 'attestation-invalid: the client data has the type'],
    ['made on another origin', { client: { origin: 'https://evil.example' } }, 'origin-mismatch'],
    ['made in a frame of another origin', { client: { crossOrigin: true } }, 'cross-origin'],
    ['with a topOrigin', { client: { topOrigin: origin } }, 'cross-origin'],
    ['for another RP', { rp: 'evil.example' }, 'rp-mismatch'],
    ['without a person present', { flags: UV }, 'user-not-present'],
    ['without the person verified', { flags: UP }, 'user-not-verified'],
    ['backed up though it can’t be', { flags: UP | UV | BS }, 'backup-state-invalid'],
    ['with two names for its credential', { outer: { rawId: eddsa.id } }, 'credential-mismatch'],
    ['with the name of another credential', { outer: { id: eddsa.id, rawId: eddsa.id } }, 'credential-mismatch'],
    [
      'without a credential',
      { data: authenticatorData() },
      'attestation-invalid: the authenticator data carry no credential',
    ],
  ])('%s', async (_, parts, reason) => {
    expect(await judged(parts)).toContain(reason);
  });

  it.each([
    ['with a key for another algorithm', { ...es256, coseKey: bytes('a30103033901002001') }],
    [
      'with a key off the curve',
      { ...es256, coseKey: Uint8Array.from(es256.coseKey, (b, i) => (i === 76 ? b ^ 1 : b)) },
    ],
    ['with a key of small order', { ...es256, coseKey: bytes('a4010103272006215820', '00'.repeat(32)) }],
    ['with a credential id of 15 bytes', { ...es256, id: base64url(new Uint8Array(15)) }],
  ])('%s', async (_, credential) => {
    const data = authenticatorData({ flags: UP | UV | AT, rest: attested(credential) });
    expect(await judged({ data })).toMatch(/^attestation-invalid: the (credential’s public key|authenticator data)/);
  });

  const header = (idLength: string) => bytes(aaguid, idLength);
  it.each([
    ['cut off in its AAGUID', bytes(aaguid.slice(2))],
    ['cut off in its credential id', bytes(header('0020'), '00'.repeat(31))],
    ['cut off before its key', bytes(header('0010'), '00'.repeat(16))],
    ['with a credential id of 1024 bytes', bytes(header('0400'), '00'.repeat(1024), es256.coseKey)],
    ['with a byte after its key', bytes(attested(es256), '00')],
  ])('with attested data %s', async (_, rest) => {
    expect(await judged({ data: authenticatorData({ flags: UP | UV | AT, rest }) })).toMatch(/^attestation-invalid: /);
  });

  const data = authenticatorData({ flags: UP | UV | AT, rest: attested(es256) });
  it.each([
    ['packed, without a statement', attestationObject(data, '667061636b6564'), '(packed) has no alg'],
    [
      'of android-safetynet, which is dead',
      attestationObject(data, '71616e64726f69642d7361666574796e6574'),
      'has the format "android-safetynet"',
    ],
    ['of a format that every object has', attestationObject(data, '68746f537472696e67'), 'has the format "toString"'],
    ['of no format', attestationObject(data, '00'), 'has the format "0"'],
    ['with a further member', bytes('a4', attestationObject(data).subarray(1), '6178', '00'), 'not canonical CBOR'],
    ['with a further member in its place', bytes('a40000', attestationObject(data).subarray(1)), 'has further members'],
    [
      'none, with a statement all the same',
      attestationObject(data, '646e6f6e65', 'a1616100'),
      'has the unexpected member "a"',
    ],
    ['without authenticator data', bytes('a263666d74646e6f6e656761747453746d74a0'), 'has no authenticator data'],
    ['whose statement is no map', attestationObject(data, '646e6f6e65', '80'), 'is not a CBOR map'],
    ['followed by a byte', bytes(attestationObject(data), '00'), '1 bytes after its end'],
    ['that is no CBOR', utf8('{}'), 'not canonical CBOR'],
    ['empty', bytes(''), 'not canonical CBOR'],
  ])('with an attestation %s', async (_, object, message) => {
    const answer = await judged({ object });
    expect(answer).toMatch(/^attestation-invalid: /);
    expect(answer).toContain(message);
  });
});

describe('a registration’s JSON is refused', () => {
  it.each([
    ['with an unknown member', { outer: { prf: 1 } }, 'registration has the unknown member "prf"'],
    ['with an unknown member inside', { inner: { prf: 1 } }, 'registration.response has the unknown member "prf"'],
    ['without an id', { outer: { id: undefined } }, 'registration.id is missing'],
    ['with a number for an id', { outer: { id: 7 } }, 'registration.id must be a string'],
    ['with a padded id', { outer: { id: `${es256.id}=` } }, 'registration.id'],
    ['with an id that spells no bytes', { outer: { id: `${es256.id}A` } }, 'registration.id is not base64url'],
    ['of another type', { outer: { type: 'password' } }, 'registration.type must be public-key'],
    ['without a response', { outer: { response: null } }, 'registration.response must be an object'],
    ['with client data that are no base64url', { inner: { clientDataJSON: '{}' } }, 'clientDataJSON is not base64url'],
    [
      'with an attestation that is no base64url',
      { inner: { attestationObject: 'a+b' } },
      'attestationObject is not base64url',
    ],
    ['longer than 16 KiB', { outer: { clientExtensionResults: 'x'.repeat(16384) } }, 'must be 1 to 16384 bytes'],
  ])('%s', async (_, parts, message) => {
    const answer = await judged(parts);
    expect(answer).toMatch(/^malformed: /);
    expect(answer).toContain(message);
  });

  it.each([
    ['no JSON', utf8('{')],
    ['a list', utf8('[]')],
    ['invalid UTF-8', bytes(registration().slice(0, -1), 'ff7d')],
    ['with a member twice', utf8(new TextDecoder().decode(registration()).replace('{', '{"id":"x",'))],
  ])('%s', async (_, json) => {
    expect(await verified(json)).toMatchObject({ genuine: false, reason: 'malformed' });
  });
});

it('is looked at up to 16 KiB, and from one byte on', async () => {
  expect(await verified(bytes(''))).toMatchObject({
    reason: 'malformed',
    message: 'the registration must be 1 to 16384 bytes, got 0',
  });
  const padding = (length: number) => registration({ outer: { clientExtensionResults: { x: 'x'.repeat(length) } } });
  const most = 16_384 - padding(0).length;
  expect(await verified(padding(most))).toMatchObject({ genuine: true });
  expect(await verified(padding(most + 1))).toMatchObject({ genuine: false, reason: 'malformed' });
});

it('A5: user verification is asked for only where policy wants it', async () => {
  expect(await judged({ flags: UP }, { userVerification: false })).toBe('genuine');
});

it('A5: user verification is not wanted of the classes that policy excuses, and of every other', async () => {
  const excusing = async (unverified: readonly AuthenticatorClass[] | undefined, flags = UP) => {
    const further = unverified === undefined ? {} : { unverified };
    const verification = await verifyRegistration(registration({ flags }), { ...expected, ...further });
    return verification.genuine ? verification.registration.userVerified : verification.message;
  };
  const refused = 'the authenticator did not verify its user, and policy wants it of class device (UV is not set)';
  expect(await excusing(undefined)).toBe(refused);
  expect(await excusing([])).toBe(refused);
  expect(await excusing(['hardware', 'synced'])).toBe(refused);
  expect(await excusing(['hardware', 'device'])).toBe(false);
  expect(await excusing(['device'], UP | UV)).toBe(true);
});

it('may name a key of the browser’s for payments, which is not used', async () => {
  const client = { payment: { browserBoundPublicKey: 'pQECAyYg' } };
  expect(await judged({ client })).toBe('genuine');
});
