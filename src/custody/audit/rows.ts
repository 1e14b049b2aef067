import { timingSafeEqual } from 'node:crypto';
import { type Leaf, type Opening, parseLeaf } from '../../journal/leaf.ts';
import type { Sqlite } from '../../store/database.ts';
import { RowCoder } from '../../store/key.ts';
import type { Log } from '../../store/log.ts';
import { type Cell, columnName, columnsOf, fromCells } from '../../store/table.ts';
import { type Records, type TableName, tables } from '../../store/tables.ts';
import type { Found } from './finding.ts';
import { Neighbours } from './neighbours.ts';
import { disagreements, type Member } from './newest.ts';
import { beginsRightly, contradictions, isTold, mayTell } from './tellings.ts';

/** A leaf's members by name: its own, or for a commitment what its opening says. `openings` is asked when one is needed. */
export function membersOf(leaf: Leaf, openings: () => readonly Pick<Opening, 'field' | 'value'>[]): Member {
  let opened: readonly Pick<Opening, 'field' | 'value'>[] | undefined;
  return (name) => {
    const value = leaf.fields[name];
    if (value?.startsWith('commit:') !== true) return value;
    opened ??= openings();
    return opened.find(({ field }) => field === name)?.value;
  };
}

/** Finds the index of the entry that a row says told of it last. */
export class RowLeaves {
  readonly #statements = new Map<TableName, { get(...key: string[]): { leaf: number } | undefined }>();

  constructor(db: Sqlite) {
    for (const name of tableNames()) {
      const match = tables[name].key.map((field) => `"${columnName(field)}" = ?`).join(' AND ');
      this.#statements.set(name, db.prepare<string[], { leaf: number }>(`SELECT leaf FROM "${name}" WHERE ${match}`));
    }
  }

  of(table: TableName, key: readonly string[]): number | undefined {
    return this.#statements.get(table)?.get(...key)?.leaf;
  }
}

/**
 * Reads every row: its authentication code, if the row key is at hand; that the entry which it names exists and can tell of
 * it; and that it says what its first entry and its own evidence say.
 */
export class RowAudit {
  readonly #db: Sqlite;
  readonly #log: Log;
  readonly #size: number;
  readonly #coder: RowCoder | undefined;
  readonly #neighbours: Neighbours;
  readonly #found: Found;
  readonly #progress: (rows: number) => void;

  constructor(
    db: Sqlite,
    log: Log,
    size: number,
    rowKey: Uint8Array | undefined,
    found: Found,
    progress: (rows: number) => void = () => {},
  ) {
    this.#db = db;
    this.#log = log;
    this.#size = size;
    this.#coder = rowKey === undefined ? undefined : new RowCoder(rowKey);
    this.#neighbours = new Neighbours(db);
    this.#found = found;
    this.#progress = progress;
  }

  /** Returns how many rows there were. */
  run(): number {
    let rows = 0;
    for (const table of tableNames()) rows += this.#table(table, rows);
    return rows;
  }

  #table<T extends TableName>(table: T, before: number): number {
    const of = tables[table];
    const columns = columnsOf(of).map((c) => `"${c}"`);
    let rows = 0;
    const scan = this.#db.prepare<[], Cell[]>(`SELECT ${columns.join(', ')} FROM "${table}"`).raw();
    for (const row of scan.iterate()) {
      rows++;
      this.#progress(before + rows);
      const cells = row.slice(0, -2);
      const where = `${table} ${of.key.map((_, i) => String(cells[i])).join(' ')}`;
      const leaf = row.at(-2);
      const mac = row.at(-1);
      if (typeof leaf !== 'number' || !(mac instanceof Uint8Array)) {
        this.#found({
          tag: 'row-malformed',
          where,
          message: 'its leaf or its authentication code is of the wrong type',
        });
        continue;
      }
      this.#authentic(table, where, cells, leaf, mac);
      try {
        this.#told(table, where, fromCells<Records[T]>(of, cells), leaf);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#found({ tag: 'row-malformed', where, message });
      }
    }
    return rows;
  }

  #authentic(table: TableName, where: string, cells: readonly Cell[], leaf: number, mac: Uint8Array): void {
    if (this.#coder === undefined) return;
    const right = this.#coder.mac(table, cells, leaf);
    if (mac.length !== right.length || !timingSafeEqual(mac, right)) {
      const message = 'it fails its authentication code: another hand wrote it, or this is not the station’s state key';
      this.#found({ tag: 'row-forged', where, message });
    }
  }

  #told<T extends TableName>(table: T, where: string, record: Records[T], leaf: number): void {
    const history = 'history' in record ? record.history : undefined;
    if (leaf < -1 || leaf >= this.#size || (leaf === -1 && isTold(table, where.slice(table.length + 1)))) {
      const message = `it names entry ${leaf} of a journal of ${this.#size}: no entry tells of it`;
      this.#found({ tag: 'row-untold', where, message });
      return;
    }
    const newest = leaf === -1 ? undefined : this.#leaf(leaf);
    if (newest !== undefined && !mayTell(table, newest.leaf.kind)) {
      const message = `it names entry ${leaf}, a ${newest.leaf.kind}, which tells of something else`;
      this.#found({ tag: 'row-untold', where, message });
    } else if (newest !== undefined) this.#agrees(table, where, record, { index: leaf, ...newest });
    for (const column of this.#neighbours.disagreements(table, record)) {
      const message = `its ${column} is not what other rows come to`;
      this.#found({ tag: 'row-contradicts', where, message });
    }
    const indexes = history?.map(Number) ?? [];
    if (indexes.some((index, i) => !(index > (indexes[i - 1] ?? -1) && index <= leaf))) {
      const message = `its history ${indexes.join(', ')} does not lead up to entry ${leaf}`;
      this.#found({ tag: 'row-contradicts', where, message });
      return;
    }
    const [first] = indexes;
    if (
      history !== undefined &&
      !beginsRightly(table, first === undefined ? undefined : this.#leaf(first)?.leaf.kind)
    ) {
      const message = `its history ${indexes.join(', ')} does not begin with the entry that made it`;
      this.#found({ tag: 'row-contradicts', where, message });
    }
    for (const column of contradictions(table, record, first === undefined ? undefined : this.#leaf(first))) {
      const message = `its ${column} is not what the journal and its own evidence say`;
      this.#found({ tag: 'row-contradicts', where, message });
    }
  }

  #agrees<T extends TableName>(
    table: T,
    where: string,
    record: Records[T],
    { index, leaf, member }: { readonly index: number; readonly leaf: Leaf; readonly member: Member },
  ): void {
    for (const column of new Set(disagreements(table, record, { index, kind: leaf.kind, member }))) {
      if (column === 'leaf') {
        const message = `it names entry ${index}, a ${leaf.kind}, which tells of another`;
        this.#found({ tag: 'row-untold', where, message });
      } else {
        const message = `its ${column} is not what entry ${index} (${leaf.kind}) left it as`;
        this.#found({ tag: 'row-contradicts', where, message });
      }
    }
  }

  /** Undefined where the leaf is missing or doesn't parse: the journal's own audit names that. */
  #leaf(index: number): { readonly leaf: Leaf; readonly member: Member } | undefined {
    const bytes = this.#log.leaf(index);
    if (bytes === undefined) return undefined;
    try {
      const leaf = parseLeaf(bytes);
      return { leaf, member: membersOf(leaf, () => this.#log.openings(index)) };
    } catch {
      return undefined;
    }
  }
}

/** Of all tables. */
export function countRows(db: Sqlite): number {
  const count = (table: TableName): number => Number(db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get());
  return tableNames().reduce((sum, table) => sum + count(table), 0);
}

function tableNames(): TableName[] {
  return Object.keys(tables).filter((name): name is TableName => name in tables);
}
