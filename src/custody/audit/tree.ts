import { HASH_LENGTH, leafHash, nodeHash, sameBytes } from '../../journal/hash.ts';
import { missingNode, type NodeReader, rootAt } from '../../journal/merkle.ts';
import type { Sqlite } from '../../store/database.ts';
import type { Found } from './finding.ts';

/** A complete subtree: what its leaves make of it, and what the database says. */
interface Subtree {
  readonly index: number;
  readonly hash: Uint8Array;
  readonly stored: Uint8Array | undefined;
}

interface StoredNode {
  readonly index: number;
  readonly hash: Uint8Array;
}

/**
 * Grows the journal's tree again from its leaves (RFC 9162 §2.1) and holds it against the stored nodes. Each level's nodes
 * become complete in the order of their index, so both sides are read once, front to back, and a hash a level is kept.
 */
export class TreeAudit {
  readonly #db: Sqlite;
  readonly #found: Found;
  /** The latest complete subtree of each level. */
  readonly #latest: Subtree[] = [];
  readonly #levels: StoredLevel[] = [];
  #size = 0;
  #whole = true;

  constructor(db: Sqlite, found: Found) {
    this.#db = db;
    this.#found = found;
  }

  get size(): number {
    return this.#size;
  }

  /** False once a leaf was missing that no stored node stands for: then there is no root. */
  get whole(): boolean {
    return this.#whole;
  }

  add(leaf: Uint8Array): void {
    const hash = leafHash(leaf);
    this.#grow(this.#compare(0, this.#size, hash, hash));
  }

  /** A leaf is gone. Its stored hash, if that is still there, stands for it, so that the rest can be checked. */
  addMissing(): void {
    const hash = this.#stored(0).take(this.#size);
    if (hash === undefined) this.#whole = false;
    else this.#grow({ index: this.#size, hash, stored: hash });
  }

  /** The root over all leaves so far; undefined where the tree isn't whole. */
  root(): Uint8Array | undefined {
    return this.#whole ? rootAt(this.#size, this.#read) : undefined;
  }

  /** To be called last: names stored nodes that no leaf makes. */
  finish(): void {
    for (const [level, stored] of this.#levels.entries()) {
      for (const index of stored.rest()) this.#extra(level, index);
    }
    const above = this.#db.prepare<[number], { level: number; index: number }>(
      'SELECT level, "index" FROM nodes WHERE level < 0 OR level >= ?',
    );
    for (const { level, index } of above.iterate(this.#levels.length)) this.#extra(level, index);
  }

  close(): void {
    for (const stored of this.#levels) stored.close();
  }

  readonly #read: NodeReader = (level, index) => {
    const latest = this.#latest[level];
    if (latest?.index !== index) throw missingNode(level, index);
    return latest.hash;
  };

  #grow(leaf: Subtree): void {
    this.#size++;
    let right = leaf;
    let level = 0;
    while (right.index % 2 === 1) {
      const left = this.#latest[level];
      if (left?.index !== right.index - 1) throw missingNode(level, right.index - 1);
      const hash = nodeHash(left.hash, right.hash);
      // A node is held against its stored children, so that one altered leaf is one finding, not one a level.
      const stored = left.stored && right.stored ? nodeHash(left.stored, right.stored) : hash;
      level++;
      right = this.#compare(level, (right.index - 1) / 2, hash, stored);
    }
    this.#latest[level] = right;
  }

  #compare(level: number, index: number, hash: Uint8Array, expected: Uint8Array): Subtree {
    const stored = this.#stored(level).take(index);
    const where = level === 0 ? `leaf ${index}` : `node ${level}/${index}`;
    if (stored === undefined) {
      this.#found({ tag: 'node-missing', where, message: 'its hash is not in the stored tree' });
    } else if (!sameBytes(stored, expected)) {
      const [tag, message] =
        level === 0
          ? (['leaf-altered', 'its bytes do not have the hash that the stored tree has for it'] as const)
          : (['node-altered', 'its hash is not the one that its two children make'] as const);
      this.#found({ tag, where, message });
    }
    return { index, hash, stored: stored?.length === HASH_LENGTH ? stored : undefined };
  }

  #stored(level: number): StoredLevel {
    let stored = this.#levels[level];
    if (stored === undefined) {
      stored = new StoredLevel(this.#db, level);
      this.#levels[level] = stored;
    }
    return stored;
  }

  #extra(level: number, index: number): void {
    const where = `node ${level}/${index}`;
    this.#found({
      tag: 'node-extra',
      where,
      message: 'no leaves make this stored node: leaves were cut off, or it was put in',
    });
  }
}

/** One level of the stored tree, read in the order of its index. */
class StoredLevel {
  readonly #nodes: IterableIterator<StoredNode>;
  readonly #skipped: number[] = [];
  #next: StoredNode | undefined;

  constructor(db: Sqlite, level: number) {
    this.#nodes = db
      .prepare<[number], StoredNode>('SELECT "index", hash FROM nodes WHERE level = ? ORDER BY "index"')
      .iterate(level);
    this.#advance();
  }

  take(index: number): Uint8Array | undefined {
    while (this.#next !== undefined && this.#next.index < index) {
      this.#skipped.push(this.#next.index);
      this.#advance();
    }
    if (this.#next?.index !== index) return undefined;
    const { hash } = this.#next;
    this.#advance();
    return hash;
  }

  *rest(): Generator<number> {
    yield* this.#skipped;
    for (; this.#next !== undefined; this.#advance()) yield this.#next.index;
  }

  close(): void {
    this.#nodes.return?.();
  }

  #advance(): void {
    const { done, value } = this.#nodes.next();
    this.#next = done === true ? undefined : value;
  }
}
