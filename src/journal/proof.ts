import { emptyRoot, HASH_LENGTH, nodeHash, sameBytes } from './hash.ts';

/**
 * The verifying half of RFC 9162 §2.1: it needs bytes only, no tree. Each function returns nothing when the proof
 * holds and throws `ProofError` otherwise, so that a caller can't forget to look at the answer.
 */

export type ProofReason = 'size-invalid' | 'index-out-of-range' | 'hash-malformed' | 'proof-length' | 'root-mismatch';

/** A proof that proves nothing: the log, or whoever handed over the proof, is wrong or lies. */
export class ProofError extends Error {
  readonly reason: ProofReason;

  constructor(reason: ProofReason, message: string) {
    super(message);
    this.name = 'ProofError';
    this.reason = reason;
  }
}

export interface InclusionClaim {
  /** Hash of the leaf (`leafHash`), 32 bytes. */
  readonly leaf: Uint8Array;
  /** Its index, from 0. */
  readonly index: number;
  /** Leaves in the tree. */
  readonly size: number;
  /** Root of that tree, 32 bytes, from a checkpoint whose signature was verified. */
  readonly root: Uint8Array;
  /** Siblings from the leaf up, 32 bytes each. */
  readonly proof: readonly Uint8Array[];
}

/** RFC 9162 §2.1.3.2. Throws `ProofError` unless the leaf is at that index of the tree with that root. */
export function verifyInclusion({ leaf, index, size, root, proof }: InclusionClaim): void {
  checkSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new ProofError('index-out-of-range', `leaf index ${index} isn't in a tree of ${size} leaves`);
  }
  checkHash(leaf, 'the leaf hash');
  checkHash(root, 'the root');
  proof.forEach((hash, i) => {
    checkHash(hash, `proof element ${i}`);
  });

  const path = new Path(index, size - 1);
  let hash = leaf;
  for (const sibling of proof) {
    if (path.step() === 'left') hash = nodeHash(sibling, hash);
    else hash = nodeHash(hash, sibling);
  }
  path.end();
  checkRoot(hash, root, `leaf ${index} with this proof`);
}

export interface ConsistencyClaim {
  /** The older tree: leaves, and root (32 bytes). */
  readonly from: number;
  readonly fromRoot: Uint8Array;
  /** The newer tree: leaves, and root (32 bytes). */
  readonly to: number;
  readonly toRoot: Uint8Array;
  /** 32 bytes each, as in RFC 9162 §2.1.4.1. */
  readonly proof: readonly Uint8Array[];
}

/**
 * RFC 9162 §2.1.4.2. Throws `ProofError` unless the older tree is the beginning of the newer one. The RFC leaves out
 * from = 0 and from = to: there the proof must be empty, an empty tree has the empty root, equal sizes equal roots.
 */
export function verifyConsistency({ from, fromRoot, to, toRoot, proof }: ConsistencyClaim): void {
  checkSize(from);
  checkSize(to);
  if (from > to) throw new ProofError('size-invalid', `the older tree has ${from} leaves, the newer one only ${to}`);
  checkHash(fromRoot, 'the older root');
  checkHash(toRoot, 'the newer root');
  proof.forEach((hash, i) => {
    checkHash(hash, `proof element ${i}`);
  });

  if (from === 0 || from === to) {
    if (proof.length > 0) throw lengthError(`sizes ${from} and ${to} need no proof, but it has ${proof.length} hashes`);
    if (from === 0) checkRoot(emptyRoot(), fromRoot, 'a tree without leaves');
    if (from === to) checkRoot(fromRoot, toRoot, 'the older tree of the same size');
    return;
  }

  // Where the older tree is one complete subtree, the verifier has its hash already and the proof leaves it out.
  const [first, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...proof] : proof;
  if (first === undefined) throw lengthError('the proof is empty');
  const path = new Path(from - 1, to - 1);
  path.skipRightEdge();
  let oldHash = first;
  let newHash = first;
  for (const sibling of rest) {
    if (path.step() === 'left') {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
    } else {
      newHash = nodeHash(newHash, sibling);
    }
  }
  path.end();
  checkRoot(oldHash, fromRoot, 'the older tree rebuilt from this proof');
  checkRoot(newHash, toRoot, 'the newer tree rebuilt from this proof');
}

/** The way from a node to the root: fn and sn of RFC 9162 §2.1.3.2. Division, as sizes exceed 32 bits. */
class Path {
  #node: number;
  #last: number;

  constructor(node: number, last: number) {
    this.#node = node;
    this.#last = last;
  }

  /** Up one sibling, which is on the side that is returned; then past the levels where there is none. */
  step(): 'left' | 'right' {
    if (this.#last === 0) throw lengthError('the proof goes on past the root');
    const side = isOdd(this.#node) || this.#node === this.#last ? 'left' : 'right';
    // A left sibling's even node is the last one, so not 0: the loop ends.
    if (side === 'left') while (!isOdd(this.#node)) this.#up();
    this.#up();
    return side;
  }

  /** Up while the node is a right child: RFC 9162 §2.1.4.2 step 4. */
  skipRightEdge(): void {
    while (isOdd(this.#node)) this.#up();
  }

  end(): void {
    if (this.#last !== 0) throw lengthError('the proof ends before the root');
  }

  #up(): void {
    this.#node = Math.floor(this.#node / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

function isOdd(n: number): boolean {
  return n % 2 === 1;
}

function isPowerOfTwo(n: number): boolean {
  let rest = n;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}

function lengthError(message: string): ProofError {
  return new ProofError('proof-length', `${message}: it isn't a proof for these sizes`);
}

function checkRoot(computed: Uint8Array, expected: Uint8Array, what: string): void {
  if (!sameBytes(computed, expected)) {
    throw new ProofError('root-mismatch', `${what} has root ${hex(computed)}, not ${hex(expected)}`);
  }
}

function checkHash(hash: Uint8Array, what: string): void {
  if (hash.length !== HASH_LENGTH) {
    throw new ProofError('hash-malformed', `${what} has ${hash.length} bytes instead of ${HASH_LENGTH}`);
  }
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new ProofError('size-invalid', `${size} isn't a tree size: it must be a whole number from 0 to 2^53 − 1`);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
