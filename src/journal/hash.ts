import { hash } from 'node:crypto';

/** Length in bytes of every hash of the journal (SHA-256). */
export const HASH_LENGTH = 32;

// RFC 9162 §2.1.1: the prefixes keep a leaf from being passed off as a node (second preimages).
const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Hash of one leaf's bytes: SHA-256(0x00 ‖ bytes), RFC 9162 §2.1.1. */
export function leafHash(bytes: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(1 + bytes.length);
  input[0] = LEAF_PREFIX;
  input.set(bytes, 1);
  return hashOf(input);
}

/** Hash of an inner node: SHA-256(0x01 ‖ left ‖ right), RFC 9162 §2.1.1. Both children are 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(1 + 2 * HASH_LENGTH);
  input[0] = NODE_PREFIX;
  input.set(left, 1);
  input.set(right, 1 + HASH_LENGTH);
  return hashOf(input);
}

/** By way of a string: Node takes longer to make an object of 32 bytes than to hash them. */
function hashOf(input: Uint8Array): Uint8Array {
  // Copied out of Buffer's shared pool, so that keeping 32 bytes doesn't keep 8 KiB.
  return new Uint8Array(Buffer.from(hash('sha256', input, 'binary'), 'latin1'));
}

/** Root of the tree without leaves: SHA-256 of nothing, RFC 9162 §2.1.1. */
export function emptyRoot(): Uint8Array {
  return new Uint8Array(hash('sha256', new Uint8Array(0), 'buffer'));
}

/** Whether two byte strings are equal. Hashes of a public log are no secret: not constant time. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
