import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAuthenticatorData } from '../../../src/attestation/webauthn/authenticator-data.ts';
import type { TrustedModels } from '../../../src/attestation/webauthn/authenticator-model.ts';
import { parseCborMap } from '../../../src/attestation/webauthn/cbor.ts';
import { verifyRegistration } from '../../../src/attestation/webauthn/registration.ts';
import { reasons } from '../../../src/domain/index.ts';
import { TestAuthority } from '../x509/authority.ts';
import { AT, authenticatorData, base64url, bytes, ED, es256, origin, rpId, UP, UV, utf8 } from './credential.ts';
import { aaguid, attested, registration } from './registration-fixture.ts';
import { androidKey, apple, fidoU2f, identityKey, packed, stated, tpm, trusting } from './statements.ts';

// Whatever arrives is refused with a reason of the catalogue that is the caller's fault, or is what it says; nothing throws, and
// nothing takes longer than its bytes are worth: a response of more than 16 KiB is not looked at.

let models: TrustedModels;
let good: readonly Uint8Array[];
beforeAll(async () => {
  const root = await TestAuthority.root();
  const middle = await root.issue();
  models = trusting(root);
  good = [
    registration(),
    await packed(await middle.batch(), [middle]),
    fidoU2f(await root.batch()),
    await androidKey(root),
    await apple(root),
    tpm(await identityKey(root)),
  ];
});

async function judged(json: Uint8Array, aaguids?: readonly string[]): Promise<string> {
  const verification = await verifyRegistration(json, {
    rpId,
    origins: [origin],
    userVerification: true,
    challenge: () => true,
    models: { ...models, aaguids },
  });
  if (verification.genuine) return verification.registration.class;
  expect(reasons[verification.reason].code).not.toBe('INTERNAL');
  expect(verification.message.length).toBeLessThan(1000);
  return `${verification.reason}: ${verification.message}`;
}

function modelAndKey(json: Uint8Array): unknown {
  const object = new Uint8Array(Buffer.from(parsed(json).response.attestationObject, 'base64url'));
  const authData = parseCborMap(object, 'the object').get('authData');
  return authData instanceof Uint8Array ? parseAuthenticatorData(authData).attested : undefined;
}

interface Response {
  readonly id: string;
  readonly response: { readonly attestationObject: string; readonly clientDataJSON: string };
}
const parsed = (json: Uint8Array): Response => JSON.parse(new TextDecoder().decode(json));

/** The same response with another attestation object. */
function withObject(json: Uint8Array, change: (object: Uint8Array) => Uint8Array): Uint8Array {
  const response = parsed(json);
  const object = change(new Uint8Array(Buffer.from(response.response.attestationObject, 'base64url')));
  return utf8(
    JSON.stringify({ ...response, response: { ...response.response, attestationObject: base64url(object) } }),
  );
}

describe('A5: bad registrations, fuzzed', () => {
  it('cut off anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (which, at) => {
        const json = good[which % good.length] ?? new Uint8Array();
        const answer = await judged(withObject(json, (object) => object.slice(0, at % object.length)));
        expect(answer).toMatch(/^attestation-invalid: /);
      }),
      { numRuns: 400 },
    );
  });

  it('with any bytes changed: of another model, or another key, nothing is hardware', async () => {
    const edit = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(edit, { minLength: 1, maxLength: 3 }), async (which, edits) => {
        const json = good[1 + (which % (good.length - 1))] ?? new Uint8Array();
        const bad = withObject(json, (object) => {
          for (const [at, value] of edits) object[at % object.length] = (object[at % object.length] ?? 0) ^ value;
          return object;
        });
        const answer = await judged(bad, [aaguid]);
        if (answer === 'hardware') expect(modelAndKey(bad)).toEqual(modelAndKey(json));
      }),
      { numRuns: 1500 },
    );
  });

  it('with any CBOR for a statement', async () => {
    const formats = fc.constantFrom(
      'none',
      'packed',
      'tpm',
      'apple',
      'android-key',
      'fido-u2f',
      'android-safetynet',
      'compound',
    );
    const value = fc.oneof(
      fc.integer({ min: -300, max: 60_000 }),
      fc.string({ maxLength: 20 }),
      fc.uint8Array({ maxLength: 90 }),
    );
    const values = fc.oneof(value, fc.array(value, { maxLength: 4 }));
    const names = fc.constantFrom('alg', 'sig', 'x5c', 'ver', 'certInfo', 'pubArea', 'response', '', 'é');
    await fc.assert(
      fc.asyncProperty(formats, fc.dictionary(names, values), async (format, statement) => {
        const answer = await judged(stated(format, {}, statement));
        expect(answer).toMatch(
          format === 'none' && Object.keys(statement).length === 0 ? /^device$/ : /^attestation-invalid: /,
        );
      }),
      { numRuns: 800 },
    );
  });

  it('with any authenticator data', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(255), async (rest, flags) => {
        const data = authenticatorData({ flags: flags | UP | UV | AT, rest });
        expect(await judged(registration({ data }))).toMatch(/^[a-z-]+: /);
      }),
      { numRuns: 800 },
    );
  });
});

describe('A5: bad registrations, each', () => {
  const inner = (members: Record<string, unknown>) => registration({ inner: members });
  const x5c = (count: number, certificate: Uint8Array) =>
    stated('packed', {}, { alg: -7, sig: new Uint8Array(70), x5c: Array(count).fill(certificate) });
  const extended = (extensions: Uint8Array) =>
    registration({ data: authenticatorData({ flags: UP | UV | AT | ED, rest: bytes(attested(es256), extensions) }) });
  it.each([
    ['a megabyte of nothing', () => new Uint8Array(1024 * 1024), /^malformed: .* 1 to 16384 bytes/],
    ['a megabyte of spaces', () => utf8(' '.repeat(1024 * 1024)), /^malformed: .* 1 to 16384 bytes/],
    ['a megabyte of brackets', () => utf8('['.repeat(1024 * 1024)), /^malformed: /],
    ['16 KiB of brackets', () => utf8('['.repeat(16_384)), /^malformed: /],
    ['16 KiB of objects in objects', () => utf8('{"a":'.repeat(3276)), /^malformed: /],
    [
      'client data that are not UTF-8',
      () => inner({ clientDataJSON: base64url(bytes('7bff7d')) }),
      /^[a-z-]+: .*UTF-8/,
    ],
    ['client data of nothing', () => inner({ clientDataJSON: '' }), /^attestation-invalid: /],
    ['thousands of certificates', () => x5c(4000, bytes('00')), /^attestation-invalid: .* 1 to 6 certificates/],
    ['certificates beyond the response', () => x5c(200, new Uint8Array(1000)), /^malformed: /],
    ['a certificate of 10 KiB', () => x5c(1, new Uint8Array(10_000)), /^attestation-invalid: .* longer than 8192/],
    ['a certificate of sequences in sequences', () => x5c(1, bytes('3080'.repeat(4000))), /^attestation-invalid: /],
    ['a certificate of long lengths', () => x5c(1, bytes('3083ffffff'.repeat(1600))), /^attestation-invalid: /],
    [
      'huge extensions',
      () => extended(bytes('a16161590fa0', new Uint8Array(4000))),
      /^attestation-invalid: .* 37 to 4096 bytes/,
    ],
    [
      'extensions in extensions',
      () => extended(bytes('a16161'.repeat(20), 'a0')),
      /^attestation-invalid: .*deeper than four/,
    ],
    ['extensions that are a list', () => extended(bytes('80')), /^attestation-invalid: .* not a CBOR map/],
    [
      'CBOR that announces 2^53 members',
      () => withObject(registration(), () => bytes('bb001fffffffffffff')),
      /^attestation-invalid: /,
    ],
    [
      'CBOR that announces 2^31 bytes',
      () => withObject(registration(), () => bytes('5a80000000')),
      /^attestation-invalid: /,
    ],
    [
      'CBOR of lists in lists',
      () => withObject(registration(), () => bytes('81'.repeat(10_000))),
      /^attestation-invalid: .*deeper than four/,
    ],
    [
      'a statement of lists in lists',
      () => stated('packed', {}, { alg: -7, sig: [[[[[[1]]]]]] }),
      /^attestation-invalid: .*deeper than four/,
    ],
    [
      'a key of 1 KiB',
      () => registration({ credential: { ...es256, coseKey: bytes('a1015903fc', new Uint8Array(1020)) } }),
      /^attestation-invalid: .* 1024 bytes/,
    ],
  ])('%s', async (_, make, message) => {
    expect(await judged(make())).toMatch(message);
  });
});
