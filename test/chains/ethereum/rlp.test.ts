import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeRlp, deepest, encodeRlp, integerBytes, type Rlp } from '../../../src/chains/ethereum/rlp.ts';
import { hex } from './samples.ts';
import { membersOf, readVectors, textOf, vectorsMissing, whySkipped } from './vectors.ts';

const undecodable = expect.objectContaining({ reason: 'transaction-undecodable' });

const anyRlp: fc.Arbitrary<Rlp> = fc.letrec<{ item: Rlp }>((tie) => ({
  item: fc.oneof(
    { maxDepth: deepest - 1, depthSize: 'small' },
    fc.uint8Array({ maxLength: 70 }),
    fc.array(tie('item'), { maxLength: 8 }),
  ),
})).item;

/** ethereum/tests write integers as numbers, large ones as `#decimal`, and strings as their text. */
function rlpOf(value: unknown): Rlp {
  if (Array.isArray(value)) return value.map(rlpOf);
  if (typeof value === 'number') return integerBytes(BigInt(value));
  if (typeof value !== 'string') throw new TypeError('unknown kind of vector');
  return value.startsWith('#') ? integerBytes(BigInt(value.slice(1))) : Uint8Array.from(Buffer.from(value, 'latin1'));
}

describe.skipIf(vectorsMissing)(`ethereum/tests RLPTests${whySkipped}`, () => {
  test('rlptest.json: each value is read and written as published', () => {
    const vectors = membersOf(readVectors('rlptest.json'));
    expect(vectors.length).toBeGreaterThan(20);
    for (const [name, vector] of vectors) {
      const out = hex(textOf(vector, 'out'));
      const value = rlpOf(Object.fromEntries(membersOf(vector))['in']);
      expect(encodeRlp(value), name).toEqual(out);
      expect(plain(decodeRlp(out)), name).toEqual(plain(value));
    }
  });

  test('E6: invalidRLPTest.json: every encoding published as invalid is refused', () => {
    const vectors = membersOf(readVectors('invalidRLPTest.json'));
    expect(vectors.length).toBeGreaterThan(20);
    for (const [name, vector] of vectors) {
      expect(() => decodeRlp(hex(textOf(vector, 'out'))), name).toThrow(undecodable);
    }
  });
});

describe('RLP (Yellow Paper, appendix B)', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(anyRlp, (item) => {
        expect(plain(decodeRlp(encodeRlp(item)))).toEqual(plain(item));
      }),
    );
  });

  it('E6: has one encoding for each value: bytes that are read are the bytes that would be written', () => {
    const headed = fc
      .tuple(fc.constantFrom(0x81, 0xb8, 0xb9, 0xc0, 0xc1, 0xc2, 0xf8, 0xf9), fc.uint8Array({ maxLength: 300 }))
      .map(([head, rest]) => Uint8Array.of(head, ...rest));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), headed), (bytes) => {
        let item: Rlp;
        try {
          item = decodeRlp(bytes);
        } catch (error) {
          expect(error).toEqual(undecodable);
          return;
        }
        expect(encodeRlp(item)).toEqual(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', '', 'missing at offset 0'],
    ['bytes after the end', '8000', '1 bytes after the end'],
    ['a length for a byte that needs none', '8100', 'does not need'],
    ['a length for a byte that needs none, inside a list', 'c2817f', 'does not need'],
    ['a long form for a short string', `b837${'11'.repeat(55)}`, 'longer than it needs'],
    ['a long form for a short list', `f837${'11'.repeat(55)}`, 'longer than it needs'],
    ['a length with leading zeros', `b90038${'11'.repeat(56)}`, 'leading zeros'],
    ['a length that is cut off', 'b9ff', 'cut off'],
    ['a string longer than the bytes', '8511', 'longer than what holds it'],
    ['an item longer than its list', 'c282ffff', 'longer than what holds it'],
    ['a length of 8 bytes', 'bfffffffffffffffff', 'longer than what holds it'],
  ])('E6: refuses %s', (_, bytes, message) => {
    expect(() => decodeRlp(hex(bytes))).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }));
  });

  it('E6: refuses lists nested deeper than any transaction has them, without exhausting the stack', () => {
    const nested = (depth: number): Rlp => (depth === 1 ? [] : [nested(depth - 1)]);
    expect(decodeRlp(encodeRlp(nested(4)))).toEqual(nested(4));
    expect(() => decodeRlp(encodeRlp(nested(5)))).toThrow(undecodable);

    let bytes: Uint8Array = Uint8Array.of(0xc0);
    while (bytes.length < 60_000) bytes = wrapped(bytes);
    expect(() => decodeRlp(bytes)).toThrow(undecodable);
  });
});

/** A list around an encoding, 1000 times. */
function wrapped(inner: Uint8Array): Uint8Array {
  const heads: number[] = [];
  let length = inner.length;
  for (let i = 0; i < 1000; i++) {
    const digits = [...integerBytes(BigInt(length))];
    const head = length <= 55 ? [0xc0 + length] : [0xf7 + digits.length, ...digits];
    heads.unshift(...head);
    length += head.length;
  }
  return Uint8Array.of(...heads, ...inner);
}

/** Without the identity of views, for comparison. */
function plain(item: Rlp): unknown {
  return item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item.map(plain);
}
