import { KeyObject } from 'node:crypto';
import { p384 } from '@noble/curves/nist.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { androidKey as judgeAndroidKey } from '../../../src/attestation/webauthn/android-key.ts';
import { parseCoseKey } from '../../../src/attestation/webauthn/cose-key.ts';
import { fidoU2f as judgeFidoU2f } from '../../../src/attestation/webauthn/fido-u2f.ts';
import { Refusal, sha256 } from '../../../src/domain/index.ts';
import { TestAuthority } from '../x509/authority.ts';
import { bytes, es256, es384CoseKey, rpId, type TestCredential, utf8 } from './credential.ts';
import { attestationObject, registration } from './registration-fixture.ts';
import { androidKey, classed, clientDataHash, dataOf, fidoU2f, packed, stated, trusting } from './statements.ts';

// WebAuthn L3 §8: what a statement is refused for before anybody asks who made it.

let root: TestAuthority;
beforeAll(async () => {
  root = await TestAuthority.root();
});

describe('A5: the format of an attestation statement', () => {
  const all = 'accepted are none, packed, tpm, apple, android-key, fido-u2f';
  it.each([
    ['android-safetynet', '71616e64726f69642d7361666574796e6574', '"android-safetynet"'],
    ['__proto__', '695f5f70726f746f5f5f', '"__proto__"'],
    ['a number', '00', '"0"'],
    ['a list of one', '81646e6f6e65', 'none'],
    ['null', 'f6', 'null'],
  ])('%s is refused, and the others are named', async (_, fmt, named) => {
    const object = attestationObject(dataOf(es256), fmt);
    const answer = await classed(registration({ object }), trusting(root));
    expect(answer).toMatch(/^attestation-invalid: the attestation statement has the format /);
    expect(answer).toContain(named);
    expect(answer).toContain(all);
  });

  it('that is missing is refused', async () => {
    const [fmt, authData] = ['63666d74646e6f6e65', dataOf(es256)];
    const whole = attestationObject(authData);
    const without = bytes('a2', whole.subarray(1 + fmt.length / 2));
    expect(await classed(registration({ object: without }), trusting(root))).toContain('has the format');
  });
});

describe('A5: the certificates of an attestation statement', () => {
  it('may be six, and not seven', async () => {
    const above: TestAuthority[] = [];
    for (let by = root; above.length < 6; above.unshift(by)) by = await by.issue({ subject: `CN=Below ${by.subject}` });
    const [lowest = root, next = root] = above;
    expect(await classed(await packed(await next.batch(), above.slice(1)), trusting(root))).toBe('hardware');
    expect(await classed(await packed(await lowest.batch(), above), trusting(root))).toContain('1 to 6 certificates');
  });

  it('may be of another algorithm than the credential', async () => {
    const publicExponent = Uint8Array.of(1, 0, 1);
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent, hash: 'SHA-256' };
    const batch = await root.batch({ algorithm });
    const change = { alg: -257 };
    expect(await classed(await packed(batch, [], { change }), trusting(root))).toBe('hardware');
  });
});

describe('A5: a judge of statements', () => {
  const rest = () => ({
    authData: dataOf(es256),
    clientDataHash,
    credential: { aaguid: '00'.repeat(16), id: Buffer.from(es256.id, 'base64url'), coseKey: es256.coseKey },
    key: parseCoseKey(es256.coseKey),
    rpIdHash: sha256(utf8(rpId)),
    statement: new Map([['sig', es256.sign(bytes(dataOf(es256), clientDataHash))]]),
  });

  it('refuses a statement without a certificate', () => {
    for (const judge of [judgeAndroidKey, judgeFidoU2f]) expect(() => judge(rest(), [])).toThrow(Refusal);
  });
});

describe('A5: an android-key statement', () => {
  it('by another algorithm than its key’s is refused, though its key fits', async () => {
    for (const alg of [-8, -35, -257])
      expect(await classed(await androidKey(root, {}, { change: { alg } }), trusting(root))).toContain(
        'its signature is not by its certificate’s key',
      );
  });

  it('by a key that takes no hash is refused where its algorithm names one, and is no fault of the station’s', async () => {
    const leaf = await root.batch({ algorithm: { name: 'Ed25519' } });
    const { x = '' } = KeyObject.from(leaf.keys.publicKey).export({ format: 'jwk' });
    const coseKey = bytes('a4010103272006215820', Buffer.from(x, 'base64url'));
    const credential = { id: es256.id, coseKey, sign: () => new Uint8Array() };
    for (const alg of [-7, -257])
      expect(
        await classed(
          stated('android-key', { credential }, { alg, sig: new Uint8Array(64), x5c: [leaf.der] }),
          trusting(root),
        ),
      ).toContain('its signature is not by its certificate’s key');
  });

  it('with a security level that is none is not of hardware', async () => {
    for (const levels of [
      [0xff, 1],
      [1, 0x80],
    ] as const)
      expect(await classed(await androidKey(root, { levels }), trusting(root))).toBe(
        'device: Android keeps its key in software',
      );
  });
});

describe('A5: a fido-u2f statement', () => {
  it('is of an ES256 credential only, however good its signature', async () => {
    const secret = new Uint8Array(48).fill(9); // a test key
    const point = p384.getPublicKey(secret, false);
    const credential: TestCredential = { id: es256.id, coseKey: es384CoseKey(point), sign: (message) => message };
    const batch = await root.batch();
    const id = Buffer.from(es256.id, 'base64url');
    const sig = batch.sign(bytes('00', sha256(utf8(rpId)), clientDataHash, id, point));
    const json = stated('fido-u2f', { credential }, { sig, x5c: [batch.der] });
    expect(await classed(json, trusting(root))).toContain('is of a credential that is not ES256');
  });

  it('by a key that is on no curve is refused', async () => {
    const publicExponent = Uint8Array.of(1, 0, 1);
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent, hash: 'SHA-256' };
    const rsa = await root.batch({ algorithm });
    expect(await classed(fidoU2f(rsa), trusting(root))).toContain('is not by a key on P-256');
  });
});
