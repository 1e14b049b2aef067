import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { domainTag } from '../domain/index.ts';

/** HMAC-SHA256(key, name ‖ 0x00 ‖ u64be(epoch) ‖ parts): a code that only the station can make, void in another epoch. */
export function epochMac(
  key: Uint8Array | KeyObject,
  name: string,
  epoch: number,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(epoch));
  const message = Buffer.concat([domainTag(name), counter, ...parts]);
  return new Uint8Array(createHmac('sha256', key).update(message).digest());
}

/** Compares secrets of public length in constant time. */
export function sameSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
