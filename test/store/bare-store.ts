import Database from 'better-sqlite3';
import type { ClockRecord, Digest, StationName, StationRecord, WallMs, WitnessedMs } from '../../src/domain/index.ts';
import { createDatabase, openDatabase, type Sqlite } from '../../src/store/database.ts';
import type { StorageFailed } from '../../src/store/failure.ts';
import { found } from '../../src/store/founding.ts';
import { Store, type Witnessed } from '../../src/store/store.ts';
import type { Column } from '../../src/store/table.ts';
import { type Records, type TableName, tables } from '../../src/store/tables.ts';

/** A test key: 32 bytes of 0x22. */
export const rowKey = new Uint8Array(32).fill(0x22);
export const start = Date.UTC(2022, 0, 17) as WallMs;

const station: StationRecord = {
  key: 'station',
  name: 'ab/1' as StationName,
  ticketEpoch: 1,
  factorEpoch: 1,
  policy: 'cd'.repeat(32) as Digest,
  origin: 'portcullis/test',
  metadata: 0,
  journalKey: 'portcullis/test+00000000+key',
  journalKeyLeaves: ['0'],
};
const clock: ClockRecord = {
  key: 'clock',
  w: 0 as WitnessedMs,
  highWater: start,
  wall: start,
  mono: 0,
  uptime: 0,
  bootId: 'boot',
  driftWall: start,
  driftUptime: 0,
  gapSince: 0 as WitnessedMs,
  gapUsed: 0,
  suspect: false,
};

/** A store with nothing around it, in memory or in a file: one that stands still, and remembers what it was fatal with. */
export class BareStore {
  readonly db: Sqlite;
  readonly store: Store;
  readonly fatal: StorageFailed[] = [];
  readonly listenerFailures: unknown[] = [];
  /** Every statement that was given to `exec`. */
  readonly executed: string[] = [];
  /** Put in the place of `exec`'s own result, by statement. */
  readonly failing = new Map<string, string>();
  readonly #close: () => void;

  constructor(file = ':memory:', open: typeof openDatabase = createDatabase) {
    const { db, close } = open(file);
    this.db = db;
    this.#close = close;
    if (open === createDatabase) {
      const policy = { hash: station.policy, document: 'version: 1' };
      const leaves = [{ kind: 'station-founded', fields: {} } as const];
      found(db, rowKey, { station, clock, policy, leaves }, () => new Uint8Array(32));
    }
    const exec = db.exec.bind(db);
    db.exec = (sql) => {
      this.executed.push(sql);
      const code = this.failing.get(sql);
      if (code !== undefined) throw new Database.SqliteError('injected', code);
      exec(sql);
      return db;
    };
    this.store = new Store({
      db,
      rowKey,
      witness: { commit: still, look: still },
      salt: () => new Uint8Array(32),
      onFatal: (error) => this.fatal.push(error),
      onListenerFailed: (error) => this.listenerFailures.push(error),
    });
  }

  static reopened(file: string): BareStore {
    return new BareStore(file, openDatabase);
  }

  /** Makes the next decisions of this turn share a commit: one that comes first is committed alone. */
  async company(): Promise<void> {
    void this.store.decide({}, () => ({ result: undefined }));
  }

  count(sql: string): number {
    return this.executed.filter((s) => s === sql).length;
  }

  close(): void {
    this.store.close();
    this.#close();
  }
}

function still(last: ClockRecord): Witnessed {
  return { clock: last, now: last.wall };
}

/** A record of any table, of values that fit its columns; members given replace them. */
export function sample<T extends TableName>(table: T, members: Partial<Records[T]> = {}): Records[T] {
  const of: Record<string, Column> = tables[table].columns;
  const entries = Object.entries(of).map(([field, column]): [string, unknown] => [field, sampleValue(column, field)]);
  return { ...Object.fromEntries(entries), ...members } as unknown as Records[T];
}

function sampleValue(column: Column, field: string): unknown {
  if (column.startsWith('text')) return `a ${field}`;
  if (column.startsWith('int')) return 7;
  if (column.startsWith('blob')) return Uint8Array.of(1, 2, 3);
  if (column === 'amount' || column === 'amount?') return 10n ** 30n;
  if (column === 'bool') return true;
  return ['1', '2'];
}
