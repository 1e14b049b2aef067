import { type Checkpoint, CheckpointError, openCheckpoint } from '../journal/checkpoint.ts';
import { sameBytes } from '../journal/hash.ts';
import { rootAt } from '../journal/merkle.ts';
import { NoteError, type NoteVerifier } from '../journal/note.ts';
import { TILE_WIDTH, tilePath, tilesBetween } from '../journal/tiles.ts';
import type { Log } from './log.ts';
import { checkpointFile, cosignedFile, type TileFolder } from './tile-folder.ts';

/** What is to be published: the checkpoint's size, root and note. */
export interface PublishedHead {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly note: string;
  /** The newest checkpoint that witnesses cosigned, with their lines; undefined where none did. */
  readonly cosigned?: string | undefined;
}

/** The published log is not one that this database goes on from: it stays as it is, as evidence. */
export class TilesDiffer extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TilesDiffer';
  }
}

/**
 * Brings a folder of tiles up to a checkpoint: first the tiles, from the database, then the checkpoint. Stopped at any instant, what
 * the checkpoint in the folder speaks of is there, and the next call goes on from it; where there is none, from nothing. Throws
 * `TilesDiffer` where the folder's checkpoint, or the one to be published, is not of the database's log.
 */
export function writeTiles(
  folder: TileFolder,
  log: Pick<Log, 'readNode' | 'tile'>,
  head: PublishedHead,
  verifiers: readonly NoteVerifier[],
): void {
  if (!sameBytes(rootAt(head.size, log.readNode), head.root)) {
    throw new TilesDiffer(`the stored tree of ${head.size} entries has not the root that was signed`);
  }
  const from = published(folder, log, head, verifiers);
  for (const tile of tilesBetween(from, head.size)) folder.write(tilePath(tile), log.tile(tile));
  folder.sync();
  folder.write(checkpointFile, new TextEncoder().encode(head.note));
  if (head.cosigned !== undefined) folder.write(cosignedFile, new TextEncoder().encode(head.cosigned));
  folder.sync();
  for (const tile of tilesBetween(from, head.size)) if (tile.width === TILE_WIDTH) folder.dropPartials(tile);
}

/** How many entries the folder has. A full tile that it has is never written again. */
function published(
  folder: TileFolder,
  log: Pick<Log, 'readNode'>,
  { size }: PublishedHead,
  verifiers: readonly NoteVerifier[],
): number {
  const note = folder.read(checkpointFile);
  if (note === undefined) return 0;
  let last: Checkpoint;
  try {
    last = openCheckpoint(note, verifiers);
  } catch (error) {
    if (!(error instanceof NoteError || error instanceof CheckpointError)) throw error;
    throw new TilesDiffer(`the checkpoint in ${folder.path} is not this log’s: ${error.message}`);
  }
  if (last.size > size) {
    throw new TilesDiffer(`${folder.path} has a checkpoint of ${last.size} entries, the database’s has ${size}`);
  }
  if (!sameBytes(rootAt(last.size, log.readNode), last.root)) {
    throw new TilesDiffer(`the first ${last.size} entries of the database are not those of ${folder.path}`);
  }
  return last.size;
}
