import { describe, expect, it } from 'vitest';
import { parseCoseKey, verifiesUnder } from '../../../src/attestation/webauthn/cose-key.ts';
import { type Vector, vectors, vectorsMissing, whySkipped } from '../vectors.ts';
import { bytes, eddsaCoseKey, es256CoseKey, es384CoseKey, rs256CoseKey } from './credential.ts';

function disagreements(
  file: string,
  coseKey: (group: Vector) => Uint8Array,
  of: (group: Vector) => boolean = () => true,
): { judged: number; wrong: string[] } {
  const wrong: string[] = [];
  let judged = 0;
  for (const group of vectors(file).at('testGroups').list().filter(of)) {
    const key = parseCoseKey(coseKey(group));
    for (const test of group.at('tests').list()) {
      judged++;
      const verifies = verifiesUnder(key, test.at('msg').bytes(), test.at('sig').bytes());
      if (verifies !== (test.at('result').text() === 'valid')) wrong.push(test.at('comment').text());
    }
  }
  return { judged, wrong };
}

describe.skipIf(vectorsMissing)(`Wycheproof${whySkipped}`, () => {
  it('ecdsa_secp256r1_sha256: ES256 verifies exactly what is valid, in strict DER', () => {
    const key = (group: Vector) => es256CoseKey(group.at('publicKey').at('uncompressed').bytes());
    expect(disagreements('wycheproof/ecdsa_secp256r1_sha256_test.json', key)).toEqual({ judged: 484, wrong: [] });
  });

  it('ecdsa_secp384r1_sha384: ES384 verifies exactly what is valid, in strict DER', () => {
    const key = (group: Vector) => es384CoseKey(group.at('publicKey').at('uncompressed').bytes());
    expect(disagreements('wycheproof/ecdsa_secp384r1_sha384_test.json', key)).toEqual({ judged: 504, wrong: [] });
  });

  // "acceptable" is MissingNull, a DigestInfo without its NULL, which RFC 8017 §9.2 lets a verifier refuse; OpenSSL does. Groups
  // whose exponent is 3 have keys that are not accepted at all.
  it('rsa_signature_2048_sha256: RS256 verifies exactly what is valid', () => {
    const modulus = (group: Vector) => bytes(group.at('publicKey').at('modulus').text().replace(/^00/, ''));
    const exponent = (group: Vector) => group.at('publicKey').at('publicExponent').text();
    const file = 'wycheproof/rsa_signature_2048_sha256_test.json';
    const groups = vectors(file).at('testGroups').list();
    const small = groups.filter((group) => exponent(group) === '03');
    for (const group of small)
      expect(() => parseCoseKey(rs256CoseKey(modulus(group), '000003'))).toThrow('the exponent 65537');
    const key = (group: Vector) => rs256CoseKey(modulus(group));
    const judged = disagreements(file, key, (group) => exponent(group) !== '03');
    expect({ ...judged, small: small.length }).toEqual({ judged: 257, wrong: [], small: 2 });
  });

  it('ed25519: EdDSA verifies exactly what is valid', () => {
    const key = (group: Vector) => eddsaCoseKey(group.at('publicKey').at('pk').bytes());
    expect(disagreements('wycheproof/ed25519_test.json', key)).toEqual({ judged: 151, wrong: [] });
  });
});
