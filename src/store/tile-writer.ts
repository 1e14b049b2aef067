import { basename, dirname } from 'node:path';
import type { Checkpoint } from '../journal/checkpoint.ts';
import { sameBytes } from '../journal/hash.ts';
import { rootAt } from '../journal/merkle.ts';
import type { NoteVerifier } from '../journal/note.ts';
import { TILE_WIDTH, tilePath, tilesBetween } from '../journal/tiles.ts';
import { JournalBehind } from './failure.ts';
import type { Log } from './log.ts';
import { type Standing, standingOf } from './published.ts';
import { checkpointFile, cosignedFile, TileFolder } from './tile-folder.ts';

/** What is to be published: the checkpoint's size, root and note. */
export interface PublishedHead {
  /** The log's (C2SP tlog-checkpoint). */
  readonly origin: string;
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
 * `JournalBehind` where the folder has a checkpoint of this very log that the database does not go on from, and `TilesDiffer` where
 * the folder's, or the one to be published, is not of the database's log at all.
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

/**
 * Brings a file elsewhere up to a checkpoint: another disk's, say, which an older copy of the database does not come with. It has to be
 * there: what is not mounted must not be taken for what was never written. What it had of the log before a restore is kept beside
 * it. Throws as `writeTiles` does.
 */
export function writeKept(
  file: string,
  log: Pick<Log, 'readNode'>,
  head: PublishedHead,
  verifiers: readonly NoteVerifier[],
): void {
  const folder = new TileFolder(dirname(file));
  const note = folder.read(basename(file));
  if (note === undefined) throw new Error(`${file} is not there any more: is its disk mounted?`);
  const text = new TextEncoder().encode(head.note);
  if (note.length > 0) {
    if (sameBytes(note, text)) return;
    const standing = standingOf(note, file, { ...head, readNode: log.readNode }, verifiers);
    if (standing.stands === 'former') folder.write(formerName(basename(file), standing.checkpoint), note);
    else if (standing.stands !== 'goes-on') throw differing(standing);
  }
  folder.write(basename(file), text);
  folder.sync();
}

/** Under the name that its log had it keeps, however often the station is restored. */
function formerName(file: string, { origin, size }: Pick<Checkpoint, 'origin' | 'size'>): string {
  return `${file}.${origin.replaceAll('/', '-')}.${size}`;
}

/** How many entries the folder has. A full tile that it has is never written again. */
function published(
  folder: TileFolder,
  log: Pick<Log, 'readNode'>,
  head: PublishedHead,
  verifiers: readonly NoteVerifier[],
): number {
  const note = folder.read(checkpointFile);
  if (note === undefined) return 0;
  const standing = standingOf(note, folder.path, { ...head, readNode: log.readNode }, verifiers);
  if (standing.stands === 'goes-on') return standing.size;
  if (standing.stands !== 'former') throw differing(standing);
  const { origin } = standing.checkpoint;
  throw new TilesDiffer(
    `${folder.path} has the log ${origin}, from before the station was restored: keep it, and name another folder in journal.tiles`,
  );
}

function differing(standing: Extract<Standing, { message: string }>): Error {
  const { stands, message } = standing;
  return stands === 'unproven' ? new TilesDiffer(message) : new JournalBehind(message);
}
