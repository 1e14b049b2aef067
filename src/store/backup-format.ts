import { Buffer } from 'node:buffer';
import { formatInstant, Malformed, type WallMs } from '../domain/index.ts';
import type { Sqlite } from './database.ts';
import { Frontier } from './frontier.ts';
import { Log } from './log.ts';
import { migrations } from './migrations.ts';
import { type Cell, columnsOf } from './table.ts';
import { tables } from './tables.ts';

// formats.md, "Backup": what a station's database holds, a line of JSON each, in one order. Hashes of the journal's tree are left out:
// they are computed again from its entries.

const type = 'portcullis/backup/v1';
/** Bytes that are handed on at once. */
const batch = 64 * 1024;
/** Of one line: an entry has less than 64 KiB, a receipt's evidence not much more. */
const lineMost = 16 * 1024 * 1024;

/** What a backup says of itself, before its first row. */
export interface BackupHeader {
  /** The station's name, with its generation. */
  readonly station: string;
  readonly origin: string;
  /** Entries of its journal. */
  readonly size: number;
  readonly made: WallMs;
}

/** A table as it is in a backup: its columns in their order, and in which order its rows come. */
interface Dumped {
  readonly name: string;
  readonly columns: readonly string[];
  readonly order: string;
}

/** Where look-ups go by the order in which rows were made, that order is kept. */
const withoutRowid = new Set(['accounts', 'listings', 'anchors', 'spent', 'buckets']);

const dumped: readonly Dumped[] = [
  ...Object.values(tables).map((of) => ({
    name: of.name,
    columns: columnsOf(of),
    order: withoutRowid.has(of.name) ? '1' : 'rowid',
  })),
  { name: 'leaves', columns: ['index', 'bytes'], order: '"index"' },
  { name: 'openings', columns: ['leaf', 'field', 'salt', 'value'], order: 'leaf, field' },
  { name: 'policies', columns: ['hash', 'document'], order: 'rowid' },
];

/** Writes a database out as it is at one moment, in batches of whole lines. Memory does not grow with the database. */
export function* dumpDatabase(
  db: Sqlite,
  made: WallMs,
): Generator<Uint8Array, { readonly size: number; readonly rows: number }> {
  db.exec('BEGIN');
  try {
    const row = db
      .prepare<[], { station: string; origin: string }>('SELECT name AS station, origin FROM station')
      .get();
    if (row === undefined) throw new Error('the database holds no station');
    const size = new Log(db).size();
    const { station, origin } = row;
    const lines = new Lines();
    lines.add({ type, station, origin, size, schema: migrations.length, made: formatInstant(made) });
    let rows = 0;
    for (const table of dumped) {
      lines.add({ table: table.name });
      for (const cells of db.prepare<[], Cell[]>(selected(table)).raw().iterate()) {
        rows++;
        lines.add(cells.map(encoded));
        if (lines.length >= batch) yield lines.take();
      }
    }
    lines.add({ end: rows });
    yield lines.take();
    return { size, rows };
  } finally {
    db.exec('COMMIT');
  }
}

/**
 * Fills an empty database of this release from what `dumpDatabase` wrote, and computes the journal's tree anew. Whether what it holds is a
 * station's is for `audit` to say. Rejects with `Malformed` for whatever `dumpDatabase` would not have written.
 */
export async function loadDatabase(db: Sqlite, source: AsyncIterable<Uint8Array>): Promise<BackupHeader> {
  let header: BackupHeader | undefined;
  let filling: Filling | undefined;
  let next = 0;
  let rows = 0;
  let ended = false;
  let tree = Frontier.at(0, noNodes);
  const log = new Log(db);
  let leaves: Uint8Array[] = [];
  const grow = (): void => {
    const { frontier, nodes } = tree.grown(leaves);
    log.addNodes(nodes);
    tree = frontier;
    leaves = [];
  };
  for await (const { line, number } of linesOf(source)) {
    if (ended) throw wrong(number, 'something comes after its end');
    if (header === undefined) {
      header = headerOf(line, number);
      continue;
    }
    if (Array.isArray(line)) {
      if (filling === undefined) throw wrong(number, 'a row comes before its table');
      const cells = filling.add(line, number);
      rows++;
      if (filling.table.name === 'leaves') {
        const [index, bytes] = cells;
        if (index !== tree.size + leaves.length || !(bytes instanceof Uint8Array))
          throw wrong(number, `entry ${tree.size + leaves.length} of the journal is not there`);
        leaves.push(bytes);
        if (leaves.length === 1_024) grow();
      }
      continue;
    }
    const { end, table: named } = line as Members;
    if (end !== undefined) {
      if (next < dumped.length) throw wrong(number, 'it ends before its last table');
      if (end !== rows) throw wrong(number, `it has ${rows} rows, and says that it has ${String(end)}`);
      ended = true;
      continue;
    }
    const table = dumped[next++];
    if (table === undefined || named !== table.name)
      throw wrong(number, `expected the table ${table?.name ?? 'that there is none after'}`);
    filling = new Filling(db, table);
  }
  if (header === undefined || !ended) throw new Malformed('backup', 'it ends too early: it is not a whole backup');
  grow();
  if (tree.size !== header.size)
    throw new Malformed('backup', `it has ${tree.size} entries, and says that it has ${header.size}`);
  return header;
}

class Filling {
  readonly table: Dumped;
  readonly #insert: { run(cells: readonly Cell[]): unknown };

  constructor(db: Sqlite, table: Dumped) {
    const columns = table.columns.map((c) => `"${c}"`).join(', ');
    const values = table.columns.map(() => '?').join(', ');
    this.table = table;
    this.#insert = db.prepare<[readonly Cell[]]>(`INSERT INTO "${table.name}" (${columns}) VALUES (${values})`);
  }

  add(line: readonly unknown[], number: number): Cell[] {
    const cells = line.map((cell) => decoded(cell, number));
    if (cells.length !== this.table.columns.length)
      throw wrong(number, `a row of ${this.table.name} has ${cells.length} cells`);
    try {
      this.#insert.run(cells);
    } catch (error) {
      throw wrong(
        number,
        `it is no row of ${this.table.name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return cells;
  }
}

class Lines {
  #parts: string[] = [];
  length = 0;

  add(line: unknown): void {
    const text = `${JSON.stringify(line)}\n`;
    this.#parts.push(text);
    this.length += text.length;
  }

  take(): Uint8Array {
    const bytes = new Uint8Array(Buffer.from(this.#parts.join('')));
    this.#parts = [];
    this.length = 0;
    return bytes;
  }
}

type Line = readonly unknown[] | Members;
/** A line that is no row. */
type Members = Readonly<Record<string, unknown>>;

async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<{ line: Line; number: number }> {
  let rest: Uint8Array[] = [];
  let length = 0;
  let number = 0;
  for await (const chunk of source) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      number++;
      yield { line: parsed(Buffer.concat([...rest, chunk.subarray(from, at)]), number), number };
      rest = [];
      length = 0;
      from = at + 1;
    }
    // The source may use its buffer again.
    if (from < chunk.length) rest.push(chunk.slice(from));
    length += chunk.length - from;
    if (length > lineMost) throw wrong(number + 1, `it is longer than ${lineMost} bytes`);
  }
  if (length > 0) throw wrong(number + 1, 'it is cut off');
}

function parsed(bytes: Uint8Array, number: number): Line {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null) return value as Line;
  } catch {
    // Told below: the parser's own message could quote a person's data.
  }
  throw wrong(number, 'it is no line of a backup');
}

function headerOf(line: Line, number: number): BackupHeader {
  if (Array.isArray(line)) throw wrong(number, 'it is not a station’s backup');
  const { type: of, station, origin, size, schema, made } = line as Members;
  if (of !== type || typeof station !== 'string' || typeof origin !== 'string' || typeof made !== 'string')
    throw wrong(number, 'it is not a station’s backup of version 1');
  if (schema !== migrations.length)
    throw wrong(
      number,
      `its schema is ${String(schema)}, this release’s is ${migrations.length}: restore it with its own release`,
    );
  if (typeof size !== 'number' || !Number.isSafeInteger(size)) throw wrong(number, 'its size is no number');
  return { station, origin, size, made: Date.parse(made) as WallMs };
}

function selected({ name, columns, order }: Dumped): string {
  return `SELECT ${columns.map((c) => `"${c}"`).join(', ')} FROM "${name}" ORDER BY ${order}`;
}

/** Bytes stand in an array of their own, in base64. */
function encoded(cell: Cell): unknown {
  return cell instanceof Uint8Array ? [Buffer.from(cell).toString('base64')] : cell;
}

function decoded(cell: unknown, number: number): Cell {
  if (cell === null || typeof cell === 'string' || (typeof cell === 'number' && Number.isSafeInteger(cell)))
    return cell;
  const [text, ...more] = Array.isArray(cell) ? cell : [];
  if (typeof text === 'string' && more.length === 0) return new Uint8Array(Buffer.from(text, 'base64'));
  throw wrong(number, 'a cell is neither text, number, bytes nor null');
}

function noNodes(): never {
  throw new Error('an empty tree has no nodes');
}

function wrong(line: number, message: string): Malformed {
  return new Malformed('backup', `line ${line}: ${message}`);
}

const newline = 0x0a;
