import { createHash } from 'node:crypto';
import { missingNode, type NodeReader, type TreeNode } from '../../src/journal/merkle.ts';

/** RFC 9162 §2.1 as it is written, recursive and slow: what the tree over nodes is compared with. */

function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** §2.1.1: MTH(D_n) */
export function referenceRoot(entries: readonly Uint8Array[]): Uint8Array {
  const [only] = entries;
  if (only === undefined) return sha256();
  if (entries.length === 1) return sha256(Uint8Array.of(0), only);
  const k = split(entries.length);
  return sha256(Uint8Array.of(1), referenceRoot(entries.slice(0, k)), referenceRoot(entries.slice(k)));
}

/** §2.1.3.1: PATH(m, D_n) */
export function referencePath(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length === 1) return [];
  const k = split(entries.length);
  return m < k
    ? [...referencePath(m, entries.slice(0, k)), referenceRoot(entries.slice(k))]
    : [...referencePath(m - k, entries.slice(k)), referenceRoot(entries.slice(0, k))];
}

/** §2.1.4.1: PROOF(m, D_n), 0 < m < n */
export function referenceProof(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  return subproof(m, entries, true);
}

function subproof(m: number, entries: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === entries.length) return whole ? [] : [referenceRoot(entries)];
  const k = split(entries.length);
  return m <= k
    ? [...subproof(m, entries.slice(0, k), whole), referenceRoot(entries.slice(k))]
    : [...subproof(m - k, entries.slice(k), false), referenceRoot(entries.slice(0, k))];
}

/** Nodes in memory, as the store keeps them: inserted once, never changed. */
export class Nodes {
  readonly #rows = new Map<string, Uint8Array>();
  /** How often a node was read. */
  reads = 0;

  get count(): number {
    return this.#rows.size;
  }

  insert(nodes: readonly TreeNode[]): void {
    for (const { level, index, hash } of nodes) {
      const key = `${level}/${index}`;
      if (this.#rows.has(key)) throw new Error(`node ${key} was stored before`);
      this.#rows.set(key, hash);
    }
  }

  readonly read: NodeReader = (level, index) => {
    this.reads += 1;
    const hash = this.#rows.get(`${level}/${index}`);
    if (hash === undefined) throw missingNode(level, index);
    return hash;
  };
}
