import type { HeadRecord } from '../domain/index.ts';
import { leafHash } from '../journal/hash.ts';
import { appendLeaves, missingNode, type NodeReader, rootAt, type TreeNode } from '../journal/merkle.ts';

/**
 * The right edge of the journal's tree (RFC 9162 §2.1): its size, its root, and the largest complete subtrees, from which both
 * the root and every later tree can be made. The store keeps it in memory, so that what is written into the database's nodes
 * by another hand never enters a root that this station authenticates or signs.
 */
export class Frontier {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly #peaks: ReadonlyMap<string, Uint8Array>;

  private constructor(size: number, read: NodeReader) {
    const peaks = new Map<string, Uint8Array>();
    for (let level = 0; 2 ** level <= size; level++) {
      const count = Math.floor(size / 2 ** level);
      if (count % 2 === 1) peaks.set(nodeId(level, count - 1), new Uint8Array(read(level, count - 1)));
    }
    this.size = size;
    this.#peaks = peaks;
    this.root = rootAt(size, (level, index) => found(peaks, level, index));
  }

  /** Of the tree as the database has it; `read` throws `MerkleError` for a node that is missing. */
  static at(size: number, read: NodeReader): Frontier {
    return new Frontier(size, read);
  }

  /** The frontier after these leaves, and the nodes that they complete. O(log n) hashes in all, one more a leaf. */
  grown(leaves: readonly Uint8Array[]): { readonly frontier: Frontier; readonly nodes: readonly TreeNode[] } {
    const old = this.#peaks;
    const hashes = leaves.map((bytes) => leafHash(bytes));
    const { size, nodes } = appendLeaves(this.size, hashes, (level, index) => found(old, level, index));
    const known = new Map(old);
    for (const { level, index, hash } of nodes) known.set(nodeId(level, index), hash);
    return { frontier: new Frontier(size, (level, index) => found(known, level, index)), nodes };
  }
}

/** As the `head` row has it. */
export function headOf({ size, root }: Frontier): HeadRecord {
  return { key: 'head', size, root };
}

function nodeId(level: number, index: number): string {
  return `${level}/${index}`;
}

function found(nodes: ReadonlyMap<string, Uint8Array>, level: number, index: number): Uint8Array {
  const hash = nodes.get(nodeId(level, index));
  if (hash === undefined) throw missingNode(level, index);
  return hash;
}
