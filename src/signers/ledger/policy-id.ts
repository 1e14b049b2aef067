import { sha256, toHex } from '../../domain/index.ts';
import type { Policy } from '../protocol.ts';

const ascii = new TextEncoder();

/**
 * What the Bitcoin app calls a wallet policy's id, hex: SHA-256 of its second serialization, 0x02 ‖ u8(length of the name) ‖ name ‖
 * varint(length of the template) ‖ SHA-256(template) ‖ varint(how many keys) ‖ the keys' Merkle root (the app's doc/wallet.md).
 */
export function policyId({ name, template, keys }: Policy): string {
  const [named, described] = [ascii.encode(name), ascii.encode(template)];
  const head = Uint8Array.of(2, oneByte(named.length));
  const sizes = [Uint8Array.of(oneByte(described.length)), Uint8Array.of(oneByte(keys.length))] as const;
  const root = rootOf(keys.map((key) => sha256(Uint8Array.of(0), ascii.encode(key))));
  return toHex(sha256(head, named, sizes[0], sha256(described), sizes[1], root));
}

/** A varint of one byte. A template of fifteen keys has 120 characters. */
function oneByte(length: number): number {
  if (length < 0xfd) return length;
  throw new RangeError(`a policy's part has ${length} bytes or keys, more than any of this station's`);
}

/** RFC 6962 §2.1, over hashes of leaves: at least one. */
function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined) throw new RangeError('a policy has at least one key');
  if (hashes.length === 1) return first;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return sha256(Uint8Array.of(1), rootOf(hashes.slice(0, split)), rootOf(hashes.slice(split)));
}
