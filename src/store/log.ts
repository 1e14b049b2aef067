import type { Statement } from 'better-sqlite3';
import type { Opening } from '../journal/leaf.ts';
import { MerkleError, missingNode, type NodeReader, type TreeNode } from '../journal/merkle.ts';
import { encodeBundle, firstNode, joinHashes, TILE_WIDTH, type Tile } from '../journal/tiles.ts';
import type { Sqlite } from './database.ts';
import { TamperedRow } from './failure.ts';

/** The journal's tables: leaves, the complete nodes of their tree, and the openings of their commitments. */
export class Log {
  readonly #insertLeaf: Statement<[number, Uint8Array]>;
  readonly #insertNode: Statement<[number, number, Uint8Array]>;
  readonly #insertOpening: Statement<[number, string, Uint8Array, string]>;
  readonly #leaf: Statement<[number], { bytes: Uint8Array }>;
  readonly #range: Statement<[number, number], { index: number; bytes: Uint8Array }>;
  readonly #node: Statement<[number, number], { hash: Uint8Array }>;
  readonly #nodes: Statement<[number, number, number], { index: number; hash: Uint8Array }>;
  readonly #openings: Statement<[number], { field: string; salt: Uint8Array; value: string }>;
  readonly #count: Statement<[], { size: number }>;

  constructor(db: Sqlite) {
    const write = !db.readonly;
    const insert = (sql: string): string => (write ? sql : 'SELECT 1');
    this.#insertLeaf = db.prepare(insert('INSERT INTO leaves ("index", bytes) VALUES (?, ?)'));
    this.#insertNode = db.prepare(insert('INSERT INTO nodes (level, "index", hash) VALUES (?, ?, ?)'));
    this.#insertOpening = db.prepare(insert('INSERT INTO openings (leaf, field, salt, value) VALUES (?, ?, ?, ?)'));
    this.#leaf = db.prepare('SELECT bytes FROM leaves WHERE "index" = ?');
    this.#range = db.prepare('SELECT "index", bytes FROM leaves WHERE "index" >= ? AND "index" < ? ORDER BY "index"');
    this.#node = db.prepare('SELECT hash FROM nodes WHERE level = ? AND "index" = ?');
    this.#nodes = db.prepare(
      'SELECT "index", hash FROM nodes WHERE level = ? AND "index" >= ? AND "index" < ? ORDER BY "index"',
    );
    this.#openings = db.prepare('SELECT field, salt, value FROM openings WHERE leaf = ? ORDER BY field');
    this.#count = db.prepare('SELECT coalesce(max("index") + 1, 0) AS size FROM leaves');
  }

  /** Leaves recorded, whether or not their tree nodes are. */
  size(): number {
    return this.#count.get()?.size ?? 0;
  }

  addLeaf(index: number, bytes: Uint8Array, openings: readonly Opening[]): void {
    written('leaves', index, this.#insertLeaf.run(index, bytes));
    for (const { field, salt, value } of openings) {
      written('openings', index, this.#insertOpening.run(index, field, salt, value));
    }
  }

  /** The nodes that leaves which `addLeaf` recorded complete. */
  addNodes(nodes: readonly TreeNode[]): void {
    for (const { level, index, hash } of nodes) written('nodes', index, this.#insertNode.run(level, index, hash));
  }

  readonly readNode: NodeReader = (level, index) => {
    const found = this.#node.get(level, index);
    if (found === undefined) throw missingNode(level, index);
    return found.hash;
  };

  /** `count` neighbours of one level, in order. Throws `MerkleError` `node-missing`. */
  nodes(level: number, first: number, count: number): Uint8Array[] {
    const found = this.#nodes.all(level, first, first + count);
    found.forEach(({ index }, i) => {
      if (index !== first + i) throw missingNode(level, first + i);
    });
    if (found.length < count) throw missingNode(level, first + found.length);
    return found.map(({ hash }) => hash);
  }

  leaf(index: number): Uint8Array | undefined {
    return this.#leaf.get(index)?.bytes;
  }

  /** Leaves `from` to `to` (exclusive), in order. */
  leaves(from: number, to: number): IterableIterator<{ index: number; bytes: Uint8Array }> {
    return this.#range.iterate(from, to);
  }

  /** A tile's bytes (C2SP tlog-tiles), made of what is recorded. Throws `MerkleError` `node-missing`, `TileError`. */
  tile({ level, index, width }: Tile): Uint8Array {
    const first = index * TILE_WIDTH;
    if (level !== 'entries') {
      const node = firstNode({ level, index });
      return joinHashes(this.nodes(node.level, node.index, width));
    }
    const entries = [...this.leaves(first, first + width)];
    const gap = entries.findIndex((entry, i) => entry.index !== first + i);
    if (gap >= 0 || entries.length < width) throw missingLeaf(first + (gap < 0 ? entries.length : gap));
    return encodeBundle(entries.map(({ bytes }) => bytes));
  }

  openings(index: number): Opening[] {
    return this.#openings.all(index).map(({ field, salt, value }) => ({ field, salt: new Uint8Array(salt), value }));
  }
}

function missingLeaf(index: number): MerkleError {
  return new MerkleError('node-missing', `no leaf ${index}: restore the journal from a backup`);
}

/** SQLite reports success also where a trigger made it do nothing. */
function written(table: string, index: number, { changes }: { readonly changes: number }): void {
  if (changes === 1) return;
  const message = `entry ${index} was not written into ${table} as it was told to be: another hand is in between`;
  throw new TamperedRow(table, String(index), message);
}
