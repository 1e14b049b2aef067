import { describe, expect, it } from 'vitest';
import { type Cbor, encodeCbor } from '../../../simulators/authenticator/cbor.ts';

const hex = (value: Cbor): string => Buffer.from(encodeCbor(value)).toString('hex');

describe('RFC 8949 appendix A: the examples of the forms that the simulator uses', () => {
  it.each<[Cbor, string]>([
    [0, '00'],
    [1, '01'],
    [10, '0a'],
    [23, '17'],
    [24, '1818'],
    [25, '1819'],
    [100, '1864'],
    [1000, '1903e8'],
    [-1, '20'],
    [-10, '29'],
    [-100, '3863'],
    [-1000, '3903e7'],
    ['', '60'],
    ['a', '6161'],
    ['IETF', '6449455446'],
    ['ü', '62c3bc'],
    [Uint8Array.of(), '40'],
    [Uint8Array.of(1, 2, 3, 4), '4401020304'],
    [new Map(), 'a0'],
    [
      new Map([
        [3, 4],
        [1, 2],
      ]),
      'a201020304',
    ],
  ])('%j', (value, expected) => {
    expect(hex(value)).toBe(expected);
  });

  it('sorts keys as CTAP 2.1 §8 wants: by type, then length, then bytes', () => {
    const keys: (number | string)[] = ['aa', 'b', -1, 100, 10, 'a', -100];
    expect(hex(new Map(keys.map((key) => [key, 0])))).toBe('a70a00186400200038630061610061620062616100');
  });

  it('refuses a number that it has no form for', () => {
    for (const number of [65536, -65537, 1.5, Number.NaN]) expect(() => encodeCbor(number)).toThrow(RangeError);
  });
});
