import { describe, expect, it } from 'vitest';
import { randomBytesPooled } from '../src/random-pool.ts';

describe('random bytes from a pool', () => {
  it('are as many as were asked for, and never given twice', () => {
    const sizes = [...Array.from({ length: 2_000 }, (_, i) => 8 + (i % 57)), 10_000];
    const given = sizes.map((size) => randomBytesPooled(size));
    expect(given.map(({ length }) => length)).toEqual(sizes);
    expect(new Set(given.map((bytes) => Buffer.from(bytes.subarray(0, 8)).toString('hex'))).size).toBe(sizes.length);
  });

  it('lie in memory of their own', () => {
    const [first, second] = [randomBytesPooled(32), randomBytesPooled(32)];
    expect(first.buffer).not.toBe(second.buffer);
    expect(first.buffer.byteLength).toBe(32);
  });
});
