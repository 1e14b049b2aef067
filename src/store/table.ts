/**
 * How one field is stored. Amounts are TEXT: wei do not fit a STRICT INTEGER. `x?` may be NULL.
 * A list is a JSON array of strings.
 */
export type Column = 'text' | 'text?' | 'int' | 'int?' | 'blob' | 'blob?' | 'amount' | 'amount?' | 'bool' | 'list';

/** What SQLite holds in a column. */
export type Cell = string | number | Uint8Array | null;

/** A table: the fields of its record in storage order, and its key. `leaf` and `mac` follow in every table. */
export interface Shape {
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: { readonly [field: string]: Column };
  /** The columns in storage order, each with its name for errors: listed once, since every row read or written goes through them. */
  readonly fields: readonly Field[];
}

interface Field {
  readonly field: string;
  readonly column: Column;
  readonly where: string;
}

/** The shape that fits a record. */
export interface Table<R> extends Shape {
  readonly name: string;
  readonly key: readonly (keyof R & string)[];
  readonly columns: { readonly [F in keyof R & string]: Column };
}

export function table<R>(name: string, key: readonly (keyof R & string)[], columns: Table<R>['columns']): Table<R> {
  const fields = Object.entries<Column>(columns).map(([field, column]) => ({
    field,
    column,
    where: `${name}.${field}`,
  }));
  return Object.freeze({
    name,
    key: Object.freeze(key),
    columns: Object.freeze(columns),
    fields: Object.freeze(fields),
  });
}

export function columnName(field: string): string {
  return field.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

/** A record as the cells of its row, in storage order. */
export function toCells(of: Shape, record: object): Cell[] {
  const cells: Cell[] = [];
  for (const { field, column, where } of of.fields) cells.push(toCell(column, Reflect.get(record, field), where));
  return cells;
}

/** A record's key, as the table's key columns hold it. */
export function keyOf(of: Shape, record: object): string[] {
  return of.key.map((field) => String(Reflect.get(record, field)));
}

/**
 * The inverse of `toCells`; bytes are shared with the cells. Rows come with a MAC that was checked, so their shape is what this
 * program once wrote.
 */
export function fromCells<R>(of: Table<R>, cells: readonly Cell[]): R {
  const record: Record<string, unknown> = {};
  let i = 0;
  for (const { field, column, where } of of.fields) record[field] = fromCell(column, cells[i++] ?? null, where);
  return Object.freeze(record) as R;
}

/** Every column's name, `leaf` and `mac` last. */
export function columnsOf(of: Shape): string[] {
  return [...Object.keys(of.columns).map(columnName), 'leaf', 'mac'];
}

function optional(column: Column): boolean {
  return column.charCodeAt(column.length - 1) === questionMark;
}

const questionMark = 0x3f;

function toCell(column: Column, value: unknown, where: string): Cell {
  if (value === null && optional(column)) return null;
  switch (column) {
    case 'text':
    case 'text?':
      if (typeof value === 'string') return value;
      break;
    case 'int':
    case 'int?':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      break;
    case 'blob':
    case 'blob?':
      if (value instanceof Uint8Array) return value;
      break;
    case 'amount':
    case 'amount?':
      if (typeof value === 'bigint' && value >= 0n) return value.toString();
      break;
    case 'bool':
      if (typeof value === 'boolean') return value ? 1 : 0;
      break;
    case 'list':
      if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return JSON.stringify(value);
      break;
  }
  throw new TypeError(`${where}: cannot store ${typeof value} as ${column}`);
}

function fromCell(column: Column, cell: Cell, where: string): unknown {
  if (cell === null && optional(column)) return null;
  switch (column) {
    case 'text':
    case 'text?':
      if (typeof cell === 'string') return cell;
      break;
    case 'int':
    case 'int?':
      if (typeof cell === 'number') return cell;
      break;
    case 'blob':
    case 'blob?':
      if (cell instanceof Uint8Array) return new Uint8Array(cell.buffer, cell.byteOffset, cell.length);
      break;
    case 'amount':
    case 'amount?':
      if (typeof cell === 'string') return BigInt(cell);
      break;
    case 'bool':
      if (cell === 0 || cell === 1) return cell === 1;
      break;
    case 'list':
      if (typeof cell === 'string') return Object.freeze(JSON.parse(cell));
      break;
  }
  throw new TypeError(`${where}: found a cell that is no ${column}`);
}
