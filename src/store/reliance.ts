import { factId, type RowKey } from './facts.ts';
import { keyOf } from './table.ts';
import { type TableName, tables } from './tables.ts';
import type { Write } from './verdict.ts';

/** Whether what a permit was decided by is still as it was then. */
export interface Reliance {
  /**
   * That none of the rows has been written since, nor the station's, by any decision up to now, whether or not its group is on the
   * disk yet; nor has the clock been found suspect. The daemon is the only writer (design §5), so that reading again would give the same.
   */
  readonly stands: boolean;
  /** Nobody asks any more. */
  release(): void;
}

/** Rows that permits rely on while their signatures are being made. */
export class Reliances {
  readonly #byRow = new Map<string, Set<{ stands: boolean }>>();

  add(rows: readonly RowKey[]): Reliance {
    const held = { stands: true };
    const ids = new Set([stationRow, ...rows.map(factId)]);
    for (const id of ids) {
      const holders = this.#byRow.get(id);
      if (holders === undefined) this.#byRow.set(id, new Set([held]));
      else holders.add(held);
    }
    return {
      get stands() {
        return held.stands;
      },
      release: () => {
        for (const id of ids) {
          const holders = this.#byRow.get(id);
          holders?.delete(held);
          if (holders?.size === 0) this.#byRow.delete(id);
        }
      },
    };
  }

  /** A decision wrote these; should its commit fail, what relied on them is read again for nothing. */
  written(writes: readonly Write[], removals: readonly (readonly [TableName, ...string[]])[]): void {
    if (this.#byRow.size === 0) return;
    for (const { table, record } of writes) this.#break(factId([table, ...keyOf(tables[table], record)]));
    for (const removal of removals) this.#break(factId(removal));
  }

  /** Time itself is not to be relied on. */
  breakAll(): void {
    for (const id of this.#byRow.keys()) this.#break(id);
  }

  #break(id: string): void {
    for (const held of this.#byRow.get(id) ?? []) held.stands = false;
  }
}

const stationRow = factId(['station', 'station']);
