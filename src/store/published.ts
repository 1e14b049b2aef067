import { type Checkpoint, CheckpointError, openCheckpoint } from '../journal/checkpoint.ts';
import { sameBytes } from '../journal/hash.ts';
import { MerkleError, rootAt } from '../journal/merkle.ts';
import { NoteError, type NoteVerifier } from '../journal/note.ts';
import type { Log } from './log.ts';

/** A journal as the database has it. */
export interface OwnLog {
  readonly origin: string;
  readonly size: number;
  readonly readNode: Log['readNode'];
}

/**
 * How a published checkpoint and the journal stand to each other. `former`: of the log that this one went on from when the station was
 * restored. `unproven`: none of the log's keys signed it, so that nobody knows what it was before another hand wrote it.
 */
export type Standing =
  | { readonly stands: 'goes-on'; readonly size: number; readonly checkpoint: Checkpoint }
  | { readonly stands: 'former'; readonly checkpoint: Checkpoint }
  | { readonly stands: 'ahead' | 'beside'; readonly message: string; readonly checkpoint: Checkpoint }
  | { readonly stands: 'unproven'; readonly message: string };

/** Holds a checkpoint that was read at `place` against the journal. `verifiers`: of every key that the log named, and the config's. */
export function standingOf(
  note: Uint8Array | string,
  place: string,
  own: OwnLog,
  verifiers: readonly NoteVerifier[],
): Standing {
  let published: Checkpoint;
  try {
    published = openCheckpoint(note, verifiers);
  } catch (error) {
    if (!(error instanceof NoteError || error instanceof CheckpointError)) throw error;
    return { stands: 'unproven', message: `the checkpoint in ${place} is not this log’s: ${error.message}` };
  }
  if (published.origin !== own.origin) return { stands: 'former', checkpoint: published };
  if (published.size > own.size) {
    const message = `${place} has a checkpoint of ${published.size} entries, the database’s journal has ${own.size}`;
    return { stands: 'ahead', message, checkpoint: published };
  }
  if (goesOn(published, own)) return { stands: 'goes-on', size: published.size, checkpoint: published };
  const message = `the first ${published.size} entries of the database are not those that ${place} has the checkpoint of`;
  return { stands: 'beside', message, checkpoint: published };
}

function goesOn({ size, root }: Checkpoint, { readNode }: OwnLog): boolean {
  try {
    return sameBytes(rootAt(size, readNode), root);
  } catch (error) {
    // A node that is missing shows nothing but that this is not the tree that was published.
    if (error instanceof MerkleError) return false;
    throw error;
  }
}
