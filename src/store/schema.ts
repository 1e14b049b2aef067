import Database from 'better-sqlite3';
import { TamperedRow } from './failure.ts';
import { migrations } from './migrations.ts';

type Sqlite = Database.Database;

interface Part {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

let own: ReadonlySet<string> | undefined;

/**
 * What a database's schema has that this release's has not, or the other way round: a trigger or a view that another hand put
 * in would change what the daemon reads and writes.
 */
export function foreignSchema(db: Sqlite): string[] {
  own ??= ownParts();
  const expected = own;
  const actual = partsOf(db);
  return [...[...actual].filter((p) => !expected.has(p)), ...[...expected].filter((p) => !actual.has(p))].map(nameOf);
}

/**
 * Looks whether another hand changed the schema of a database that is in use. Two looks that cost next to nothing: the schema's
 * counter, which no one has a reason to move while the daemon runs; and SQLite's own word that another connection committed
 * (the checkpointer makes it say so too), after which the schema is read again, because that counter can be set back.
 */
export class SchemaWatch {
  readonly #db: Sqlite;
  readonly #cookie: () => unknown;
  readonly #others: () => unknown;
  readonly #first: unknown;
  #seen: unknown;

  constructor(db: Sqlite) {
    this.#db = db;
    const cookie = db.prepare('PRAGMA schema_version').pluck();
    const others = db.prepare('PRAGMA data_version').pluck();
    this.#cookie = () => cookie.get();
    this.#others = () => others.get();
    this.#first = this.#cookie();
  }

  /** Throws `TamperedRow` of `sqlite_schema`. */
  check(): void {
    const others = this.#others();
    const moved = this.#cookie() !== this.#first;
    if (others === this.#seen && !moved) return;
    const [foreign] = foreignSchema(this.#db);
    if (foreign !== undefined || moved) throw schemaTampered(foreign ?? 'schema_version');
    this.#seen = others;
  }
}

function schemaTampered(part: string): TamperedRow {
  return new TamperedRow(
    'sqlite_schema',
    part,
    `the database's schema was changed by another hand (${part}): stop the station, find out who, and restore a backup`,
  );
}

function ownParts(): Set<string> {
  const db = new Database(':memory:');
  try {
    for (const sql of migrations) db.exec(sql);
    return partsOf(db);
  } finally {
    db.close();
  }
}

function partsOf(db: Sqlite): Set<string> {
  const parts = db
    .prepare<[], Part>("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'")
    .all();
  return new Set(parts.map(({ type, name, sql }) => JSON.stringify([type, name, sql])));
}

function nameOf(part: string): string {
  const [type, name]: unknown[] = JSON.parse(part);
  return `${String(type)} ${String(name)}`;
}
