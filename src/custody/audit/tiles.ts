import { minute, parseInstant, second, toHex } from '../../domain/index.ts';
import { type Checkpoint, openCheckpoint } from '../../journal/checkpoint.ts';
import { type Cosignature, isOf, openCosignature, parseWitnessKey } from '../../journal/cosignature.ts';
import { emptyRoot, HASH_LENGTH, leafHash, nodeHash, sameBytes } from '../../journal/hash.ts';
import { parseLeaf } from '../../journal/leaf.ts';
import { type NoteVerifier, parseVerifierKey, readNote } from '../../journal/note.ts';
import { decodeBundle, TILE_WIDTH, tilePath, tileWidth } from '../../journal/tiles.ts';
import { TileFolder } from '../../store/tile-folder.ts';
import type { Found } from './finding.ts';

export interface TileAuditRequest {
  /** A file of the folder by its path; undefined where there is none. */
  readonly read: (file: string) => Uint8Array | undefined;
  /** The journal's verifier key as an auditor pinned it. */
  readonly logKey: string;
  /** Witnesses' keys, likewise. */
  readonly witnesses?: readonly string[] | undefined;
  /** A checkpoint that was kept outside, a signed note, perhaps cosigned. */
  readonly checkpoint?: Uint8Array | undefined;
  readonly progress?: ((entries: number, size: number) => void) | undefined;
}

export interface TilesAudited {
  readonly origin: string | undefined;
  readonly size: number;
  /** RFC 9162 root of the entries that are there, hex; undefined where one is missing. */
  readonly root: string | undefined;
  readonly cosignatures: readonly Cosignature[];
  /** The size of the checkpoint from outside that these tiles go on from. */
  readonly consistentWith: number | undefined;
  readonly findings: number;
}

/** By how much the station's clock may have been behind a witness's before an entry counts as backdated. */
const skewMost = 5 * minute;

/**
 * Reads a published journal (C2SP tlog-tiles) with nothing but keys that were pinned: every entry is hashed, and each hash, tile and the
 * root of the checkpoint held against what the entries make. Names what is missing, altered, put elsewhere or cut off; given an earlier
 * checkpoint, a journal that is behind it or beside it; given cosignatures, an entry that claims a time before its witness saw none
 * of it. One pass, one tile a level in memory.
 */
export function auditTiles(request: TileAuditRequest, tell: Found): TilesAudited {
  let findings = 0;
  const found: Found = (finding) => {
    findings++;
    tell(finding);
  };
  const none = { origin: undefined, size: 0, root: undefined, cosignatures: [], consistentWith: undefined };
  const log = parseVerifierKey(request.logKey);
  const witnesses = (request.witnesses ?? []).map(parseWitnessKey);
  const head = opened(request.read('checkpoint'), 'checkpoint', log, witnesses, found);
  if (head === undefined) return { ...none, findings };
  const kept = [
    ...(request.checkpoint === undefined ? [] : [['the given checkpoint', request.checkpoint] as const]),
    ...[request.read('checkpoint.cosigned')].flatMap((note) => (note ? [['checkpoint.cosigned', note] as const] : [])),
  ].flatMap(([where, note]) => opened(note, where, log, witnesses, found) ?? []);
  const tree = new Tree(request, head.size, [head, ...kept], found);
  const root = tree.run();
  if (root !== undefined && !sameBytes(root, head.root)) {
    const message = `the ${head.size} entries have the root ${toHex(root)}, the log signed ${toHex(head.root)}`;
    found({ tag: 'root-differs', where: 'checkpoint', message });
  }
  let consistentWith: number | undefined;
  for (const one of kept) {
    const { where, size } = one;
    const at = tree.rootAt(size);
    if (size > head.size)
      found({ tag: 'station-behind', where, message: `it is of ${size} entries, and ${head.size} are published` });
    else if (at !== undefined && !sameBytes(at, one.root))
      found({ tag: 'journal-forked', where, message: `the first ${size} entries are not those that were signed then` });
    else if (at !== undefined && request.checkpoint !== undefined && one === kept[0]) consistentWith = size;
  }
  return {
    origin: head.origin,
    size: head.size,
    root: root === undefined ? undefined : toHex(root),
    cosignatures: [head, ...kept].flatMap((one) => one.cosignatures),
    consistentWith,
    findings,
  };
}

/** The files of a folder, or of a copy of it. */
export function filesOf(folder: string): TileAuditRequest['read'] {
  const files = new TileFolder(folder);
  return (file) => files.read(file);
}

interface Opened extends Checkpoint {
  readonly where: string;
  readonly cosignatures: readonly Cosignature[];
}

function opened(
  note: Uint8Array | undefined,
  where: string,
  log: NoteVerifier,
  witnesses: readonly NoteVerifier[],
  found: Found,
): Opened | undefined {
  const invalid = (message: string): undefined => {
    found({ tag: 'checkpoint-invalid', where, message });
  };
  if (note === undefined) return invalid('it is not there');
  let checkpoint: Checkpoint;
  try {
    checkpoint = openCheckpoint(note, [log]);
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
  const { text, signatures } = readNote(note);
  const cosignatures = signatures.flatMap((line): Cosignature[] => {
    const witness = witnesses.find((one) => isOf(line, one));
    if (witness === undefined) return [];
    const cosignature = openCosignature(text, line, witness);
    if (cosignature !== undefined) return [cosignature];
    found({ tag: 'cosignature-invalid', where, message: `the line of ${witness.name} is not its signature` });
    return [];
  });
  return { ...checkpoint, where, cosignatures };
}

class Tree {
  readonly #request: TileAuditRequest;
  readonly #size: number;
  readonly #found: Found;
  /** Of each level, the hashes that have no full tile yet. */
  readonly #pending: Uint8Array[][] = [];
  /** Sizes whose roots are wanted, and these once the tree was so large. */
  readonly #roots = new Map<number, Uint8Array | undefined>();
  /** Before which moment no entry from an index on can have been made, ms. */
  readonly #since: readonly { readonly index: number; readonly time: number; readonly witness: string }[];
  #entries = 0;
  #whole = true;
  #time = 0;

  constructor(request: TileAuditRequest, size: number, kept: readonly Opened[], found: Found) {
    this.#request = request;
    this.#size = size;
    this.#found = found;
    for (const one of kept) if (one.size <= size) this.#roots.set(one.size, undefined);
    this.#since = kept.flatMap((one) =>
      one.cosignatures.map(({ witness, time }) => ({ index: one.size, time: time * second - skewMost, witness })),
    );
  }

  /** The root of all, unless an entry is missing. */
  run(): Uint8Array | undefined {
    for (let index = 0; index * TILE_WIDTH < this.#size; index++) {
      this.#bundle(index);
      this.#request.progress?.(this.#entries, this.#size);
    }
    for (const [level, hashes] of this.#pending.entries()) {
      if (hashes.length > 0) this.#compare(level, Math.floor(this.#size / TILE_WIDTH ** (level + 1)), hashes);
    }
    return this.#root();
  }

  rootAt(size: number): Uint8Array | undefined {
    return this.#roots.get(size);
  }

  #bundle(index: number): void {
    const width = tileWidth({ level: 'entries', index }, this.#size);
    const path = tilePath({ level: 'entries', index, width });
    const bytes = this.#read({ level: 'entries', index }, width);
    let entries: Uint8Array[] = [];
    if (bytes === undefined) this.#found({ tag: 'tile-missing', where: path, message: 'it is not there' });
    else {
      try {
        entries = decodeBundle(bytes);
      } catch (error) {
        this.#found({ tag: 'tile-malformed', where: path, message: String(error) });
      }
      if (entries.length < width || (entries.length > width && width === TILE_WIDTH)) {
        const message = `it has ${entries.length} entries, not ${width}: some were cut off, or put in`;
        this.#found({ tag: 'tile-malformed', where: path, message });
      }
    }
    const stored = this.#hashes(0, index, width);
    for (let i = 0; i < width; i++) {
      const at = index * TILE_WIDTH + i;
      const entry = entries[i];
      const said = stored?.[i];
      if (entry !== undefined) {
        this.#judge(at, entry);
        const hash = leafHash(entry);
        if (said !== undefined && !sameBytes(hash, said)) this.#altered(at, hash, index, stored ?? []);
        this.#add(hash);
      } else {
        if (bytes !== undefined)
          this.#found({ tag: 'leaf-missing', where: `leaf ${at}`, message: `it is not in ${path}` });
        // Its hash stands for it, so that the rest can be checked.
        if (said === undefined) this.#whole = false;
        this.#add(said ?? new Uint8Array(HASH_LENGTH));
      }
    }
  }

  /** An entry whose bytes hash to another place's hash was moved, not changed. */
  #altered(at: number, hash: Uint8Array, index: number, stored: readonly Uint8Array[]): void {
    const elsewhere = stored.findIndex((one) => sameBytes(one, hash));
    const where = `leaf ${at}`;
    if (elsewhere >= 0) {
      const message = `what stands there is leaf ${index * TILE_WIDTH + elsewhere}: entries changed places`;
      this.#found({ tag: 'leaf-moved', where, message });
    } else {
      this.#found({ tag: 'leaf-altered', where, message: 'its bytes do not have the hash that the tile has for it' });
    }
  }

  /** What an entry says of its own time. */
  #judge(at: number, entry: Uint8Array): void {
    const where = `leaf ${at}`;
    let time: number;
    try {
      time = parseInstant(parseLeaf(entry).time, 'time');
    } catch (error) {
      this.#found({ tag: 'leaf-malformed', where, message: error instanceof Error ? error.message : String(error) });
      return;
    }
    if (time < this.#time)
      this.#found({ tag: 'time-reversed', where, message: 'its time is before that of the entry before it' });
    this.#time = Math.max(this.#time, time);
    const since = this.#since.find((one) => at >= one.index && time < one.time);
    if (since === undefined) return;
    const message = `it says ${new Date(time).toISOString()}, but ${since.witness} saw the journal without it later than that`;
    this.#found({ tag: 'leaf-backdated', where, message });
  }

  #add(leaf: Uint8Array): void {
    let hash = leaf;
    for (let level = 0; ; level++) {
      const hashes = this.#pending[level] ?? [];
      this.#pending[level] = hashes;
      hashes.push(hash);
      if (hashes.length < TILE_WIDTH) break;
      // Level 0 was compared entry by entry.
      const index = Math.floor(this.#entries / TILE_WIDTH ** (level + 1));
      if (level > 0) this.#compare(level, index, hashes);
      hash = subtree(hashes);
      this.#pending[level] = [];
    }
    this.#entries++;
    if (this.#roots.has(this.#entries)) this.#roots.set(this.#entries, this.#root());
  }

  /** A hash tile above the leaves, against the tiles that it stands for. */
  #compare(level: number, index: number, hashes: readonly Uint8Array[]): void {
    if (level === 0) return;
    const stored = this.#hashes(level, index, hashes.length);
    const wrong = hashes.findIndex((hash, i) => stored?.[i] !== undefined && !sameBytes(hash, stored[i]));
    if (wrong < 0) return;
    const where = tilePath({ level, index, width: hashes.length });
    const below = tilePath({ level: level - 1, index: index * TILE_WIDTH + wrong, width: TILE_WIDTH });
    this.#found({ tag: 'node-altered', where, message: `hash ${wrong} is not what the entries under ${below} make` });
  }

  /** The hashes of a tile; undefined, and told, where it is missing or none. */
  #hashes(level: number, index: number, width: number): Uint8Array[] | undefined {
    const bytes = this.#read({ level, index }, width);
    const where = tilePath({ level, index, width });
    if (bytes === undefined) {
      this.#found({ tag: 'tile-missing', where, message: 'it is not there' });
      return undefined;
    }
    if (bytes.length % HASH_LENGTH !== 0 || bytes.length < width * HASH_LENGTH) {
      this.#found({ tag: 'tile-malformed', where, message: `it has ${bytes.length} bytes, not ${width} hashes` });
      return undefined;
    }
    return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
  }

  /** A partial tile may have been dropped for the full one (tlog-tiles, "Partial Tiles"). */
  #read(tile: { readonly level: number | 'entries'; readonly index: number }, width: number): Uint8Array | undefined {
    const { read } = this.#request;
    return read(tilePath({ ...tile, width })) ?? read(tilePath({ ...tile, width: TILE_WIDTH }));
  }

  #root(): Uint8Array | undefined {
    if (!this.#whole) return undefined;
    // The largest complete subtrees, from the left: the higher levels' stand before the lower ones'.
    const peaks = [...this.#pending].reverse().flatMap((hashes) => complete(hashes));
    return peaks.length === 0 ? emptyRoot() : peaks.reduceRight((right, left) => nodeHash(left, right));
  }
}

/** The root of 2^n hashes. */
function subtree(hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1) {
    const [above, last]: [Uint8Array[], readonly Uint8Array[]] = [[], row];
    for (let i = 0; i < last.length; i += 2) {
      const [left, right] = [last[i], last[i + 1]];
      if (left !== undefined && right !== undefined) above.push(nodeHash(left, right));
    }
    row = above;
  }
  const [root] = row;
  if (root === undefined) throw new Error('a subtree has a leaf at least');
  return root;
}

/** The roots of the largest complete subtrees over fewer than 256 hashes, from the left. */
function complete(hashes: readonly Uint8Array[]): Uint8Array[] {
  const roots: Uint8Array[] = [];
  let at = 0;
  for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
    if (hashes.length - at < width) continue;
    roots.push(subtree(hashes.slice(at, at + width)));
    at += width;
  }
  return roots;
}
