import { describe, expect, it } from 'vitest';
import { parseCoseKey, verifiesUnder } from '../../../src/attestation/webauthn/cose-key.ts';
import { type Vector, vectors, vectorsMissing, whySkipped } from '../vectors.ts';
import { eddsaCoseKey, es256CoseKey } from './credential.ts';

function disagreements(file: string, coseKey: (group: Vector) => Uint8Array): { judged: number; wrong: string[] } {
  const wrong: string[] = [];
  let judged = 0;
  for (const group of vectors(file).at('testGroups').list()) {
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

  it('ed25519: EdDSA verifies exactly what is valid', () => {
    const key = (group: Vector) => eddsaCoseKey(group.at('publicKey').at('pk').bytes());
    expect(disagreements('wycheproof/ed25519_test.json', key)).toEqual({ judged: 151, wrong: [] });
  });
});
