import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed } from '../../src/domain/index.ts';
import { encodeSignatures, type InputSignature, parseSignatures } from '../../src/domain/signatures.ts';

const bytes = (length: number, value = 0x11): Uint8Array => new Uint8Array(length).fill(value);
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

const ecdsa: InputSignature = { input: 0, key: bytes(33, 0x02), signature: bytes(71, 0x30) };
const schnorr: InputSignature = { input: 258, key: bytes(32), signature: bytes(64, 0xaa) };

describe('signatures of inputs', () => {
  it('are written as formats.md says', () => {
    expect(hex(encodeSignatures([ecdsa, schnorr]))).toBe(
      `00000000${'21'}${'02'.repeat(33)}0047${'30'.repeat(71)}` +
        `00000102${'20'}${'11'.repeat(32)}0040${'aa'.repeat(64)}`,
    );
  });

  it('are read as they were written', () => {
    const one = fc.record({
      input: fc.nat({ max: 0xffff_ffff }),
      key: fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 33, maxLength: 33 })),
      signature: fc.uint8Array({ minLength: 1, maxLength: 73 }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), (signatures) => {
        const encoded = encodeSignatures(signatures);
        const room = Buffer.concat([Uint8Array.of(0xff), encoded]);
        expect(parseSignatures(room.subarray(1), 'part')).toEqual(signatures);
      }),
    );
  });

  it('of none are nothing', () => {
    expect(encodeSignatures([])).toEqual(new Uint8Array(0));
    expect(parseSignatures(new Uint8Array(0), 'part')).toEqual([]);
  });

  it('that end early are refused, wherever they end', () => {
    const whole = encodeSignatures([ecdsa, schnorr]);
    const first = encodeSignatures([ecdsa]).length;
    for (let end = 1; end < whole.length; end++) {
      if (end === first) continue;
      expect(() => parseSignatures(whole.subarray(0, end), 'part'), `${end}`).toThrow(Malformed);
    }
  });

  it.each([
    ['a key of 31 bytes', { ...ecdsa, key: bytes(31) }],
    ['a key of 34 bytes', { ...ecdsa, key: bytes(34) }],
    ['an uncompressed key', { ...ecdsa, key: bytes(65) }],
    ['an empty signature', { ...ecdsa, signature: bytes(0) }],
    ['a signature of 74 bytes', { ...ecdsa, signature: bytes(74) }],
    ['a negative input', { ...ecdsa, input: -1 }],
    ['an input beyond 32 bits', { ...ecdsa, input: 2 ** 32 }],
    ['half an input', { ...ecdsa, input: 0.5 }],
  ])('with %s are not written', (_, signature) => {
    expect(() => encodeSignatures([signature])).toThrow(RangeError);
  });

  it.each([
    ['a key of 31 bytes', `00000000${'1f'}${'11'.repeat(31)}0001aa`],
    ['a key of 34 bytes', `00000000${'22'}${'11'.repeat(34)}0001aa`],
    ['an empty signature', `00000000${'20'}${'11'.repeat(32)}0000`],
    ['a signature of 74 bytes', `00000000${'20'}${'11'.repeat(32)}004a${'aa'.repeat(74)}`],
  ])('with %s are not read', (_, text) => {
    expect(() => parseSignatures(Uint8Array.from(Buffer.from(text, 'hex')), 'part')).toThrow(/^part: /);
  });
});
