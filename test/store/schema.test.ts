import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { StoreUnusable, TamperedRow } from '../../src/store/failure.ts';
import { Log } from '../../src/store/log.ts';
import { Rows } from '../../src/store/rows.ts';
import { BareStore, rowKey, sample } from './bare-store.ts';

const ignore = 'CREATE TRIGGER t BEFORE INSERT ON spent BEGIN SELECT RAISE(IGNORE); END';

describe('H: another hand changes the schema', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-store-'));
    file = join(folder, 'station.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Another process at the same file; not through the lock. */
  const elsewhere = (...statements: string[]): void => {
    const db = new Database(file);
    // Without it SQLite ignores a `PRAGMA schema_version` that is given a value.
    db.unsafeMode();
    for (const sql of statements) db.exec(sql);
    db.close();
  };
  const spend = (bare: BareStore, key: string): Promise<unknown> =>
    bare.store.decide({}, () => ({ result: key, writes: [{ table: 'spent', record: { key, by: 'a test' } }] }));

  it.each([
    ['a trigger', ignore, 'trigger t'],
    ['a table', 'CREATE TABLE kept (x)', 'table kept'],
    ['a table whose name looks like the planner’s', 'CREATE TABLE sqliteXstat (x)', 'table sqliteXstat'],
    ['an index that is gone', 'DROP INDEX freezes_active', 'index freezes_active'],
  ])('before the start: %s: the database is not used, and the message names it', (_what, sql, name) => {
    new BareStore(file).close();
    elsewhere(sql);
    expect(() => openDatabase(file)).toThrow(StoreUnusable);
    expect(() => openDatabase(file)).toThrow(name);
  });

  it('what the planner keeps for itself is no change', () => {
    new BareStore(file).close();
    elsewhere('ANALYZE');
    openDatabase(file).close();
  });

  it('while the station runs: nothing is decided any more, nor after it is put back, until a start that finds it gone', async () => {
    const bare = new BareStore(file);
    await spend(bare, 'a');
    elsewhere(ignore);
    await expect(spend(bare, 'b')).rejects.toMatchObject({ table: 'sqlite_schema', key: 'trigger t' });
    elsewhere('DROP TRIGGER t');
    await expect(spend(bare, 'b')).rejects.toBeInstanceOf(TamperedRow);
    expect(bare.store.forgetTampered(bare.store.tampered)).toBe(false);
    expect(bare.store.tampered?.table).toBe('sqlite_schema');
    bare.close();
    const again = BareStore.reopened(file);
    await spend(again, 'b');
    expect(again.store.tampered).toBeUndefined();
    again.close();
  });

  it('while the station runs, with the schema’s counter set back: nothing is decided', async () => {
    const bare = new BareStore(file);
    await spend(bare, 'a');
    const version = Number(bare.db.pragma('schema_version', { simple: true }));
    elsewhere(ignore);
    // A reading that nobody checks makes SQLite take up the trigger.
    bare.store.policy('none');
    elsewhere(`PRAGMA schema_version = ${version}`);
    expect(bare.db.pragma('schema_version', { simple: true })).toBe(version);
    await expect(spend(bare, 'b')).rejects.toMatchObject({ table: 'sqlite_schema', key: 'trigger t' });
    bare.close();
  });

  it('while the station runs, and gone again before the next decision: the counter tells', async () => {
    const bare = new BareStore(file);
    await spend(bare, 'a');
    elsewhere(ignore, 'DROP TRIGGER t');
    expect(() => bare.store.read('spent', 'a')).toThrow(TamperedRow);
    await expect(spend(bare, 'b')).rejects.toMatchObject({ table: 'sqlite_schema', key: 'schema_version' });
    bare.close();
  });

  it('a row that another process writes, or a checkpoint, is no change of the schema', async () => {
    const bare = new BareStore(file);
    await spend(bare, 'a');
    elsewhere(`DELETE FROM policies`, 'PRAGMA wal_checkpoint(TRUNCATE)');
    await spend(bare, 'b');
    expect(bare.store.tampered).toBeUndefined();
    bare.close();
  });

  it('a row or an entry that a trigger swallows is not taken for written, nor one that is not there for removed', () => {
    const bare = new BareStore();
    const rows = new Rows(bare.db, rowKey);
    const log = new Log(bare.db);
    for (const table of ['spent', 'leaves', 'nodes', 'openings']) {
      bare.db.exec(`CREATE TRIGGER ${table}_t BEFORE INSERT ON ${table} BEGIN SELECT RAISE(IGNORE); END`);
    }
    const written = (): void => rows.put('spent', sample('spent'), 1);
    expect(written).toThrow(TamperedRow);
    expect(() => rows.remove('spent', ['nothing'])).toThrow(TamperedRow);
    expect(() => log.addLeaf(7, Uint8Array.of(1), [])).toThrow(TamperedRow);
    expect(() => log.addNodes([{ level: 9, index: 1, hash: new Uint8Array(32) }])).toThrow(TamperedRow);
    bare.db.exec('DROP TRIGGER spent_t; DROP TRIGGER leaves_t');
    const opening = { field: 'account', salt: new Uint8Array(32), value: 'alice' };
    expect(() => log.addLeaf(7, Uint8Array.of(1), [opening])).toThrow(TamperedRow);
    written();
    bare.db.exec('CREATE TRIGGER d BEFORE DELETE ON spent BEGIN SELECT RAISE(IGNORE); END');
    expect(() => rows.remove('spent', [sample('spent').key])).toThrow(TamperedRow);
    bare.db.exec('DROP TRIGGER d');
    rows.remove('spent', [sample('spent').key]);
    bare.close();
  });
});
