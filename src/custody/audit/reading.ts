import { commitment, type Leaf, type LeafKind, leafKinds, type Opening, parseLeaf } from '../../journal/leaf.ts';
import { leafSentence } from '../../journal/sentences.ts';
import { openForReading } from '../../store/database.ts';
import { StoreUnusable, sqliteCode } from '../../store/failure.ts';
import { Log } from '../../store/log.ts';

/** An entry of the journal as people read it. */
export interface ReadEntry {
  readonly index: number;
  /** RFC 3339 UTC, as the entry has it. */
  readonly time: string;
  readonly kind: LeafKind;
  readonly sentence: string;
  /** The account that it is about, where it names one and its opening is at hand. */
  readonly account: string | undefined;
}

/** Reads one leaf with the openings that are at hand; one that opens nothing is left out, as if it were erased. Throws for no leaf. */
export function readEntry(index: number, bytes: Uint8Array, openings: readonly Opening[] = []): ReadEntry {
  const leaf: Leaf = parseLeaf(bytes);
  const genuine = openings.filter((opening) => leaf.fields[opening.field] === commitment(opening));
  const opened = Object.fromEntries(genuine.map(({ field, value }) => [field, value]));
  const [, ofSubject] = /^account:(.*)$/.exec(opened['subject'] ?? '') ?? [];
  const account = opened['account'] ?? ofSubject;
  return { index, time: leaf.time, kind: leaf.kind, sentence: leafSentence(leaf, opened), account };
}

/** Whether it is a kind of entry. */
export function isLeafKind(name: string): name is LeafKind {
  return leafKinds.some((kind) => kind === name);
}

/** A station's log as it lies on the disk, beside a running station if there is one; for reading only. */
export class JournalFile {
  readonly #log: Log;
  readonly #close: () => void;

  /** Throws `StoreUnusable` where it cannot be read. */
  constructor(file: string) {
    try {
      const db = openForReading(file);
      this.#close = () => db.close();
      // One snapshot, while the daemon goes on writing.
      db.exec('BEGIN');
      this.#log = new Log(db);
    } catch (error) {
      const code = sqliteCode(error);
      if (code === undefined) throw error;
      throw new StoreUnusable(`${file} cannot be read (${code})`, { cause: error });
    }
  }

  close(): void {
    this.#close();
  }

  get size(): number {
    return this.#log.size();
  }

  /** `limit` leaves from the first on, each with its openings. A gap in the log is left out. */
  entries(from: number, limit: number): { index: number; leaf: Uint8Array; openings: readonly Opening[] }[] {
    return [...this.#log.leaves(from, from + limit)].map(({ index, bytes }) => ({
      index,
      leaf: new Uint8Array(bytes),
      openings: this.#log.openings(index),
    }));
  }
}
