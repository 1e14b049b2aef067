import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyRoot, leafHash, nodeHash } from '../../src/journal/hash.ts';
import { appendLeaves, consistencyProof, inclusionProof, rootAt } from '../../src/journal/merkle.ts';
import {
  type ConsistencyClaim,
  type InclusionClaim,
  ProofError,
  verifyConsistency,
  verifyInclusion,
} from '../../src/journal/proof.ts';
import { Nodes } from './reference.ts';

// Different leaves, so that no two subtrees are alike and a moved proof can't hold by chance.
const nodes = new Nodes();
const leaves = Array.from({ length: 140 }, (_, i) => leafHash(Uint8Array.of(i)));
nodes.insert(appendLeaves(0, leaves, nodes.read).nodes);

const other = leafHash(Uint8Array.of(0xff, 0xff));

function inclusion(index: number, size: number): InclusionClaim {
  return {
    leaf: leaves[index] ?? other,
    index,
    size,
    root: rootAt(size, nodes.read),
    proof: inclusionProof(index, size, nodes.read),
  };
}

function consistency(from: number, to: number): ConsistencyClaim {
  return {
    from,
    fromRoot: rootAt(from, nodes.read),
    to,
    toRoot: rootAt(to, nodes.read),
    proof: consistencyProof(from, to, nodes.read),
  };
}

function reasonOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof ProofError) return error.reason;
    throw error;
  }
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = (bit >> 3) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** Every way of breaking a list of hashes: a bit, one missing, one more, two swapped. */
function broken(proof: readonly Uint8Array[], more: readonly Uint8Array[]): Uint8Array[][] {
  return [
    ...proof.map((hash, i) => proof.with(i, flip(hash, i * 37))),
    ...proof.map((_, i) => proof.toSpliced(i, 1)),
    ...[...more, other].flatMap((extra) => [
      [...proof, extra],
      [extra, ...proof],
    ]),
    ...proof.slice(1).map((hash, i) => proof.with(i, hash).with(i + 1, proof[i] ?? other)),
    ...proof.map((hash, i) => proof.with(i, hash.subarray(1))),
    ...proof.map((hash, i) => proof.with(i, Uint8Array.of(...hash, 0))),
  ];
}

describe('RFC 9162 §2.1.3.2: inclusion', () => {
  it('holds for every leaf of every tree up to 70 leaves', () => {
    for (let size = 1; size <= 70; size += 1) {
      for (let index = 0; index < size; index += 1) verifyInclusion(inclusion(index, size));
    }
  });

  it('holds for no proof that was touched, and for no other leaf, index or root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat({ max: 255 }), (size, n, bit) => {
        const claim = inclusion(n % size, size);
        for (const proof of broken(claim.proof, [claim.root, claim.leaf])) {
          expect(reasonOf(() => verifyInclusion({ ...claim, proof }))).toBeDefined();
        }
        for (let index = 0; index < size; index += 1) {
          if (index !== claim.index) expect(reasonOf(() => verifyInclusion({ ...claim, index }))).toBeDefined();
        }
        expect(reasonOf(() => verifyInclusion({ ...claim, leaf: flip(claim.leaf, bit) }))).toBe('root-mismatch');
        expect(reasonOf(() => verifyInclusion({ ...claim, root: flip(claim.root, bit) }))).toBe('root-mismatch');
        expect(reasonOf(() => verifyInclusion({ ...claim, root: emptyRoot() }))).toBe('root-mismatch');
        expect(reasonOf(() => verifyInclusion({ ...claim, root: rootAt(size + 1, nodes.read) }))).toBe('root-mismatch');
      }),
    );
  });

  it('names the problem: index ≥ size, a proof too short or too long, hashes of another length, impossible sizes', () => {
    const claim = inclusion(3, 7);
    for (const index of [7, 8, -1, 0.5, Number.NaN]) {
      expect(reasonOf(() => verifyInclusion({ ...claim, index }))).toBe('index-out-of-range');
    }
    expect(reasonOf(() => verifyInclusion({ ...claim, index: 0, size: 0, proof: [] }))).toBe('index-out-of-range');
    expect(reasonOf(() => verifyInclusion({ ...claim, proof: claim.proof.slice(1) }))).toBe('proof-length');
    expect(reasonOf(() => verifyInclusion({ ...claim, proof: [...claim.proof, other] }))).toBe('proof-length');
    expect(reasonOf(() => verifyInclusion({ ...claim, leaf: new Uint8Array(0) }))).toBe('hash-malformed');
    expect(reasonOf(() => verifyInclusion({ ...claim, root: new Uint8Array(31) }))).toBe('hash-malformed');
    for (const size of [-1, 7.5, Number.NaN, 2 ** 53]) {
      expect(reasonOf(() => verifyInclusion({ ...claim, size }))).toBe('size-invalid');
    }
  });

  it('takes the root and leaf of a tree of one leaf to be the same, without a proof', () => {
    verifyInclusion({ leaf: other, index: 0, size: 1, root: other, proof: [] });
    expect(reasonOf(() => verifyInclusion({ leaf: other, index: 0, size: 1, root: other, proof: [other] }))).toBe(
      'proof-length',
    );
  });
});

describe('RFC 9162 §2.1.4.2: consistency', () => {
  it('holds between all sizes up to 70, from the empty tree too', () => {
    for (let to = 0; to <= 70; to += 1) {
      for (let from = 0; from <= to; from += 1) verifyConsistency(consistency(from, to));
    }
  });

  it('holds for no proof that was touched, and for no other older size or root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat({ max: 255 }), (to, n, bit) => {
        const claim = consistency(1 + (n % to), to);
        for (const proof of broken(claim.proof, [claim.fromRoot, claim.toRoot])) {
          expect(reasonOf(() => verifyConsistency({ ...claim, proof }))).toBeDefined();
        }
        const { fromRoot, toRoot } = claim;
        expect(reasonOf(() => verifyConsistency({ ...claim, fromRoot: flip(fromRoot, bit) }))).toBe('root-mismatch');
        expect(reasonOf(() => verifyConsistency({ ...claim, toRoot: flip(toRoot, bit) }))).toBe('root-mismatch');
        if (claim.from !== to) {
          expect(reasonOf(() => verifyConsistency({ ...claim, fromRoot: toRoot, toRoot: fromRoot }))).toBeDefined();
          expect(reasonOf(() => verifyConsistency({ ...claim, proof: [] }))).toBe('proof-length');
        }
        for (let from = 1; from <= to; from += 1) {
          if (from !== claim.from) expect(reasonOf(() => verifyConsistency({ ...claim, from }))).toBeDefined();
        }
      }),
    );
  });

  it('S4: does not hold for a log that was rewritten behind its checkpoint', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), fc.nat(), (from, more, n) => {
        const forged = new Nodes();
        const to = from + more;
        forged.insert(appendLeaves(0, leaves.slice(0, to).with(n % from, other), forged.read).nodes);
        const claim = {
          from,
          fromRoot: rootAt(from, nodes.read),
          to,
          toRoot: rootAt(to, forged.read),
          proof: consistencyProof(from, to, forged.read),
        };
        expect(reasonOf(() => verifyConsistency(claim))).toBe('root-mismatch');
      }),
    );
  });

  it('takes only the empty root for a tree without leaves, equal roots for equal sizes, and no proof for either', () => {
    expect(reasonOf(() => verifyConsistency({ ...consistency(0, 5), fromRoot: other }))).toBe('root-mismatch');
    expect(reasonOf(() => verifyConsistency({ ...consistency(0, 5), proof: [other] }))).toBe('proof-length');
    expect(reasonOf(() => verifyConsistency({ ...consistency(0, 0), toRoot: other }))).toBe('root-mismatch');
    expect(reasonOf(() => verifyConsistency({ ...consistency(5, 5), toRoot: other }))).toBe('root-mismatch');
    expect(reasonOf(() => verifyConsistency({ ...consistency(5, 5), proof: [other] }))).toBe('proof-length');
  });

  it('names the problem: a tree that shrank, hashes of another length, impossible sizes', () => {
    const claim = consistency(5, 9);
    expect(reasonOf(() => verifyConsistency({ ...claim, from: 9, to: 5 }))).toBe('size-invalid');
    for (const size of [-1, 7.5, Number.NaN, 2 ** 53]) {
      expect(reasonOf(() => verifyConsistency({ ...claim, from: size }))).toBe('size-invalid');
      expect(reasonOf(() => verifyConsistency({ ...claim, to: size }))).toBe('size-invalid');
    }
    expect(reasonOf(() => verifyConsistency({ ...claim, fromRoot: new Uint8Array(0) }))).toBe('hash-malformed');
    expect(reasonOf(() => verifyConsistency({ ...claim, toRoot: new Uint8Array(33) }))).toBe('hash-malformed');
    expect(reasonOf(() => verifyConsistency({ ...consistency(0, 9), toRoot: new Uint8Array(33) }))).toBe(
      'hash-malformed',
    );
  });

  it('works beyond 32 bits', () => {
    // 2^40 equal leaves are one complete subtree; one leaf more is its right neighbour under the new root.
    let big = other;
    for (let level = 0; level < 40; level += 1) big = nodeHash(big, big);
    const size = 2 ** 40 + 1;
    const root = nodeHash(big, other);
    verifyInclusion({ leaf: other, index: 2 ** 40, size, root, proof: [big] });
    verifyConsistency({ from: 2 ** 40, fromRoot: big, to: size, toRoot: root, proof: [other] });
    expect(reasonOf(() => verifyInclusion({ leaf: other, index: 0, size, root, proof: [big] }))).toBe('proof-length');
  });
});
