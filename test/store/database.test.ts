import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, openDatabase, openForReading } from '../../src/store/database.ts';
import { StorageFailed, StoreUnusable } from '../../src/store/failure.ts';
import { migrations } from '../../src/store/migrations.ts';
import { columnName, columnsOf } from '../../src/store/table.ts';
import { lookups, type TableName, tables } from '../../src/store/tables.ts';
import { BareStore } from './bare-store.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-store-'));
  file = join(folder, 'station.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const types = { text: 'TEXT', int: 'INTEGER', blob: 'BLOB', amount: 'TEXT', bool: 'INTEGER', list: 'TEXT' } as const;

describe('the schema', () => {
  it.each(Object.keys(tables) as TableName[])(
    '%s: the migrations make just the columns and the key of its record',
    (name) => {
      const { db, close } = createDatabase(':memory:');
      const info = db.prepare<[string], { name: string; type: string; notnull: number; pk: number }>(
        'SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid',
      );
      const found = info.all(name);
      expect(found.map((c) => c.name)).toEqual(columnsOf(tables[name]));
      const key = found.filter((c) => c.pk > 0).sort((a, b) => a.pk - b.pk);
      expect(key.map((c) => c.name)).toEqual(tables[name].key.map(columnName));
      for (const [field, column] of Object.entries<string>(tables[name].columns)) {
        const of = found.find((c) => c.name === columnName(field));
        expect(of?.type, field).toBe(types[column.replace('?', '') as keyof typeof types]);
        expect(of?.notnull === 1 || of?.pk !== 0, `${field} may be NULL`).toBe(!column.endsWith('?'));
      }
      const strict = db.prepare<[string], { strict: number }>('SELECT strict FROM pragma_table_list WHERE name = ?');
      expect(strict.get(name)?.strict).toBe(1);
      close();
    },
  );

  it('every look-up other than by key goes through an index', () => {
    const bare = new BareStore();
    const plan = (sql: string): string =>
      bare.db
        .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((r) => r.detail)
        .join(' ');
    expect(
      plan(
        `SELECT * FROM transactions WHERE wallet = 'w' AND state IN ('PERMITTED', 'SENT', 'UNCERTAIN', 'WITHHELD') ORDER BY permitted_at, id`,
      ),
    ).toContain('transactions_open');
    expect(
      plan(`SELECT * FROM withdrawals WHERE state IN ('HELD', 'AUTHORIZED') AND pay_by <= 1 ORDER BY pay_by LIMIT 1`),
    ).toContain('withdrawals_open');
    // Once a second, whether or not there is one: never a look at all that ever were.
    for (const name of ['actsUnsettled', 'actsAlike'] as const)
      expect(plan(`SELECT * FROM acts WHERE ${lookups[name].where.replaceAll('?', '1')}`)).toContain('acts_unsettled');
    expect(plan(`SELECT * FROM withdrawals WHERE ${lookups.withdrawalsHeld.where.replaceAll('?', '1')}`)).toContain(
      'withdrawals_held',
    );
    for (const name of ['nthFactorLive', 'nthDestinationLive'] as const) {
      const { table, where } = lookups[name];
      const found = plan(`SELECT * FROM ${table} WHERE ${where.replaceAll('?', '1')}`);
      expect(found).toContain(`SEARCH ${table} USING INDEX ${table}_account`);
    }
    for (const table of ['codes', 'transactions'] as const) {
      for (const name of [`${table}SealedUnder`, `${table}SealedAfter`] as const) {
        const found = plan(`SELECT * FROM ${table} WHERE ${lookups[name].where.replaceAll('?', "'1'")}`);
        expect(found).toContain(`SEARCH ${table} USING INDEX ${table}_sealed`);
        expect(found).not.toContain('TEMP B-TREE');
      }
    }
    bare.close();
  });
});

describe('a database of another release', () => {
  it('F7: one of a newer schema is refused, clearly, and left as it is', () => {
    createDatabase(file).close();
    const raw = new Database(file);
    raw.pragma(`user_version = ${migrations.length + 1}`);
    raw.close();
    const before = readFileSync(file);
    expect(() => openDatabase(file)).toThrow(StoreUnusable);
    expect(() => openDatabase(file)).toThrow(/newer release .*run that release/);
    expect(() => openForReading(file)).toThrow(/schema version/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('F7: one of an older schema is brought up to date, in order, each migration once', () => {
    const raw = new Database(file);
    raw.exec('VACUUM');
    raw.close();
    const { db, close } = openDatabase(file);
    expect(db.pragma('user_version', { simple: true })).toBe(migrations.length);
    close();
    // A migration that ran again would fail: its tables exist.
    openDatabase(file).close();
  });

  it('F7: a migration that fails leaves the older schema', () => {
    const raw = new Database(file);
    raw.exec('CREATE TABLE notices (not_ours)');
    raw.close();
    expect(() => openDatabase(file)).toThrow();
    const after = new Database(file, { readonly: true });
    expect(after.pragma('user_version', { simple: true })).toBe(0);
    expect(after.prepare(`SELECT count(*) AS n FROM sqlite_schema`).get()).toEqual({ n: 1 });
    after.close();
  });
});

describe('one writer', () => {
  it('a second writer is refused while the first has the station, and let in after', () => {
    const first = createDatabase(file);
    expect(() => openDatabase(file)).toThrow(/another process runs this station/);
    const reader = openForReading(file);
    reader.close();
    first.close();
    openDatabase(file).close();
  });

  it('a station is never overwritten, and one that is missing is not made by opening it', () => {
    expect(() => openDatabase(file)).toThrow(/does not exist/);
    createDatabase(file).close();
    expect(() => createDatabase(file)).toThrow(/never overwritten/);
    rmSync(file);
    writeFileSync(`${file}-wal`, 'of another');
    expect(() => createDatabase(file)).toThrow(/-wal is left of another database: move it away with that/);
  });

  it('I9: every commit is synced: WAL with synchronous=FULL', () => {
    const { db, close } = createDatabase(file);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    close();
  });
});

describe('F2: a corrupt page', () => {
  it('is a storage failure that ends the process, and nothing is decided on it', async () => {
    const made = new BareStore(file);
    const root = made.db
      .prepare<[], { page: number; size: number }>(
        `SELECT rootpage AS page, (SELECT page_size FROM pragma_page_size) AS size FROM sqlite_schema WHERE name = 'spent'`,
      )
      .get();
    made.close();
    if (root === undefined) throw new Error('there is no such table');
    const fd = openSync(file, 'r+');
    writeSync(fd, Buffer.alloc(root.size, 0xff), 0, root.size, (root.page - 1) * root.size);
    closeSync(fd);
    const bare = BareStore.reopened(file);
    expect(() => bare.store.read('spent', 'intent:a')).toThrow(StorageFailed);
    expect(bare.fatal.map((f) => f.code)).toEqual(['SQLITE_CORRUPT']);
    await expect(bare.store.decide({}, () => ({ result: 1 }))).rejects.toThrow(StorageFailed);
    bare.close();
  });

  it('a file that is no database is refused', () => {
    writeFileSync(file, 'no database '.repeat(1_000));
    expect(() => openDatabase(file)).toThrow();
  });
});
