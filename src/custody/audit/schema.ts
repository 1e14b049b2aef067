import Database from 'better-sqlite3';
import type { Sqlite } from '../../store/database.ts';
import { migrations } from '../../store/migrations.ts';

interface Part {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

/**
 * What a database's schema has that this release's has not, or the other way round: a trigger or a view that another hand put
 * in would change what the daemon reads and writes.
 */
export function foreignSchema(db: Sqlite): string[] {
  const own = new Database(':memory:');
  try {
    for (const sql of migrations) own.exec(sql);
    const expected = partsOf(own);
    const actual = partsOf(db);
    return [...[...actual].filter((p) => !expected.has(p)), ...[...expected].filter((p) => !actual.has(p))].map(nameOf);
  } finally {
    own.close();
  }
}

function partsOf(db: Sqlite): Set<string> {
  const parts = db
    .prepare<[], Part>("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'")
    .all();
  return new Set(parts.map(({ type, name, sql }) => JSON.stringify([type, name, sql])));
}

function nameOf(part: string): string {
  const [type, name]: unknown[] = JSON.parse(part);
  return `${String(type)} ${String(name)}`;
}
