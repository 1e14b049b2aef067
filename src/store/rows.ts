import { timingSafeEqual } from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import { Authentic } from './authentic.ts';
import type { Sqlite } from './database.ts';
import { factId } from './facts.ts';
import { TamperedRow } from './failure.ts';
import { RowCoder } from './key.ts';
import { type Cell, columnName, columnsOf, fromCells, type Shape, type Table, toCells } from './table.ts';
import { type LookupName, type LookupRecord, lookups, type Records, type TableName, tables } from './tables.ts';

interface Statements {
  readonly get: Statement<[readonly string[]], Cell[]>;
  readonly put: Statement<[readonly Cell[]]>;
  readonly remove: Statement<[readonly string[]]>;
  readonly scan: Statement<Cell[], Cell[]>;
}

/** A row as it was read: its record, and the journal entry that its newest fact went into. */
export interface Row<R> {
  readonly record: R;
  readonly leaf: number;
}

/** Reads and writes the station's rows, each under its MAC. */
export class Rows {
  readonly #db: Sqlite;
  readonly #coder: RowCoder;
  readonly #authentic = new Authentic();
  readonly #statements = new Map<TableName, Statements>();
  readonly #lookups = new Map<LookupName, Statement<Cell[], Cell[]>>();
  /** What was read by key in the transaction that is being written, undefined where there is no such row; none outside of one. */
  #seen: Map<string, Row<unknown> | undefined> | undefined;

  constructor(db: Sqlite, rowKey: Uint8Array) {
    this.#db = db;
    this.#coder = new RowCoder(rowKey);
    for (const name of Object.keys(tables) as TableName[]) this.#statements.set(name, prepare(db, tables[name]));
    for (const name of Object.keys(lookups) as LookupName[]) {
      const { table, where } = lookups[name];
      const sql = `SELECT ${selected(tables[table])} FROM "${table}" WHERE ${where}`;
      this.#lookups.set(name, db.prepare<Cell[], Cell[]>(sql).raw());
    }
  }

  /**
   * A transaction that writes begins: nobody else can write until it ends, so that a row which one of its decisions read, and none wrote,
   * is read once for all of them.
   */
  beginWriting(): void {
    this.#seen = new Map();
  }

  /** It ended, or a part of it was undone. `more`: it goes on. */
  forgetSeen(more = false): void {
    this.#seen = more ? new Map() : undefined;
  }

  get<T extends TableName>(table: T, key: readonly string[]): Row<Records[T]> | undefined {
    const id = factId([table, ...key]);
    const seen = this.#seen;
    if (seen === undefined) return this.#fetch(table, key, id);
    const known = seen.get(id);
    if (known !== undefined || seen.has(id)) return known as Row<Records[T]> | undefined;
    const row = this.#fetch(table, key, id);
    seen.set(id, row);
    return row;
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
    const row = [...cells, leaf, this.#coder.mac(table, cells, leaf)];
    const key = cells.slice(0, tables[table].key.length);
    const id = factId([table, ...key.map(String)]);
    this.#seen?.delete(id);
    const { changes } = this.#of(table).put.run(row);
    if (changes !== 1) throw unwritten(table, key.join(' '));
    this.#authentic.add(id, row);
  }

  /** Of a row that is there. */
  remove(table: TableName, key: readonly string[]): void {
    this.#seen?.delete(factId([table, ...key]));
    const { changes } = this.#of(table).remove.run(key);
    if (changes !== 1) throw unwritten(table, key.join(' '));
  }

  #of(table: TableName): Statements {
    const statements = this.#statements.get(table);
    if (statements === undefined) throw new Error(`no table ${table}`);
    return statements;
  }

  #fetch<T extends TableName>(table: T, key: readonly string[], id: string): Row<Records[T]> | undefined {
    const row = this.#of(table).get.get(key);
    if (row === undefined) return undefined;
    const authentic = this.#authentic.find(id, row);
    if (authentic === undefined) this.#verify(table, row);
    const found = authentic ?? this.#authentic.add(id, row);
    if (found.read === undefined) {
      found.row = row;
      found.read = decoded(table, row);
    }
    return found.read as Row<Records[T]>;
  }

  #read<T extends TableName>(table: T, row: Cell[]): Row<Records[T]> {
    this.#verify(table, row);
    return decoded(table, row);
  }

  /** Throws `TamperedRow` unless the code is the row's. */
  #verify(table: TableName, row: readonly Cell[]): void {
    const cells = row.slice(0, -2);
    const leaf = row.at(-2);
    const mac = row.at(-1);
    const genuine =
      typeof leaf === 'number' &&
      mac instanceof Uint8Array &&
      mac.length === 32 &&
      timingSafeEqual(mac, this.#coder.mac(table, cells, leaf));
    if (!genuine) throw new TamperedRow(table, cells.slice(0, tables[table].key.length).join(' '));
  }
}

/** Of a row that is authentic. */
function decoded<T extends TableName>(table: T, row: readonly Cell[]): Row<Records[T]> {
  const of: Table<Records[T]> = tables[table];
  return { record: fromCells(of, row), leaf: Number(row.at(-2)) };
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
    get: db.prepare<[readonly string[]], Cell[]>(`SELECT ${quoted.join(', ')} FROM "${of.name}" WHERE ${match}`).raw(),
    put: db.prepare<[readonly Cell[]]>(
      `INSERT INTO "${of.name}" (${quoted.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
       ON CONFLICT (${key.map((c) => `"${c}"`).join(', ')}) DO UPDATE SET ${updates.join(', ')}`,
    ),
    remove: db.prepare<[readonly string[]]>(`DELETE FROM "${of.name}" WHERE ${match}`),
    scan: db.prepare<Cell[], Cell[]>(`SELECT ${quoted.join(', ')} FROM "${of.name}"`).raw(),
  };
}
