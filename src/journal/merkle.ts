import { emptyRoot, HASH_LENGTH, nodeHash } from './hash.ts';

/**
 * The Merkle tree of RFC 9162 §2.1 over a node-reader port. Only complete subtrees are nodes: (level, index) covers
 * the leaves [index·2^level, (index+1)·2^level), level 0 being leaf hashes. A complete subtree never changes, so the
 * store only ever inserts nodes, and every older root and proof can be made from the same rows.
 */

/** Reads a complete subtree's hash (32 bytes), or throws `MerkleError` `node-missing`. */
export type NodeReader = (level: number, index: number) => Uint8Array;

/** A complete subtree: to be stored under (level, index). */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

export type MerkleReason = 'size-invalid' | 'index-invalid' | 'hash-malformed' | 'node-missing';

/** The tree can't be read or built as asked: a caller's mistake, or a store that lost or mangled a node. */
export class MerkleError extends Error {
  readonly reason: MerkleReason;

  constructor(reason: MerkleReason, message: string) {
    super(message);
    this.name = 'MerkleError';
    this.reason = reason;
  }
}

/** What a store's reader throws when it has no such node. */
export function missingNode(level: number, index: number): MerkleError {
  return new MerkleError(
    'node-missing',
    `no node at level ${level}, index ${index}: the stored tree is incomplete; restore the journal from a backup`,
  );
}

/**
 * Appends leaf hashes to a tree of `size` leaves. Returns the new size and every subtree that became complete, in
 * the order in which they did; reads at most one node a level of the old tree.
 */
export function appendLeaves(
  size: number,
  leafHashes: readonly Uint8Array[],
  readNode: NodeReader,
): { size: number; nodes: TreeNode[] } {
  checkSize(size);
  checkSize(size + leafHashes.length);
  const nodes: TreeNode[] = [];
  // The latest left child made here, per level: the sibling of the next right child, unless it is in the old tree.
  const lefts: Uint8Array[] = [];
  let leaf = size;
  for (const leafHash of leafHashes) {
    checkHash(leafHash, `leaf ${leaf}`);
    let hash = leafHash;
    let index = leaf;
    let level = 0;
    nodes.push({ level, index, hash });
    while (index % 2 === 1) {
      hash = nodeHash(lefts[level] ?? readChecked(readNode, level, index - 1), hash);
      index = (index - 1) / 2;
      level += 1;
      nodes.push({ level, index, hash });
    }
    lefts[level] = hash;
    leaf += 1;
  }
  return { size: leaf, nodes };
}

/** Root of the first `size` leaves: MTH(D[0:size]), RFC 9162 §2.1.1. 32 bytes. */
export function rootAt(size: number, readNode: NodeReader): Uint8Array {
  checkSize(size);
  return size === 0 ? emptyRoot() : rangeHash(0, size, readNode);
}

/** PATH(index, D[0:size]), RFC 9162 §2.1.3.1: the siblings from the leaf up, 32 bytes each. */
export function inclusionProof(index: number, size: number, readNode: NodeReader): Uint8Array[] {
  checkSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new MerkleError('index-invalid', `leaf ${index} isn't in a tree of ${size} leaves: ask for 0 ≤ index < size`);
  }
  const proof: Uint8Array[] = [];
  let start = 0;
  let count = size;
  while (count > 1) {
    const left = splitPoint(count);
    if (index - start < left) {
      proof.push(rangeHash(start + left, count - left, readNode));
      count = left;
    } else {
      proof.push(rangeHash(start, left, readNode));
      start += left;
      count -= left;
    }
  }
  return proof.reverse();
}

/**
 * PROOF(from, D[0:to]), RFC 9162 §2.1.4.1: that the first `from` leaves of the tree of `to` are the tree of `from`.
 * The RFC defines 0 < from < to; here the proof is empty for from = 0 and from = to, where the roots say all.
 */
export function consistencyProof(from: number, to: number, readNode: NodeReader): Uint8Array[] {
  checkSize(from);
  checkSize(to);
  if (from > to) {
    throw new MerkleError('size-invalid', `no consistency proof from size ${from} to the smaller ${to}: swap them`);
  }
  if (from === 0) return [];
  const proof: Uint8Array[] = [];
  let start = 0;
  let old = from;
  let count = to;
  // SUBPROOF's flag b: is the old tree still a whole subtree from leaf 0, whose hash the verifier has?
  let whole = true;
  while (old !== count) {
    const left = splitPoint(count);
    if (old <= left) {
      proof.push(rangeHash(start + left, count - left, readNode));
      count = left;
    } else {
      proof.push(rangeHash(start, left, readNode));
      start += left;
      old -= left;
      count -= left;
      whole = false;
    }
  }
  if (!whole) proof.push(rangeHash(start, count, readNode));
  return proof.reverse();
}

/** MTH(D[start:start+count]) for count > 0 and a start that is aligned to the range's largest complete subtree. */
function rangeHash(start: number, count: number, readNode: NodeReader): Uint8Array {
  const subtrees: Uint8Array[] = [];
  let position = start;
  let rest = count;
  while (rest > 0) {
    const level = topBit(rest);
    const width = 2 ** level;
    subtrees.push(readChecked(readNode, level, position / width));
    position += width;
    rest -= width;
  }
  return subtrees.reduceRight((right, left) => nodeHash(left, right));
}

/** The largest power of two smaller than `count` (count > 1): k of RFC 9162 §2.1.1. */
function splitPoint(count: number): number {
  return 2 ** topBit(count - 1);
}

/** floor(log2(n)) for 0 < n ≤ 2^53 − 1, exactly: Math.log2 rounds 2^49 − 1 up. */
function topBit(n: number): number {
  return n < 2 ** 32 ? 31 - Math.clz32(n) : 63 - Math.clz32(n / 2 ** 32);
}

function readChecked(readNode: NodeReader, level: number, index: number): Uint8Array {
  const hash = readNode(level, index);
  checkHash(hash, `node at level ${level}, index ${index}`);
  return hash;
}

function checkHash(hash: Uint8Array, what: string): void {
  if (hash.length !== HASH_LENGTH) {
    throw new MerkleError('hash-malformed', `${what} has ${hash.length} bytes instead of ${HASH_LENGTH}`);
  }
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new MerkleError('size-invalid', `${size} isn't a tree size: it must be a whole number from 0 to 2^53 − 1`);
  }
}
