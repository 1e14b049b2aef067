import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hash160, hmacSha512, taggedHash } from '../../../src/chains/bitcoin/hashes.ts';
import { toHex } from '../../../src/domain/index.ts';

it('HMAC-SHA-512 is node:crypto’s, for any key of a block and any data', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 128 }), fc.uint8Array({ maxLength: 300 }), (key, data) => {
      expect(toHex(hmacSha512(key, data))).toBe(createHmac('sha512', key).update(data).digest('hex'));
    }),
  );
});

it('HMAC-SHA-512 takes no key that is longer than a block', () => {
  expect(hmacSha512(new Uint8Array(128), new Uint8Array())).toHaveLength(64);
  expect(() => hmacSha512(new Uint8Array(129), new Uint8Array())).toThrow(RangeError);
});

it('HASH160 of the generator is the program of BIP-173’s example', () => {
  const generator = Buffer.from('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 'hex');
  expect(toHex(hash160(generator))).toBe('751e76e8199196d454941c45d1b3a323f1433bd6');
});

it('a tagged hash is BIP-340’s', () => {
  // BIP-341's wallet vectors, the first: the tweak of an internal key without a script tree.
  const internal = Buffer.from('d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d', 'hex');
  expect(toHex(taggedHash('TapTweak')(internal))).toBe(
    'b86e7be8f39bab32a6f2c0443abbc210f0edac0e2c53d501b36b64437d9c6c70',
  );
});
