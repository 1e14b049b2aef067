import type { NoteVerifier } from '../journal/note.ts';
import { JournalBehind } from '../store/failure.ts';
import type { Log } from '../store/log.ts';
import { standingOf } from '../store/published.ts';
import type { PublishedHead } from '../store/tile-writer.ts';
import type { Tiler } from '../store/tiler.ts';

/** A checkpoint as it was found in a place that is no file. */
export interface FoundNote {
  /** As people are told of it. */
  readonly place: string;
  readonly note: Uint8Array;
}

/** Where checkpoints are kept that no copy of a disk puts back: data objects of an HSM's token. */
export interface ObjectPlace {
  /** As people are told of it: `cold-1’s data object portcullis`. */
  readonly name: string;
  /** All that is there, in no order. */
  read(): Promise<readonly Uint8Array[]>;
  /** Keeps one, and only then drops those that it comes instead of. */
  keep(note: Uint8Array, instead: readonly Uint8Array[]): Promise<void>;
}

export async function foundIn(place: ObjectPlace | undefined): Promise<FoundNote[]> {
  return place === undefined ? [] : (await place.read()).map((note) => ({ place: place.name, note }));
}

/**
 * Brings such a place up to a checkpoint. What it has of the log before a restore stays there. `publish` rejects as the tiles' does:
 * with `JournalBehind` where there is a checkpoint of this log that the journal does not go on from.
 */
export function objectPublisher(
  place: ObjectPlace,
  log: Pick<Log, 'readNode'>,
  verifiers: readonly NoteVerifier[],
): Pick<Tiler, 'publish'> {
  return {
    publish: async (head: PublishedHead) => {
      const fresh = new TextEncoder().encode(head.note);
      const notes = await place.read();
      const instead = notes.filter((note) => {
        const standing = standingOf(note, place.name, { ...head, readNode: log.readNode }, verifiers);
        if (standing.stands === 'goes-on') return true;
        if (standing.stands === 'former') return false;
        throw standing.stands === 'unproven' ? new Error(standing.message) : new JournalBehind(standing.message);
      });
      const [one, second] = instead;
      const there = one !== undefined && second === undefined && Buffer.compare(one, fresh) === 0;
      if (!there) await place.keep(fresh, instead);
    },
  };
}
