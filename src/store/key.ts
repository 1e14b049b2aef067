import { createHmac, hkdfSync, type KeyObject } from 'node:crypto';
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

/**
 * formats.md, "Row MAC": HMAC-SHA256 over the table's name, each cell in storage order, and the leaf index, every part with
 * its type and length, so that no two rows have the same encoding. A key that is used often is imported once
 * (`createSecretKey`): Node takes longer to look at 32 bytes that may be a key than to hash a row.
 */
export function rowMac(key: Uint8Array | KeyObject, table: string, cells: readonly Cell[], leaf: number): Uint8Array {
  return new Uint8Array(
    createHmac('sha256', key)
      .update(encodeRow([table, ...cells, leaf]))
      .digest(),
  );
}

const rowTag = 'portcullis/row/v1\0';

/** Where rows are encoded, one after the other; it grows to the longest. */
let scratch = Buffer.alloc(16 * 1024);

/** In one piece: each call into the hash costs more than the bytes that it is given. Valid until the next row. */
function encodeRow(parts: readonly Cell[]): Uint8Array {
  // UTF-8 takes at most three bytes for each of a string's UTF-16 units; number and length take nine at most.
  const most = parts.reduce((size: number, part) => size + 9 + (hasLength(part) ? 3 * part.length : 0), rowTag.length);
  if (most > scratch.length) scratch = Buffer.alloc(2 * most);
  let at = scratch.write(rowTag, 'latin1');
  for (const part of parts) at = writeCell(scratch, at, part);
  return scratch.subarray(0, at);
}

function hasLength(cell: Cell): cell is string | Uint8Array {
  return cell !== null && typeof cell !== 'number';
}

/** Returns the offset behind the cell. */
function writeCell(out: Buffer, at: number, cell: Cell): number {
  if (cell === null) return out.writeUInt8(0, at);
  if (typeof cell === 'number') return out.writeBigInt64BE(BigInt(cell), out.writeUInt8(1, at));
  const isText = typeof cell === 'string';
  const start = out.writeUInt8(isText ? 2 : 3, at) + 4;
  const length = isText ? out.write(cell, start, 'utf8') : cell.length;
  if (!isText) out.set(cell, start);
  out.writeUInt32BE(length, start - 4);
  return start + length;
}
