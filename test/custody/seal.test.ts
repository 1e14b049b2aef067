import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decrypt, encrypt } from '../../src/custody/aes-gcm.ts';
import { Keyring, sealedUnder, sealingKeyId } from '../../src/custody/seal.ts';
import { Refusal } from '../../src/domain/index.ts';
import { vectors, vectorsMissing, whySkipped } from '../attestation/vectors.ts';

const testKey = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const nonce = testKey(7).subarray(0, 12);
const plain = new TextEncoder().encode('a test secret');
const ring = new Keyring([testKey(1), testKey(2)]);
const sealed = ring.seal('code-secret', 'row-1', plain, nonce);

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof Refusal ? `${error.reason}: ${error.message}` : 'an error';
  }
  return 'nothing';
}

describe('sealing', () => {
  it('is undone for its own purpose and row alone', () => {
    expect(ring.unseal('code-secret', 'row-1', sealed)).toEqual(plain);
    expect(() => ring.unseal('code-secret', 'row-2', sealed)).toThrow();
    expect(() => ring.unseal('code-enrolment', 'row-1', sealed)).toThrow();
    expect(() => ring.unseal('signed-transaction', 'row-1', sealed)).toThrow();
  });

  it('shows a change of any byte', () => {
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = sealed.map((byte, i) => (i === at ? byte ^ flip : byte));
        expect(() => ring.unseal('code-secret', 'row-1', changed)).toThrow();
      }),
    );
  });

  it('shows a cut at any place, and a byte too many', () => {
    for (let length = 0; length < sealed.length; length++)
      expect(() => ring.unseal('code-secret', 'row-1', sealed.subarray(0, length))).toThrow();
    expect(() => ring.unseal('code-secret', 'row-1', Uint8Array.of(...sealed, 0))).toThrow();
  });

  it('is under the newest key, and opens what a former one sealed', () => {
    const before = new Keyring([testKey(2)]).seal('code-secret', 'row-1', plain, nonce);
    expect(sealedUnder(sealed)).toBe(sealingKeyId(testKey(1)));
    expect(sealedUnder(before)).toBe(sealingKeyId(testKey(2)));
    expect(ring.unseal('code-secret', 'row-1', before)).toEqual(plain);
    expect(ring.current).toBe(sealingKeyId(testKey(1)));
    expect(ring.former).toEqual([sealingKeyId(testKey(2))]);
    expect(ring.has(sealingKeyId(testKey(3)))).toBe(false);
  });

  it('by a key that is not at hand names it', () => {
    const gone = new Keyring([testKey(3)]).seal('code-secret', 'row-1', plain, nonce);
    expect(reasonOf(() => ring.unseal('code-secret', 'row-1', gone))).toBe(
      `sealing-key-missing: it is sealed under the key ${sealingKeyId(testKey(3))}, which config.keys.sealing does not name`,
    );
  });

  it('of another version is not read', () => {
    const other = sealed.map((byte, i) => (i === 0 ? 1 : byte));
    expect(() => sealedUnder(other)).toThrow('unknown version');
    expect(() => sealedUnder(sealed.subarray(0, 36))).toThrow('unknown version');
    expect(() => sealedUnder(new Uint8Array())).toThrow('unknown version');
  });

  it('takes a key of 32 bytes, once, and a nonce of 12', () => {
    expect(() => new Keyring([])).toThrow('no sealing key');
    expect(() => new Keyring([testKey(1), testKey(2).subarray(1)])).toThrow('32 bytes, this one 31');
    expect(() => new Keyring([testKey(1), testKey(2), testKey(1)])).toThrow('twice');
    expect(() => ring.seal('code-secret', 'row-1', plain, testKey(7))).toThrow('12 bytes, this one 32');
  });
});

describe.skipIf(vectorsMissing)(`Wycheproof aes_gcm_test.json${whySkipped}`, () => {
  const file = vectors('wycheproof/aes_gcm_test.json');

  it('AES-256 with a 96-bit nonce and a 128-bit tag: what is valid opens and is made alike, what is invalid does not open', () => {
    let valid = 0;
    let invalid = 0;
    for (const group of file.at('testGroups').list()) {
      const of = (name: string): number => group.at(name).number();
      if (of('keySize') !== 256 || of('ivSize') !== 96 || of('tagSize') !== 128) continue;
      for (const test of group.at('tests').list()) {
        const [key, iv, aad, msg] = ['key', 'iv', 'aad', 'msg'].map((name) => test.at(name).bytes());
        if (key === undefined || iv === undefined || aad === undefined || msg === undefined) throw new Error('no test');
        const whole = Uint8Array.of(...test.at('ct').bytes(), ...test.at('tag').bytes());
        if (test.at('result').text() === 'valid') {
          expect(encrypt(key, iv, aad, msg)).toEqual(whole);
          expect(decrypt(key, iv, aad, whole)).toEqual(msg);
          valid++;
        } else {
          expect(() => decrypt(key, iv, aad, whole)).toThrow();
          invalid++;
        }
      }
    }
    expect([valid, invalid]).toEqual([39, 27]);
  });

  it('other lengths of keys and nonces are refused, valid or not: nothing is sealed with them', () => {
    let refused = 0;
    for (const group of file.at('testGroups').list()) {
      if (group.at('keySize').number() === 256 && group.at('ivSize').number() === 96) continue;
      for (const test of group.at('tests').list()) {
        const whole = Uint8Array.of(...test.at('ct').bytes(), ...test.at('tag').bytes());
        const [key, iv, aad] = [test.at('key').bytes(), test.at('iv').bytes(), test.at('aad').bytes()];
        expect(() => decrypt(key, iv, aad, whole)).toThrow();
        refused++;
      }
    }
    expect(refused).toBe(316 - 66);
  });
});
