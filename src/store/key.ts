import { createHmac, hkdfSync } from 'node:crypto';
import type { Cell } from './table.ts';

const utf8 = new TextEncoder();

/** What is derived from the state key (formats.md, "Keys"); the state key itself is not kept. */
export interface StationKeys {
  /** Authenticates rows. */
  readonly row: Uint8Array;
  /** Makes and checks tickets and enrolment challenges. */
  readonly ticket: Uint8Array;
  /** Seals withheld signatures. */
  readonly seal: Uint8Array;
}

/** `stateKey` is 32 random bytes. HKDF-SHA256 (RFC 5869), no salt, one `info` for each use. */
export function deriveKeys(stateKey: Uint8Array): StationKeys {
  if (stateKey.length !== 32) throw new Error(`the state key must be 32 bytes, this one has ${stateKey.length}`);
  const derive = (info: string): Uint8Array => new Uint8Array(hkdfSync('sha256', stateKey, new Uint8Array(), info, 32));
  return {
    row: derive('portcullis/row/v1'),
    ticket: derive('portcullis/ticket/v1'),
    seal: derive('portcullis/seal/v1'),
  };
}

/**
 * formats.md, "Row MAC": HMAC-SHA256 over the table's name, each cell in storage order, and the leaf index, every part with
 * its type and length, so that no two rows have the same encoding.
 */
export function rowMac(key: Uint8Array, table: string, cells: readonly Cell[], leaf: number): Uint8Array {
  const hmac = createHmac('sha256', key);
  hmac.update('portcullis/row/v1\0');
  hmac.update(encodeCell(table));
  for (const cell of cells) hmac.update(encodeCell(cell));
  hmac.update(encodeCell(leaf));
  return new Uint8Array(hmac.digest());
}

function encodeCell(cell: Cell): Uint8Array {
  if (cell === null) return Uint8Array.of(0);
  if (typeof cell === 'number') {
    const out = new Uint8Array(9);
    out[0] = 1;
    new DataView(out.buffer).setBigInt64(1, BigInt(cell));
    return out;
  }
  const bytes = typeof cell === 'string' ? utf8.encode(cell) : cell;
  const out = new Uint8Array(5 + bytes.length);
  out[0] = typeof cell === 'string' ? 2 : 3;
  new DataView(out.buffer).setUint32(1, bytes.length);
  out.set(bytes, 5);
  return out;
}
