import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyRoot, leafHash, nodeHash } from '../../src/journal/hash.ts';
import { appendLeaves, consistencyProof, inclusionProof, MerkleError, rootAt } from '../../src/journal/merkle.ts';
import { Nodes, referencePath, referenceProof, referenceRoot } from './reference.ts';

const entries = fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 70 });

function grow(batches: readonly (readonly Uint8Array[])[]): { nodes: Nodes; size: number } {
  const nodes = new Nodes();
  let size = 0;
  for (const batch of batches) {
    const appended = appendLeaves(size, batch.map(leafHash), nodes.read);
    nodes.insert(appended.nodes);
    size = appended.size;
  }
  return { nodes, size };
}

function reasonOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof MerkleError) return error.reason;
    throw error;
  }
}

describe('RFC 9162 §2.1: the tree over complete subtrees', () => {
  it('has the root of the recursive definition at every size, however the leaves were batched', () => {
    fc.assert(
      fc.property(fc.array(entries, { maxLength: 6 }), (batches) => {
        const all = batches.flat();
        const { nodes, size } = grow(batches);
        expect(size).toBe(all.length);
        for (const at of new Set([0, 1, size >> 1, size - 1, size])) {
          if (at >= 0 && at <= size) expect(rootAt(at, nodes.read)).toEqual(referenceRoot(all.slice(0, at)));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('makes the inclusion proofs of the recursive definition', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), (all, a, b) => {
        fc.pre(all.length > 0);
        const { nodes } = grow([all]);
        const size = 1 + (a % all.length);
        const index = b % size;
        expect(inclusionProof(index, size, nodes.read)).toEqual(referencePath(index, all.slice(0, size)));
      }),
    );
  });

  it('makes the consistency proofs of the recursive definition', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), (all, a, b) => {
        fc.pre(all.length > 1);
        const { nodes } = grow([all]);
        const to = 2 + (a % (all.length - 1));
        const from = 1 + (b % (to - 1));
        expect(consistencyProof(from, to, nodes.read)).toEqual(referenceProof(from, all.slice(0, to)));
      }),
    );
  });

  it('has the hash of nothing as root, and empty proofs, where there is nothing to prove', () => {
    const { nodes } = grow([[Uint8Array.of(7)]]);
    expect(rootAt(0, nodes.read)).toEqual(emptyRoot());
    expect(rootAt(1, nodes.read)).toEqual(leafHash(Uint8Array.of(7)));
    expect(inclusionProof(0, 1, nodes.read)).toEqual([]);
    expect(consistencyProof(0, 1, nodes.read)).toEqual([]);
    expect(consistencyProof(1, 1, nodes.read)).toEqual([]);
    expect(consistencyProof(0, 0, nodes.read)).toEqual([]);
  });

  it('reads at most one old node a level to append, and stores fewer than two nodes a leaf', () => {
    const { nodes, size } = grow([Array.from({ length: 1023 }, (_, i) => Uint8Array.of(i % 256))]);
    nodes.reads = 0;
    const appended = appendLeaves(size, [leafHash(Uint8Array.of(1))], nodes.read);
    expect(nodes.reads).toBe(10);
    expect(appended.nodes).toHaveLength(11);
    nodes.insert(appended.nodes);
    expect(nodes.count).toBe(2 * 1024 - 1);
    nodes.reads = 0;
    appendLeaves(
      1024,
      Array.from({ length: 512 }, () => leafHash(Uint8Array.of(2))),
      nodes.read,
    );
    expect(nodes.reads).toBe(0);
  });

  it('does not do 32-bit arithmetic: a tree of 2^53 − 1 equal leaves has proofs of the right shape', () => {
    // Every complete subtree of equal leaves is the same at its level, so such a tree needs no storage.
    const levels: Uint8Array[] = [leafHash(Uint8Array.of())];
    const read = (level: number, index: number): Uint8Array => {
      expect((index + 1) * 2 ** level).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
      expect(Number.isSafeInteger(index)).toBe(true);
      for (let l = levels.length; l <= level; l += 1) {
        const below = levels[l - 1] ?? new Uint8Array();
        levels.push(nodeHash(below, below));
      }
      return levels[level] ?? new Uint8Array();
    };
    const size = Number.MAX_SAFE_INTEGER;
    expect(inclusionProof(0, size, read)).toHaveLength(53);
    expect(inclusionProof(2 ** 49 - 2, 2 ** 49 - 1, read)).toHaveLength(48);
    expect(consistencyProof(2 ** 40 + 1, size, read).length).toBeGreaterThan(50);
    expect(rootAt(2 ** 49 - 1, read)).toHaveLength(32);
    const { nodes } = appendLeaves(2 ** 52 - 1, [leafHash(Uint8Array.of())], read);
    expect(nodes.at(-1)).toEqual({ level: 52, index: 0, hash: read(52, 0) });
  });
});

describe('the tree refuses', () => {
  const { nodes } = grow([[Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]]);

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%d as a size', (size) => {
    expect(reasonOf(() => rootAt(size, nodes.read))).toBe('size-invalid');
    expect(reasonOf(() => appendLeaves(size, [], nodes.read))).toBe('size-invalid');
    expect(reasonOf(() => appendLeaves(size, [leafHash(Uint8Array.of(1))], nodes.read))).toBe('size-invalid');
    expect(reasonOf(() => inclusionProof(0, size, nodes.read))).toBe('size-invalid');
    expect(reasonOf(() => consistencyProof(1, size, nodes.read))).toBe('size-invalid');
    expect(reasonOf(() => consistencyProof(size, 3, nodes.read))).toBe('size-invalid');
  });

  it('to grow past 2^53 − 1 leaves', () => {
    const leaf = leafHash(Uint8Array.of(1));
    expect(reasonOf(() => appendLeaves(Number.MAX_SAFE_INTEGER, [leaf], nodes.read))).toBe('size-invalid');
  });

  it('a leaf index at or beyond the size, negative or fractional', () => {
    for (const index of [3, 4, -1, 0.5, Number.NaN]) {
      expect(reasonOf(() => inclusionProof(index, 3, nodes.read))).toBe('index-invalid');
    }
  });

  it('a consistency proof into the past', () => {
    expect(reasonOf(() => consistencyProof(3, 2, nodes.read))).toBe('size-invalid');
  });

  it('a hash that is not 32 bytes, of a leaf or from the store', () => {
    expect(reasonOf(() => appendLeaves(3, [new Uint8Array(31)], nodes.read))).toBe('hash-malformed');
    expect(reasonOf(() => rootAt(2, () => new Uint8Array(33)))).toBe('hash-malformed');
    expect(reasonOf(() => appendLeaves(3, [new Uint8Array(32)], () => new Uint8Array(0)))).toBe('hash-malformed');
  });

  it('to make up a node that the store lost', () => {
    expect(reasonOf(() => rootAt(4, nodes.read))).toBe('node-missing');
    expect(reasonOf(() => inclusionProof(0, 4, nodes.read))).toBe('node-missing');
    expect(reasonOf(() => appendLeaves(5, [leafHash(Uint8Array.of(1))], nodes.read))).toBe('node-missing');
  });
});
