import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowCoder, rowMac } from '../../src/store/key.ts';
import type { Cell } from '../../src/store/table.ts';

/** As formats.md says it, by Node's own HMAC. */
function macByHand(key: Uint8Array, table: string, cells: readonly Cell[], leaf: number): string {
  const parts = [table, ...cells, leaf].map((cell) => {
    if (cell === null) return Buffer.of(0);
    const head = Buffer.alloc(cell instanceof Uint8Array || typeof cell === 'string' ? 5 : 9);
    if (typeof cell === 'number') {
      head[0] = 1;
      head.writeBigInt64BE(BigInt(cell), 1);
      return head;
    }
    const bytes = Buffer.from(cell);
    head[0] = typeof cell === 'string' ? 2 : 3;
    head.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  });
  const row = Buffer.concat([Buffer.from('portcullis/row/v1\0'), ...parts]);
  return createHmac('sha256', key).update(row).digest('hex');
}

describe('the code of a row', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const cell = fc.oneof(
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => text.isWellFormed()),
    fc.uint8Array({ maxLength: 200 }),
  );

  it('is HMAC-SHA256 of the row, whatever its cells', () => {
    fc.assert(
      fc.property(key, fc.array(cell), fc.integer({ min: -1 }), (of, cells, leaf) => {
        expect(Buffer.from(rowMac(of, 'spent', cells, leaf)).toString('hex')).toBe(macByHand(of, 'spent', cells, leaf));
      }),
    );
  });

  it('is the same after a longer row than there was room for', () => {
    const of = new Uint8Array(32).fill(0x22);
    const coder = new RowCoder(of);
    for (const cells of [['a'], ['b'.repeat(100_000), new Uint8Array(100_000)], ['a', -1, null]]) {
      expect(Buffer.from(coder.mac('spent', cells, 7)).toString('hex')).toBe(macByHand(of, 'spent', cells, 7));
    }
  });

  it('is made of no key but one of 32 bytes, and of no number but a whole one', () => {
    expect(() => new RowCoder(new Uint8Array(31))).toThrow(/32 bytes/);
    expect(() => rowMac(new Uint8Array(32), 'spent', [1.5], 0)).toThrow(RangeError);
  });
});
