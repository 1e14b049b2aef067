import { hash, hkdfSync } from 'node:crypto';
import type { Cell } from './table.ts';

/** What is derived from the state key (formats.md, "Keys"); the state key itself is not kept. */
export interface StationKeys {
  /** Authenticates rows. */
  readonly row: Uint8Array;
  /** Makes and checks tickets and enrolment challenges. */
  readonly ticket: Uint8Array;
}

/** `stateKey` is 32 random bytes. HKDF-SHA256 (RFC 5869), no salt, one `info` for each use. */
export function deriveKeys(stateKey: Uint8Array): StationKeys {
  if (stateKey.length !== 32) throw new Error(`the state key must be 32 bytes, this one has ${stateKey.length}`);
  const derive = (info: string): Uint8Array => new Uint8Array(hkdfSync('sha256', stateKey, new Uint8Array(), info, 32));
  return {
    row: derive('portcullis/row/v1'),
    ticket: derive('portcullis/ticket/v1'),
  };
}

/** HMAC-SHA256 works on blocks of 64 bytes (FIPS 198-1 §4). */
const block = 64;
const rowTag = 'portcullis/row/v1\0';

/** Makes the codes of rows under one key. */
export class RowCoder {
  /** Where rows are encoded, one after the other, behind the inner key block; it grows to the longest. */
  #inner: Buffer;
  /** The outer key block, and room for the inner hash. */
  readonly #outer: Buffer;

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== 32) throw new Error(`the row key must be 32 bytes, this one has ${key.length}`);
    this.#inner = Buffer.alloc(16 * 1024);
    this.#outer = Buffer.alloc(block + 32);
    this.#inner.fill(0x36, 0, block);
    this.#outer.fill(0x5c, 0, block);
    key.forEach((byte, i) => {
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    });
  }

  /**
   * formats.md, "Row MAC": HMAC-SHA256 over the table's name, each cell in storage order, and the leaf index, every part with
   * its type and length, so that no two rows have the same encoding. The two hashes of RFC 2104 are asked for by themselves: Node makes an
   * object for each HMAC, and one for each result that is bytes, which costs more than the hashing.
   */
  mac(table: string, cells: readonly Cell[], leaf: number): Uint8Array {
    const end = this.#encode(table, cells, leaf);
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'binary'), block, 'latin1');
    return Buffer.from(hash('sha256', this.#outer, 'binary'), 'latin1');
  }

  /** Returns the offset behind the row. */
  #encode(table: string, cells: readonly Cell[], leaf: number): number {
    // UTF-8 takes at most three bytes for each of a string's UTF-16 units; number and length take nine at most.
    let most = block + rowTag.length + 18 + 3 * table.length;
    for (const cell of cells) most += 9 + (cell === null || typeof cell === 'number' ? 0 : 3 * cell.length);
    if (most > this.#inner.length) {
      const grown = Buffer.alloc(2 * most);
      this.#inner.copy(grown, 0, 0, block);
      this.#inner = grown;
    }
    const out = this.#inner;
    let at = block + out.write(rowTag, block, 'latin1');
    at = writeCell(out, at, table);
    for (const cell of cells) at = writeCell(out, at, cell);
    return writeCell(out, at, leaf);
  }
}

/** The code of one row. Whoever makes many has a `RowCoder`. */
export function rowMac(key: Uint8Array, table: string, cells: readonly Cell[], leaf: number): Uint8Array {
  return new RowCoder(key).mac(table, cells, leaf);
}

/** Returns the offset behind the cell. */
function writeCell(out: Buffer, at: number, cell: Cell): number {
  if (cell === null) return out.writeUInt8(0, at);
  if (typeof cell === 'number') {
    if (!Number.isInteger(cell)) throw new RangeError(`a cell is ${cell}, which is no whole number`);
    // In two's complement of 64 bits, as the format has it.
    out[at] = 1;
    out.writeInt32BE(Math.floor(cell / 2 ** 32), at + 1);
    return out.writeUInt32BE(cell >>> 0, at + 5);
  }
  const isText = typeof cell === 'string';
  const start = out.writeUInt8(isText ? 2 : 3, at) + 4;
  const length = isText ? out.write(cell, start, 'utf8') : cell.length;
  if (!isText) out.set(cell, start);
  out.writeUInt32BE(length, start - 4);
  return start + length;
}
