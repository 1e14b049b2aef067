import { createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import type { Sqlite } from './database.ts';
import { TamperedRow } from './failure.ts';
import { rowMac } from './key.ts';
import { type Cell, columnName, columnsOf, fromCells, type Shape, type Table, toCells } from './table.ts';
import { type LookupName, type LookupRecord, lookups, type Records, type TableName, tables } from './tables.ts';

interface Statements {
  readonly get: Statement<Cell[], Cell[]>;
  readonly put: Statement<Cell[]>;
  readonly remove: Statement<Cell[]>;
  readonly scan: Statement<Cell[], Cell[]>;
}

/** Reads and writes the station's rows, each under its MAC. */
export class Rows {
  readonly #db: Sqlite;
  readonly #key: KeyObject;
  readonly #statements = new Map<TableName, Statements>();
  readonly #lookups = new Map<LookupName, Statement<Cell[], Cell[]>>();

  constructor(db: Sqlite, rowKey: Uint8Array) {
    this.#db = db;
    this.#key = createSecretKey(rowKey);
    for (const name of Object.keys(tables) as TableName[]) this.#statements.set(name, prepare(db, tables[name]));
    for (const name of Object.keys(lookups) as LookupName[]) {
      const { table, where } = lookups[name];
      const sql = `SELECT ${selected(tables[table])} FROM "${table}" WHERE ${where}`;
      this.#lookups.set(name, db.prepare<Cell[], Cell[]>(sql).raw());
    }
  }

  get<T extends TableName>(table: T, key: readonly string[]): { record: Records[T]; leaf: number } | undefined {
    const cells = this.#of(table).get.get(...key);
    return cells === undefined ? undefined : this.#read(table, cells);
  }

  all<L extends LookupName>(lookup: L, values: readonly (string | number)[]): LookupRecord<L>[] {
    const statement = this.#lookups.get(lookup);
    if (statement === undefined) throw new Error(`no lookup ${lookup}`);
    const { table } = lookups[lookup];
    return statement.all(...values).map((cells) => this.#read(table, cells).record as LookupRecord<L>);
  }

  /** How many rows a look-up finds; their codes are not checked, so that nothing may be decided by it. */
  count(lookup: LookupName, values: readonly (string | number)[]): number {
    const { table, where } = lookups[lookup];
    const sql = `SELECT count(*) FROM (SELECT 1 FROM "${table}" WHERE ${where})`;
    return Number(
      this.#db
        .prepare<(string | number)[], number>(sql)
        .pluck()
        .get(...values),
    );
  }

  /** Every row of a table, for an audit: the record, or the tampering that was found in its place. */
  *scan<T extends TableName>(table: T): Generator<{ record: Records[T]; leaf: number } | TamperedRow> {
    for (const cells of this.#of(table).scan.iterate()) {
      try {
        yield this.#read(table, cells);
      } catch (error) {
        if (!(error instanceof TamperedRow)) throw error;
        yield error;
      }
    }
  }

  put<T extends TableName>(table: T, record: Records[T], leaf: number): void {
    const cells = toCells(tables[table], record);
    const { changes } = this.#of(table).put.run(...cells, leaf, rowMac(this.#key, table, cells, leaf));
    if (changes !== 1) throw unwritten(table, cells.slice(0, tables[table].key.length).join(' '));
  }

  /** Of a row that is there. */
  remove(table: TableName, key: readonly string[]): void {
    const { changes } = this.#of(table).remove.run(...key);
    if (changes !== 1) throw unwritten(table, key.join(' '));
  }

  #of(table: TableName): Statements {
    const statements = this.#statements.get(table);
    if (statements === undefined) throw new Error(`no table ${table}`);
    return statements;
  }

  #read<T extends TableName>(table: T, row: readonly Cell[]): { record: Records[T]; leaf: number } {
    const of: Table<Records[T]> = tables[table];
    const cells = row.slice(0, -2);
    const leaf = row.at(-2);
    const mac = row.at(-1);
    const genuine =
      typeof leaf === 'number' &&
      mac instanceof Uint8Array &&
      mac.length === 32 &&
      timingSafeEqual(mac, rowMac(this.#key, table, cells, leaf));
    if (!genuine) throw new TamperedRow(table, cells.slice(0, of.key.length).join(' '));
    return { record: fromCells(of, cells), leaf };
  }
}

/** SQLite reported success and did nothing: a trigger's RAISE(IGNORE), or a row that another hand took away. */
function unwritten(table: TableName, key: string): TamperedRow {
  return new TamperedRow(
    table,
    key,
    `a row of ${table} was not written as it was told to be: another hand is in between`,
  );
}

function selected(of: Shape): string {
  return columnsOf(of)
    .map((c) => `"${c}"`)
    .join(', ');
}

function prepare(db: Sqlite, of: Shape): Statements {
  const columns = columnsOf(of);
  const key = of.key.map(columnName);
  const match = key.map((c) => `"${c}" = ?`).join(' AND ');
  const quoted = columns.map((c) => `"${c}"`);
  const updates = columns.filter((c) => !key.includes(c)).map((c) => `"${c}" = excluded."${c}"`);
  return {
    get: db.prepare<Cell[], Cell[]>(`SELECT ${quoted.join(', ')} FROM "${of.name}" WHERE ${match}`).raw(),
    put: db.prepare<Cell[]>(
      `INSERT INTO "${of.name}" (${quoted.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
       ON CONFLICT (${key.map((c) => `"${c}"`).join(', ')}) DO UPDATE SET ${updates.join(', ')}`,
    ),
    remove: db.prepare<Cell[]>(`DELETE FROM "${of.name}" WHERE ${match}`),
    scan: db.prepare<Cell[], Cell[]>(`SELECT ${quoted.join(', ')} FROM "${of.name}"`).raw(),
  };
}
