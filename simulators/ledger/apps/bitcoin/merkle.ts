import { concatBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** Trees of the shape of RFC 9162 §2.1: leaves and nodes are hashed under different prefixes. */
export const leafHash = (element: Uint8Array): Uint8Array => sha256(concatBytes(Uint8Array.of(0), element));

const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  sha256(concatBytes(Uint8Array.of(1), left, right));

/**
 * The root that an inclusion proof leads to (RFC 9162 §2.1.3.2), siblings from the leaf up; undefined where the proof has
 * another length than the leaf's place calls for.
 */
export function provenRoot(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  if (index >= size) return undefined;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else hash = nodeHash(hash, sibling);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
}

/** The commitment to a map: how many keys, and the roots of its sorted keys and of their values. */
export interface MerkleMap {
  readonly size: number;
  readonly keysRoot: Uint8Array;
  readonly valuesRoot: Uint8Array;
}
