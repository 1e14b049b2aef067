import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type VerifiedRegistrationResponse,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator, type AuthenticatorSettings } from '../../../simulators/authenticator/authenticator.ts';
import type { Deviation } from '../../../simulators/authenticator/deviation.ts';
import { parseCreationOptions, parseRequestOptions } from '../../../simulators/authenticator/options.ts';
import { AuthenticatorError } from '../../../simulators/authenticator/refusal.ts';

const rpId = 'approve.example.com';
const origin = `https://${rpId}`;
// A test seed: every key in this file derives from it.
const seed = new Uint8Array(32).fill(7);
const challenge = Buffer.from(new Uint8Array(32).fill(1)).toString('base64url');

const creation = {
  rp: { id: rpId, name: 'Approvals' },
  user: { id: 'YWxpY2U', name: 'alice', displayName: 'Alice' },
  challenge,
  pubKeyCredParams: [
    { type: 'public-key', alg: -8 },
    { type: 'public-key', alg: -7 },
  ],
  authenticatorSelection: { userVerification: 'required' },
};
const request = { challenge, rpId, userVerification: 'required' };

function device(settings: Partial<AuthenticatorSettings> = {}): Authenticator {
  return new Authenticator({ origin, seed, ...settings });
}

type Registered = NonNullable<VerifiedRegistrationResponse['registrationInfo']>;

async function register(authenticator: Authenticator, deviation: Deviation = {}): Promise<Registered> {
  const response = authenticator.create(creation, deviation);
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    supportedAlgorithmIDs: [-7, -8],
  });
  if (!verified || registrationInfo === undefined) throw new Error('not verified');
  return registrationInfo;
}

function assertion(authenticator: Authenticator, { credential }: Registered, deviation: Deviation = {}) {
  return verifyAuthenticationResponse({
    response: authenticator.get(request, deviation),
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    credential,
  });
}

function refusalOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof AuthenticatorError) return error.reason;
    throw error;
  }
}

describe('the simulated authenticator, seen by @simplewebauthn/server', () => {
  it.each([
    ['ES256', -7],
    ['EdDSA', -8],
  ])('registers and asserts with %s', async (_, alg) => {
    const authenticator = device({ algorithms: [alg], aaguid: '01020304-0506-0708-090a-0b0c0d0e0f10' });
    const registered = await register(authenticator);
    expect(registered.fmt).toBe('none');
    expect(registered.aaguid).toBe('01020304-0506-0708-090a-0b0c0d0e0f10');
    expect(registered.userVerified).toBe(true);
    for (const newCounter of [1, 2]) {
      const { verified, authenticationInfo } = await assertion(authenticator, registered);
      expect(verified).toBe(true);
      expect(authenticationInfo).toMatchObject({ newCounter, userVerified: true, origin, rpID: rpId });
    }
  });

  it('answers the options that the library makes, as JSON', async () => {
    const authenticator = new Authenticator({ origin });
    const creationOptions = await generateRegistrationOptions({ rpName: 'Approvals', rpID: rpId, userName: 'alice' });
    const registration = await verifyRegistrationResponse({
      response: authenticator.create(parseCreationOptions(JSON.stringify(creationOptions))),
      expectedChallenge: creationOptions.challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
    });
    const credential = registration.registrationInfo?.credential;
    if (credential === undefined) throw new Error('not registered');
    const options = await generateAuthenticationOptions({ rpID: rpId, allowCredentials: [{ id: credential.id }] });
    const { verified } = await verifyAuthenticationResponse({
      response: authenticator.get(parseRequestOptions(JSON.stringify(options))),
      expectedChallenge: options.challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      credential,
    });
    expect(verified).toBe(true);
  });

  it.each([
    ['device-bound', 'singleDevice', false, ['usb'], 'cross-platform'],
    ['syncable', 'multiDevice', false, ['hybrid', 'internal'], 'platform'],
    ['synced', 'multiDevice', true, ['hybrid', 'internal'], 'platform'],
  ] as const)('is %s', async (backup, type, backedUp, transports, attachment) => {
    const authenticator = device({ backup });
    const registered = await register(authenticator);
    expect(registered.credentialDeviceType).toBe(type);
    expect(registered.credentialBackedUp).toBe(backedUp);
    expect(registered.credential.transports).toEqual(transports);
    const answer = authenticator.get(request);
    expect(answer.authenticatorAttachment).toBe(attachment);
    const { authenticationInfo } = await assertion(authenticator, registered);
    expect(authenticationInfo.credentialDeviceType).toBe(type);
    expect(authenticationInfo.credentialBackedUp).toBe(backedUp);
  });

  it('has a counter that moves where it is device-bound and stays zero where it is synced, or as told', async () => {
    for (const [settings, counters] of [
      [{ backup: 'device-bound' }, [1, 2]],
      [{ backup: 'synced' }, [0, 0]],
      [{ backup: 'synced', counter: 'moving' }, [1, 2]],
      [{ counter: 'zero' }, [0, 0]],
    ] as const) {
      const authenticator = device(settings);
      const registered = await register(authenticator);
      for (const counter of counters) {
        expect((await assertion(authenticator, registered)).authenticationInfo.newCounter).toBe(counter);
      }
    }
  });

  it('gives the public key as SPKI too', () => {
    for (const alg of [-7, -8]) {
      const authenticator = device({ algorithms: [alg] });
      const { response } = authenticator.create(creation);
      expect(response.publicKeyAlgorithm).toBe(alg);
      const key = createPublicKey({ key: Buffer.from(response.publicKey, 'base64url'), format: 'der', type: 'spki' });
      const answer = authenticator.get(request).response;
      const clientData = Buffer.from(answer.clientDataJSON, 'base64url');
      expect(JSON.parse(clientData.toString())).toEqual({
        type: 'webauthn.get',
        challenge,
        origin,
        crossOrigin: false,
      });
      const hash = createHash('sha256').update(clientData).digest();
      const message = Buffer.concat([Buffer.from(answer.authenticatorData, 'base64url'), hash]);
      expect(verify(alg === -7 ? 'sha256' : null, message, key, Buffer.from(answer.signature, 'base64url'))).toBe(true);
    }
  });
});

describe('a seeded authenticator (test keys)', () => {
  it('repeats itself byte for byte', () => {
    for (const alg of [-7, -8]) {
      const [one, two] = [device({ algorithms: [alg] }), device({ algorithms: [alg] })];
      expect(one.create(creation)).toEqual(two.create(creation));
      expect(one.get(request)).toEqual(two.get(request));
    }
  });

  it('has other keys and ids for another seed, another passkey, another algorithm', () => {
    const other = device({ seed: new Uint8Array(32).fill(8) });
    const first = device();
    const made = [first.create(creation), first.create(creation), other.create(creation)];
    expect(new Set(made.map(({ id }) => id)).size).toBe(3);
    expect(new Set(made.map(({ response }) => response.publicKey)).size).toBe(3);
    const unseeded = [new Authenticator({ origin }), new Authenticator({ origin })].map((a) => a.create(creation).id);
    expect(new Set(unseeded).size).toBe(2);
  });

  it('goes on from its file as if it had never stopped', () => {
    const running = device({ backup: 'syncable', counter: 'moving' });
    running.create(creation);
    running.get(request);
    const resumed = Authenticator.fromJSON(JSON.stringify(running));
    expect(resumed.get(request)).toEqual(running.get(request));
    expect(resumed.create(creation)).toEqual(running.create(creation));
  });

  it('refuses a file that is not its own', () => {
    const state = JSON.stringify(device());
    for (const bad of [
      '',
      'null',
      '[]',
      '{}',
      state.replace('"moving"', '"backwards"'),
      state.replace('"verifiesUser":true', '"verifiesUser":"yes"'),
      state.replace('[-7,-8]', '[-7.5]'),
      state.replace('[-7,-8]', '["-7"]'),
      state.replace('"credentials":[]', '"credentials":{}'),
    ]) {
      expect(bad).not.toBe(state);
      expect(refusalOf(() => Authenticator.fromJSON(bad))).toBe('TypeError');
    }
    expect(refusalOf(() => Authenticator.fromJSON(state))).toBeUndefined();
    expect(() => device({ seed: new Uint8Array(31) })).toThrow(/at least 32 bytes/);
    expect(() => device({ aaguid: 'yubikey' })).toThrow(/AAGUID/);
  });
});

describe('as an honest browser and authenticator it refuses', () => {
  it("an RP ID that isn't the page's, and an insecure page", () => {
    for (const page of ['https://evil.example', `https://${rpId}.evil`, `https://evil-${rpId}`, `http://${rpId}`]) {
      expect(refusalOf(() => device({ origin: page }).create(creation))).toBe('SecurityError');
      expect(refusalOf(() => device({ origin: page }).get(request))).toBe('SecurityError');
    }
    expect(refusalOf(() => device({ origin: `https://pay.${rpId}:8443` }).create(creation))).toBeUndefined();
    const local = { ...creation, rp: { id: 'localhost', name: 'Approvals' } };
    expect(refusalOf(() => device({ origin: 'http://localhost:8080' }).create(local))).toBeUndefined();
  });

  it('algorithms that it lacks, and a passkey that is excluded', () => {
    expect(refusalOf(() => device({ algorithms: [-257] }).create(creation))).toBe('NotSupportedError');
    const authenticator = device();
    const { id } = authenticator.create(creation);
    const again = { ...creation, excludeCredentials: [{ type: 'public-key', id }] };
    expect(refusalOf(() => authenticator.create(again))).toBe('InvalidStateError');
  });

  it('to answer for a passkey that it lacks', () => {
    const authenticator = device();
    expect(refusalOf(() => authenticator.get(request))).toBe('NotAllowedError');
    const { id } = authenticator.create(creation);
    expect(authenticator.get({ ...request, allowCredentials: [{ type: 'public-key', id }] }).id).toBe(id);
    const second = authenticator.create(creation);
    authenticator.create({ ...creation, rp: { id: 'example.com', name: 'Login' } });
    expect(authenticator.get(request).id).toBe(second.id);
    expect(authenticator.get({ ...request, allowCredentials: [{ type: 'public-key', id }] }).id).toBe(id);
    const foreign = { ...request, allowCredentials: [{ type: 'public-key', id: 'AAAA' }] };
    expect(refusalOf(() => authenticator.get(foreign))).toBe('NotAllowedError');
  });

  it("required user verification that it can't do, and leaves UV unset where it is only preferred", async () => {
    const authenticator = device({ verifiesUser: false });
    expect(refusalOf(() => authenticator.create(creation))).toBe('NotAllowedError');
    const preferred = { ...creation, authenticatorSelection: { userVerification: 'preferred' } };
    const { response } = authenticator.create(preferred);
    expect(Buffer.from(response.authenticatorData, 'base64url')[32]).toBe(0x41);
    expect(refusalOf(() => authenticator.get(request))).toBe('NotAllowedError');
  });

  it('leaves UV unset where user verification is discouraged', () => {
    const authenticator = device();
    const { response } = authenticator.create(creation);
    expect(Buffer.from(response.authenticatorData, 'base64url')[32]).toBe(0x45);
    const answer = authenticator.get({ ...request, userVerification: 'discouraged' }).response;
    expect(Buffer.from(answer.authenticatorData, 'base64url')[32]).toBe(0x01);
  });

  it.each([
    ['no JSON', '{'],
    ['no challenge', JSON.stringify({ ...creation, challenge: 5 })],
    ['no RP', JSON.stringify({ ...creation, rp: null })],
    ['a list for the RP', JSON.stringify({ ...creation, rp: [] })],
    ['an algorithm by name', JSON.stringify({ ...creation, pubKeyCredParams: [{ type: 'public-key', alg: 'ES256' }] })],
    ['no algorithms', JSON.stringify({ ...creation, pubKeyCredParams: 'ES256' })],
  ])('options with %s', (_, json) => {
    expect(refusalOf(() => parseCreationOptions(json))).toBe('TypeError');
  });

  it('options, naming the member that is wrong', () => {
    for (const rp of [null, [], 'x']) {
      expect(() => parseCreationOptions(JSON.stringify({ ...creation, rp }))).toThrow('rp must be an object');
    }
  });
});

describe('A5: a deviation reaches the verifier, and only it', () => {
  const authenticator = device({ algorithms: [-7], backup: 'synced', counter: 'moving' });
  let registered: Registered;
  beforeAll(async () => {
    registered = await register(authenticator);
  });

  it.each<[string, Deviation, RegExp]>([
    ['another type', { type: 'payment.get' }, /type/],
    ['another challenge', { challenge: 'AAAA' }, /challenge/],
    ['another origin', { origin: 'https://evil.example' }, /origin/],
    ['another RP ID', { hashedRpId: 'login.example.com' }, /RP ID/],
    ['no user present', { userPresent: false }, /not present/],
    ['no user verified', { userVerified: false }, /could not be verified/],
    ['backed up without being eligible', { backupEligible: false, backedUp: true }, /./],
    ['an id that is not its raw id', { id: 'AAAA' }, /ID/],
  ])('%s', async (_, deviation, message) => {
    await expect(assertion(authenticator, registered, deviation)).rejects.toThrow(message);
    await expect(register(device(), deviation)).rejects.toThrow(message);
    expect((await assertion(authenticator, registered)).verified).toBe(true);
  });

  it('a counter that goes back', async () => {
    const { credential } = registered;
    const seen = { ...registered, credential: { ...credential, counter: 9 } };
    await expect(assertion(authenticator, seen, { counter: 9 })).rejects.toThrow(/counter/);
    expect((await assertion(authenticator, seen, { counter: 10 })).authenticationInfo.newCounter).toBe(10);
  });

  it('backup flags that changed', async () => {
    const moved = await assertion(authenticator, registered, { backupEligible: false, backedUp: false });
    expect(moved.authenticationInfo.credentialDeviceType).toBe('singleDevice');
    const lost = await assertion(authenticator, registered, { backedUp: false });
    expect(lost.authenticationInfo).toMatchObject({ credentialDeviceType: 'multiDevice', credentialBackedUp: false });
  });

  it('a frame in a foreign page', () => {
    const { response } = authenticator.get(request, { crossOrigin: true, topOrigin: 'https://evil.example' });
    expect(JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString())).toEqual({
      type: 'webauthn.get',
      challenge,
      origin,
      crossOrigin: true,
      topOrigin: 'https://evil.example',
    });
  });

  it('client data with members of its own', () => {
    const { response } = authenticator.get(request, { clientData: { tokenBinding: { status: 'present' } } });
    expect(Buffer.from(response.clientDataJSON, 'base64url').toString()).toContain('"tokenBinding"');
  });

  it.each(['signature', 'authenticatorData', 'clientDataJSON'] as const)('a tampered %s', async (tamper) => {
    expect((await assertion(authenticator, registered, { tamper })).verified).toBe(false);
  });

  it('A12: the twin of an ES256 signature, valid in other bytes', async () => {
    const before = JSON.stringify(authenticator);
    const twin = authenticator.get(request, { tamper: 'mirrored-signature' });
    const plain = Authenticator.fromJSON(before).get(request);
    expect(twin.response.signature).not.toBe(plain.response.signature);
    expect({ ...twin.response, signature: '' }).toEqual({ ...plain.response, signature: '' });
    const { verified } = await assertion(authenticator, registered, { tamper: 'mirrored-signature' });
    expect(verified).toBe(true);
  });

  it('signatures with s in either half, as devices make them', () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const halves = Array.from({ length: 20 }, () => {
      const der = Buffer.from(authenticator.get(request).response.signature, 'base64url');
      const s = der.subarray(4 + (der[3] ?? 0) + 2);
      return BigInt(`0x${s.toString('hex')}`) > order / 2n;
    });
    expect(new Set(halves)).toEqual(new Set([true, false]));
  });

  it('no twin of an EdDSA signature, which has none', () => {
    const ed25519 = device({ algorithms: [-8] });
    ed25519.create(creation);
    expect(() => ed25519.get(request, { tamper: 'mirrored-signature' })).toThrow(/only an ES256 signature/);
  });

  it('a tampered registration', async () => {
    await expect(register(device({ algorithms: [-7] }), { tamper: 'clientDataJSON' })).resolves.toBeDefined();
    const honest = device().create(creation).response;
    const tampered = device().create(creation, { tamper: 'authenticatorData' }).response;
    expect(tampered.attestationObject).not.toBe(honest.attestationObject);
  });
});
