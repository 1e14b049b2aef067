import { HASH_LENGTH } from './hash.ts';

/**
 * C2SP tlog-tiles (c2sp.org/tlog-tiles): the log as immutable files. A hash tile of level L holds up to 256 roots of complete
 * subtrees of 256^L leaves each; an entry bundle holds the bytes of up to 256 leaves.
 */

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree (RFC 9162 §2.1) that one level of tiles spans. */
export const TILE_HEIGHT = 8;
/** A bundle gives an entry's length in 16 bits. */
export const ENTRY_BYTES_MOST = 0xffff;

/** Which tile: hashes of a level, or the entries themselves. */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256; 256 is full. */
  readonly width: number;
}

export type TileReason = 'tile-invalid' | 'bundle-malformed' | 'entry-too-long';

/** A tile that can't be, or bytes that are none. */
export class TileError extends Error {
  readonly reason: TileReason;

  constructor(reason: TileReason, message: string) {
    super(message);
    this.name = 'TileError';
    this.reason = reason;
  }
}

/** `tile/0/x001/x234/067.p/8`: where a tile lies. Throws `TileError` `tile-invalid`. */
export function tilePath({ level, index, width }: Tile): string {
  const whole = (n: number, least: number, below: number): boolean =>
    Number.isSafeInteger(n) && n >= least && n < below;
  if (level !== 'entries' && !whole(level, 0, 64)) throw invalid(`${level} is no level`);
  if (!whole(index, 0, Number.MAX_SAFE_INTEGER)) throw invalid(`${index} is no index`);
  if (!whole(width, 1, TILE_WIDTH + 1)) throw invalid(`${width} is no width`);
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, i) => (i + 1 < groups.length ? `x${group}` : group)).join('/');
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Leaves under one hash of a level. */
export function leavesUnder(level: number): number {
  return TILE_WIDTH ** level;
}

/** How wide a tile is in a tree of `size` leaves: 0 where it isn't in it at all. */
export function tileWidth({ level, index }: Pick<Tile, 'level' | 'index'>, size: number): number {
  const hashes = Math.floor(size / leavesUnder(level === 'entries' ? 0 : level));
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** The tiles of a tree of `to` leaves that one of `from` has not, or has narrower: entries first, then level by level. */
export function* tilesBetween(from: number, to: number): Generator<Tile> {
  for (const level of ['entries', 0, 1, 2, 3, 4, 5, 6] as const) {
    const under = leavesUnder(level === 'entries' ? 0 : level);
    const [had, has] = [Math.floor(from / under), Math.floor(to / under)];
    if (has === had) continue;
    for (let index = Math.floor(had / TILE_WIDTH); index * TILE_WIDTH < has; index++) {
      yield { level, index, width: tileWidth({ level, index }, to) };
    }
  }
}

/** The first node of a hash tile, as (level, index) of the tree: its hashes are this and its neighbours to the right. */
export function firstNode({ level, index }: { readonly level: number; readonly index: number }): {
  readonly level: number;
  readonly index: number;
} {
  return { level: level * TILE_HEIGHT, index: index * TILE_WIDTH };
}

/** The hashes of a tile, as they lie in its file. Throws `TileError` `tile-invalid`. */
export function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.some((hash) => hash.length !== HASH_LENGTH)) throw invalid(`a hash has not ${HASH_LENGTH} bytes`);
  return new Uint8Array(Buffer.concat(hashes));
}

/** A bundle: of each entry u16be(bytes) ‖ bytes. Throws `TileError` `entry-too-long`. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    checkEntry(entry);
    parts.push(Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** The entries of a bundle. Throws `TileError` `bundle-malformed` where its bytes end within one. */
export function decodeBundle(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; ) {
    const [high, low] = [bundle[at], bundle[at + 1]];
    const end = at + 2 + (high ?? 0) * 256 + (low ?? 0);
    if (high === undefined || low === undefined || end > bundle.length) {
      throw new TileError('bundle-malformed', `the bundle ends within entry ${entries.length}`);
    }
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** Throws `TileError` `entry-too-long` for bytes that fit no bundle. */
export function checkEntry(entry: Uint8Array): void {
  if (entry.length <= ENTRY_BYTES_MOST) return;
  throw new TileError(
    'entry-too-long',
    `an entry of ${entry.length} bytes is not to be: a bundle holds at most ${ENTRY_BYTES_MOST} of one (C2SP tlog-tiles)`,
  );
}

function invalid(message: string): TileError {
  return new TileError('tile-invalid', `no tile: ${message}`);
}
