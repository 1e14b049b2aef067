import { readFileSync } from 'node:fs';
import type { StationRecord } from '../domain/index.ts';
import type { Checkpoint } from '../journal/checkpoint.ts';
import { parseLeaf } from '../journal/leaf.ts';
import { type NoteVerifier, parseVerifierKey } from '../journal/note.ts';
import { openForReading } from '../store/database.ts';
import { JournalBehind } from '../store/failure.ts';
import { Log } from '../store/log.ts';
import { standingOf } from '../store/published.ts';
import type { FoundNote } from './kept-object.ts';

/** The part of the station's row that its published checkpoints are held against. */
export type PublishedBy = Pick<StationRecord, 'origin' | 'journalKeyLeaves'>;

/** Verifier keys of the log: each that it named itself, and `own`, the config's. */
export function logKeys(log: Pick<Log, 'leaf'>, { journalKeyLeaves }: PublishedBy, own: readonly string[]): string[] {
  const named = journalKeyLeaves.map((index) => {
    const bytes = log.leaf(Number(index));
    const key = bytes === undefined ? undefined : parseLeaf(bytes).fields['journal_key'];
    if (key === undefined)
      throw new Error(`journal entry ${index} names no key of the journal: run "portcullis verify"`);
    return key;
  });
  return [...new Set([...named, ...own])];
}

/** What the places that a station publishes its checkpoints in say of its journal; one where nothing is, or nothing yet, says nothing. */
export interface PublishedState {
  /** Set where the journal does not go on from one of them, or one cannot be read: it could be such a one. */
  readonly behind: JournalBehind | undefined;
  /** Places that have a checkpoint from which the journal goes on. */
  readonly agree: number;
  /** The largest checkpoint of the log from before the station was restored, if one is there. */
  readonly former: Checkpoint | undefined;
  /** The largest of this log, whether or not the journal goes on from it. */
  readonly newest: Checkpoint | undefined;
}

/** Reads what was published in files, and holds it and what was found elsewhere against the journal as the database has it. */
export function readPublished(
  files: readonly string[],
  own: { readonly log: Pick<Log, 'leaf' | 'readNode'>; readonly size: () => number; readonly station: PublishedBy },
  keys: readonly string[],
  found: readonly FoundNote[] = [],
): PublishedState {
  const { log, station } = own;
  // Before the journal's size: beside a running station both grow, and the journal first.
  const notes = [...files.map((place) => ({ place, ...readNote(place) })), ...found];
  const verifiers: NoteVerifier[] = logKeys(log, station, keys).map((key) => parseVerifierKey(key));
  const ownLog = { origin: station.origin, size: own.size(), readNode: log.readNode };
  let behind: string | undefined;
  let agree = 0;
  let former: Checkpoint | undefined;
  let newest: Checkpoint | undefined;
  for (const read of notes) {
    const { place, note } = read;
    if ('failed' in read)
      behind ??= `${place} cannot be read (${read.failed}): it may have a checkpoint of a later journal`;
    if (note === undefined || note.length === 0) continue;
    const standing = standingOf(note, place, ownLog, verifiers);
    if (standing.stands === 'goes-on') agree++;
    else if (standing.stands !== 'former') behind ??= standing.message;
    if (standing.stands === 'former') former = larger(former, standing.checkpoint);
    else if (standing.stands !== 'unproven') newest = larger(newest, standing.checkpoint);
  }
  return { behind: behind === undefined ? undefined : new JournalBehind(behind), agree, former, newest };
}

/** As `readPublished`, of a database beside a running station or without one. Throws `StoreUnusable`. */
export function inspectPublished(
  database: string,
  files: readonly string[],
  keys: readonly string[],
  found: readonly FoundNote[] = [],
): PublishedState {
  const db = openForReading(database);
  try {
    const row = db
      .prepare<[], { origin: string; leaves: string }>('SELECT origin, journal_key_leaves AS leaves FROM station')
      .get();
    if (row === undefined) throw new Error('the database holds no station');
    const log = new Log(db);
    const station = { origin: row.origin, journalKeyLeaves: JSON.parse(row.leaves) as string[] };
    return readPublished(files, { log, size: () => log.size(), station }, keys, found);
  } finally {
    db.close();
  }
}

function larger(known: Checkpoint | undefined, found: Checkpoint): Checkpoint {
  return known === undefined || found.size > known.size ? found : known;
}

function readNote(file: string): { readonly note?: Uint8Array; readonly failed?: string } {
  try {
    return { note: new Uint8Array(readFileSync(file)) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === 'ENOENT' ? {} : { failed: code };
  }
}
