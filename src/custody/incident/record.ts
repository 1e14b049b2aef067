import type { Statement } from 'better-sqlite3';
import { commitment, type Leaf, parseLeaf } from '../../journal/leaf.ts';
import type { Sqlite } from '../../store/database.ts';
import { Log } from '../../store/log.ts';
import { type Cell, columnName, columnsOf, fromCells } from '../../store/table.ts';
import { type Records, type TableName, tables } from '../../store/tables.ts';
import type { EntryRef } from './report.ts';

/** An entry as it was read: a commitment's value only where its opening is at hand and opens it. */
export interface Entry {
  readonly index: number;
  readonly leaf: Leaf;
  /** A member's value; undefined where there is none, or nothing opens it. */
  readonly member: (name: string) => string | undefined;
}

export const refOf = ({ index, leaf }: Entry): EntryRef => ({ leaf: index, time: leaf.time });

/** A station's rows and entries, for reading only. Damaged ones are as if they weren't there: the audit names them. */
export class StationRecords {
  readonly #db: Sqlite;
  readonly #log: Log;
  readonly #statements = new Map<TableName, Statement<string[], Cell[]>>();
  readonly size: number;

  constructor(db: Sqlite) {
    this.#db = db;
    this.#log = new Log(db);
    this.size = this.#log.size();
  }

  row<T extends TableName>(table: T, ...key: string[]): Records[T] | undefined {
    const cells = this.#byKey(table).get(...key);
    if (cells === undefined) return undefined;
    const of = tables[table];
    try {
      const row = fromCells<Records[T]>(of, cells.slice(0, -2));
      const lists = of.fields.filter(({ column }) => column === 'list');
      return lists.every(({ field }) => isTexts(Reflect.get(row, field))) ? row : undefined;
    } catch {
      return undefined;
    }
  }

  #byKey(table: TableName): Statement<string[], Cell[]> {
    const known = this.#statements.get(table);
    if (known !== undefined) return known;
    const of = tables[table];
    const match = of.key.map((field) => `"${columnName(field)}" = ?`).join(' AND ');
    const columns = columnsOf(of).map((c) => `"${c}"`);
    const statement = this.#db
      .prepare<string[], Cell[]>(`SELECT ${columns.join(', ')} FROM "${table}" WHERE ${match}`)
      .raw();
    this.#statements.set(table, statement);
    return statement;
  }

  /** Payments with released bytes whose newest entry is not before `from`, permitted before `until` (ms); `pays` undefined where it is damaged. */
  *releasedPayments(from: number, until: number): Generator<{ id: string; pays: string[] | undefined }> {
    const scan = this.#db.prepare<[number, number], { id: string; pays: string }>(
      "SELECT id, pays FROM transactions WHERE kind = 'payment' AND signed IS NOT NULL AND leaf >= ? AND permitted_at < ?",
    );
    for (const { id, pays } of scan.iterate(from, until)) {
      yield { id, pays: textsOf(pays) };
    }
  }

  /** The document of a policy, by hash. */
  policy(hash: string): string | undefined {
    return this.#db.prepare<[string], { document: string }>('SELECT document FROM policies WHERE hash = ?').get(hash)
      ?.document;
  }

  entry(index: number): Entry | undefined {
    const bytes = this.#log.leaf(index);
    return bytes === undefined ? undefined : this.#read(index, bytes);
  }

  /** Entries of a record's history, oldest first. */
  entries(history: readonly string[]): Entry[] {
    return history.map((index) => this.entry(Number(index))).filter((entry) => entry !== undefined);
  }

  /** From the newest to the oldest. `wanted` looks at the bytes first: parsing is what costs. */
  *backwards(wanted: (index: number, bytes: Uint8Array) => boolean): Generator<Entry> {
    const scan = this.#db.prepare<[], { index: number; bytes: Uint8Array }>(
      'SELECT "index", bytes FROM leaves ORDER BY "index" DESC',
    );
    for (const { index, bytes } of scan.iterate()) {
      const entry = wanted(index, bytes) ? this.#read(index, bytes) : undefined;
      if (entry !== undefined) yield entry;
    }
  }

  /** The first entry whose time is not before an instant; entries' times never go back, so it is found by halving. */
  firstAt(time: string): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.entry(middle)?.leaf.time ?? '') < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #read(index: number, bytes: Uint8Array): Entry | undefined {
    let leaf: Leaf;
    try {
      leaf = parseLeaf(bytes);
    } catch {
      return undefined;
    }
    let opened: ReadonlyMap<string, string> | undefined;
    const open = (): ReadonlyMap<string, string> => {
      const genuine = this.#log.openings(index).filter((one) => leaf.fields[one.field] === commitment(one));
      return new Map(genuine.map(({ field, value }) => [field, value]));
    };
    return {
      index,
      leaf,
      member: (name) => {
        const value = leaf.fields[name];
        if (value?.startsWith('commit:') !== true) return value;
        opened ??= open();
        return opened.get(name);
      },
    };
  }
}

function textsOf(json: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isTexts(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Base units as an entry has them; 0 for what is no amount, which no station wrote. */
export const amountIn = (text: string | undefined): bigint =>
  text !== undefined && /^[0-9]{1,78}$/.test(text) ? BigInt(text) : 0n;

export function words(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(' ');
}
