import type { ClockRecord, StationRecord, WallMs, WitnessedMs } from '../domain/index.ts';
import type { LookupName, LookupRecord, Records, TableName } from './tables.ts';

/** A row to be read, by its key: `['withdrawals', 'w-1']`, `['listings', 'alice', 'eip155:1:0x…']`. */
export type RowKey = readonly [table: TableName, ...key: string[]];
/** Rows to be read by an indexed column: `['factorsAttestedBy', id]`. */
export type LookupKey = readonly [lookup: LookupName, ...values: (string | number)[]];

/** Everything that a decision may look at, named beforehand, so that any store can read it in one round trip. */
export interface Keys {
  readonly rows?: readonly RowKey[];
  readonly lookups?: readonly LookupKey[];
}

/** What a decision sees: the rows that it named, the station, and time. Nothing else, and nothing changes under it. */
export class Facts {
  readonly station: StationRecord;
  readonly clock: ClockRecord;
  /** max(wall clock, high-water mark): the time against which things expire. */
  readonly now: WallMs;
  /** Witnessed time: the time in which things ripen. */
  readonly w: WitnessedMs;
  /** The index that the verdict's first leaf will have. */
  readonly nextLeaf: number;
  readonly #rows: ReadonlyMap<string, unknown>;
  readonly #lookups: ReadonlyMap<string, readonly unknown[]>;

  constructor(
    station: StationRecord,
    clock: ClockRecord,
    now: WallMs,
    nextLeaf: number,
    rows: ReadonlyMap<string, unknown>,
    lookups: ReadonlyMap<string, readonly unknown[]>,
  ) {
    this.station = station;
    this.clock = clock;
    this.now = now;
    this.nextLeaf = nextLeaf;
    this.w = clock.w;
    this.#rows = rows;
    this.#lookups = lookups;
  }

  /** Whether the decision named this row. */
  named(table: TableName, ...key: string[]): boolean {
    return this.#rows.has(factId([table, ...key]));
  }

  /** The row, or undefined if there is none. Asking for one that was not named is a mistake of the caller's. */
  get<T extends TableName>(table: T, ...key: string[]): Records[T] | undefined {
    const id = factId([table, ...key]);
    if (!this.#rows.has(id)) throw new Error(`the decision reads ${id}, which it did not name`);
    return this.#rows.get(id) as Records[T] | undefined;
  }

  all<L extends LookupName>(lookup: L, ...values: (string | number)[]): readonly LookupRecord<L>[] {
    const found = this.#lookups.get(factId([lookup, ...values]));
    if (found === undefined) throw new Error(`the decision looks up ${lookup}, which it did not name`);
    return found as readonly LookupRecord<L>[];
  }
}

export function factId(key: readonly (string | number)[]): string {
  let id = `${key[0]}`;
  for (let i = 1; i < key.length; i++) id += `\u0000${key[i]}`;
  return id;
}
