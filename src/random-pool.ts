import { randomFillSync } from 'node:crypto';

const size = 8 * 1024;
let pool = Buffer.alloc(0);
let next = 0;

/** Fresh random bytes, drawn in larger pieces: each call of Node's own takes longer than the bytes do. None is given twice, nor kept. */
export function randomBytesPooled(count: number): Uint8Array {
  if (count > size) return randomFillSync(new Uint8Array(count));
  if (next + count > pool.length) {
    pool = Buffer.alloc(size);
    randomFillSync(pool);
    next = 0;
  }
  const bytes = new Uint8Array(pool.subarray(next, next + count));
  pool.fill(0, next, next + count);
  next += count;
  return bytes;
}
