import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCborMap, readCbor } from '../../../src/attestation/webauthn/cbor.ts';
import { Refusal } from '../../../src/domain/index.ts';
import { bytes } from './credential.ts';

const read = (hex: string) => readCbor(bytes(hex), 0, 'the item');

describe('canonical CBOR (WebAuthn L3 §2.4, CTAP2)', () => {
  // RFC 8949, appendix A.
  it.each([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['18ff', 255],
    ['190100', 256],
    ['19ffff', 65535],
    ['1a00010000', 65536],
    ['1affffffff', 4294967295],
    ['1b000000e8d4a51000', 1000000000000],
    ['20', -1],
    ['3863', -100],
    ['3903e7', -1000],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['60', ''],
    ['62c3bc', 'ü'],
    ['64f0908591', '𐅑'],
    ['4401020304', bytes('01020304')],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['a0', new Map()],
    [
      'a201020304',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [
      'a26161016162820203',
      new Map<string, unknown>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
    [
      'a40a002000616100626161f4',
      new Map<unknown, unknown>([
        [10, 0],
        [-1, 0],
        ['a', 0],
        ['aa', false],
      ]),
    ],
  ])('%s is read', (hex, value) => {
    expect(read(hex)).toEqual({ value, end: hex.length / 2 });
  });

  it.each([
    ['nothing', '', 'its end too early'],
    ['an argument cut off', '19ff', 'its end too early'],
    ['text cut off', '6261', 'its end too early'],
    ['a list cut off', '8201', 'its end too early'],
    ['a list of 2^32 items', '9affffffff00', 'its end too early'],
    ['bytes of 2^50', '5b000400000000000000', 'its end too early'],
    ['0 in two bytes', '1800', 'shortest form'],
    ['23 in two bytes', '1817', 'shortest form'],
    ['255 in three bytes', '1900ff', 'shortest form'],
    ['65535 in five bytes', '1a0000ffff', 'shortest form'],
    ['2^32 - 1 in nine bytes', '1b00000000ffffffff', 'shortest form'],
    ['a length in a longer form', '580100', 'shortest form'],
    ['2^64 - 1', '1bffffffffffffffff', 'beyond 2^53'],
    ['2^53 - 1, whose negative has no number', '3b001fffffffffffff', 'beyond 2^53'],
    ['indefinite bytes', '5f42010243030405ff', 'indefinite'],
    ['an indefinite list', '9fff', 'indefinite'],
    ['an indefinite map', 'bfff', 'indefinite'],
    ['a reserved length', '1c', 'indefinite or reserved'],
    ['a tag', 'c001', 'a tag'],
    ['a half', 'f93c00', 'floating-point'],
    ['a double', 'fb3ff199999999999a', 'floating-point'],
    ['undefined', 'f7', 'unknown simple'],
    ['a break', 'ff', 'unknown simple'],
    ['invalid UTF-8', '62c328', 'not UTF-8'],
    ['a key twice', 'a201000100', 'out of order or repeated'],
    ['keys out of order', 'a202000100', 'out of order'],
    ['a negative key before a positive one', 'a220000100', 'out of order'],
    ['a long key before a short one', 'a2626161006162' + '00', 'out of order'],
    ['a map as a key', 'a1a000', 'a map key'],
    ['bytes as a key', 'a1410000', 'a map key'],
    ['five levels', '818181818100', 'deeper than four'],
    ['five levels of maps', 'a100a100a100a100a10000', 'deeper than four'],
    ['a thousand levels', '81'.repeat(1000), 'deeper than four'],
  ])('%s is refused', (_, hex, message) => {
    expect(() => read(hex)).toThrow(Refusal);
    expect(() => read(hex)).toThrow(message);
  });

  it('has four levels at most', () => {
    expect(read('8181818100')).toEqual({ value: [[[[0]]]], end: 5 });
  });

  it('reads from any place, in a larger buffer too', () => {
    expect(readCbor(bytes('ffff1903e800').subarray(1), 1, 'the item')).toEqual({ value: 1000, end: 4 });
  });

  it('gives bytes of their own', () => {
    const source = bytes('4101');
    const { value } = readCbor(source, 0, 'the item');
    source.fill(0);
    expect(value).toEqual(bytes('01'));
  });

  it('of any bytes is read, or refused: never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
        try {
          parseCborMap(input, 'the item');
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
