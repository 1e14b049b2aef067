import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TamperedRow } from '../../src/store/failure.ts';
import { Rows } from '../../src/store/rows.ts';
import { columnName, columnsOf, keyOf } from '../../src/store/table.ts';
import { type TableName, tables } from '../../src/store/tables.ts';
import { BareStore, rowKey, sample } from './bare-store.ts';

const names = Object.keys(tables) as TableName[];

describe('a row under its MAC', () => {
  let bare: BareStore;
  let rows: Rows;
  beforeEach(() => {
    bare = new BareStore();
    rows = new Rows(bare.db, rowKey);
  });
  afterEach(() => bare.close());

  it.each(names)('%s: what was put comes back, every field of it', (name) => {
    const record = sample(name);
    rows.put(name, record, 5);
    expect(rows.get(name, keyOf(tables[name], record))).toEqual({ record, leaf: 5 });
  });

  it.each(names)('D4: %s: a change of any column by another hand is a tampered row', (name) => {
    const record = sample(name);
    const key = keyOf(tables[name], record);
    const keyColumns = tables[name].key.map(columnName);
    const match = keyColumns.map((column) => `"${column}" = ?`).join(' AND ');
    for (const column of columnsOf(tables[name])) {
      rows.put(name, record, 5);
      bare.db
        .prepare(`UPDATE "${name}" SET "${column}" = ${otherValue(bare, name, column)} WHERE ${match}`)
        .run(...key);
      const now = key.map((value, i) => (keyColumns[i] === column ? `${value}x` : value));
      expect(() => rows.get(name, now), column).toThrow(TamperedRow);
      bare.db.exec(`DELETE FROM "${name}"`);
    }
  });

  it('D4: a row that was checked a moment ago is read and compared again: what another hand changed since is a tampered row', () => {
    for (const name of ['transactions', 'freezes', 'factors'] as const) {
      const record = sample(name);
      const key = keyOf(tables[name], record);
      const match = `${columnName(tables[name].key[0] ?? '')} = ?`;
      for (const column of columnsOf(tables[name]).filter((c) => !tables[name].key.map(columnName).includes(c))) {
        rows.put(name, record, 5);
        const read = rows.get(name, key);
        expect(rows.get(name, key)).toBe(read);
        bare.db
          .prepare(`UPDATE "${name}" SET "${column}" = ${otherValue(bare, name, column)} WHERE ${match}`)
          .run(...key);
        expect(() => rows.get(name, key), column).toThrow(TamperedRow);
        bare.db.exec(`DELETE FROM "${name}"`);
        expect(rows.get(name, key)).toBeUndefined();
      }
    }
  });

  it('D4: bytes that a reader of the row changed are not taken for the row’s', () => {
    const record = sample('factors');
    rows.put('factors', record, 5);
    rows.get('factors', [record.id])?.record.coseKey.fill(0);
    expect(rows.get('factors', [record.id])?.record).toEqual(record);
  });

  it('many more rows than are remembered come back as they were put', () => {
    for (let i = 0; i < 6_000; i++) rows.put('spent', { key: `intent:${i}`, by: 'x' }, i);
    for (const i of [0, 1, 3_000, 5_999]) expect(rows.get('spent', [`intent:${i}`])?.leaf).toBe(i);
    bare.db.exec(`UPDATE spent SET by = 'y'`);
    for (const i of [0, 1, 3_000, 5_999]) expect(() => rows.get('spent', [`intent:${i}`])).toThrow(TamperedRow);
  });

  it('within a transaction a row is read once, and anew once it was written or undone', () => {
    rows.put('spent', { key: 'intent:a', by: 'x' }, 5);
    bare.db.exec('BEGIN IMMEDIATE');
    rows.beginWriting();
    expect(rows.get('spent', ['intent:b'])).toBeUndefined();
    expect(rows.get('spent', ['intent:a'])?.record.by).toBe('x');
    bare.db.exec('SAVEPOINT decision');
    rows.put('spent', { key: 'intent:a', by: 'y' }, 6);
    rows.put('spent', { key: 'intent:b', by: 'y' }, 6);
    expect(rows.get('spent', ['intent:a'])).toEqual({ record: { key: 'intent:a', by: 'y' }, leaf: 6 });
    expect(rows.get('spent', ['intent:b'])?.leaf).toBe(6);
    bare.db.exec('ROLLBACK TO decision');
    rows.forgetSeen(true);
    expect(rows.get('spent', ['intent:a'])?.record.by).toBe('x');
    expect(rows.get('spent', ['intent:b'])).toBeUndefined();
    rows.remove('spent', ['intent:a']);
    expect(rows.get('spent', ['intent:a'])).toBeUndefined();
    bare.db.exec('ROLLBACK');
    rows.forgetSeen();
    expect(rows.get('spent', ['intent:a'])?.record.by).toBe('x');
  });

  it('D4: NULL in the place of a value, or a value in the place of NULL, is a tampered row', () => {
    rows.put('withdrawals', sample('withdrawals', { anchor: null }), 5);
    bare.db.exec(`UPDATE withdrawals SET anchor = 'nonce:1'`);
    expect(() => rows.get('withdrawals', ['a id'])).toThrow(TamperedRow);
    rows.put('withdrawals', sample('withdrawals'), 5);
    bare.db.exec('UPDATE withdrawals SET anchor = NULL');
    expect(() => rows.get('withdrawals', ['a id'])).toThrow(TamperedRow);
  });

  it('D4: one row’s values and MAC under another’s key are a tampered row', () => {
    rows.put('spent', { key: 'intent:a', by: 'x' }, 5);
    bare.db.exec(`INSERT INTO spent SELECT 'intent:b', by, leaf, mac FROM spent WHERE key = 'intent:a'`);
    expect(() => rows.get('spent', ['intent:b'])).toThrow(TamperedRow);
  });

  it('D4: one table’s row in another table of the same shape is a tampered row', () => {
    rows.put('accounts', sample('accounts', { account: 'hot' as never, firstPaid: 3 as never }), 5);
    bare.db.exec(
      'INSERT INTO wallets SELECT account, ever_enrolled, since, first_paid, uses_service, leaf, mac FROM accounts',
    );
    expect(() => rows.get('wallets', ['hot'])).toThrow(TamperedRow);
  });

  it('D4: a row written under another state key is a tampered row', () => {
    new Rows(bare.db, new Uint8Array(32)).put('spent', { key: 'intent:a', by: 'x' }, 5);
    expect(() => rows.get('spent', ['intent:a'])).toThrow(TamperedRow);
  });

  it('D4: a MAC that is cut short is a tampered row', () => {
    rows.put('spent', { key: 'intent:a', by: 'x' }, 5);
    bare.db.exec(`UPDATE spent SET mac = substr(mac, 1, 16)`);
    expect(() => rows.get('spent', ['intent:a'])).toThrow(TamperedRow);
    bare.db.exec(`UPDATE spent SET mac = x''`);
    expect(() => rows.get('spent', ['intent:a'])).toThrow(TamperedRow);
  });

  it('D4: a tampered row is met in a look-up as well', () => {
    rows.put('transactions', sample('transactions', { state: 'PERMITTED' }), 5);
    bare.db.exec(`UPDATE transactions SET state = 'UNCERTAIN'`);
    expect(() => rows.all('transactionsOpen', [sample('transactions').wallet])).toThrow(TamperedRow);
    expect([...rows.scan('transactions')]).toEqual([expect.any(TamperedRow)]);
  });

  it('what does not fit its column is not stored', () => {
    expect(() => rows.put('wallets', sample('wallets', { nextNonce: 2 ** 53 }), 5)).toThrow(TypeError);
    expect(() => rows.put('withdrawals', sample('withdrawals', { amount: -1n }), 5)).toThrow(TypeError);
  });
});

/** SQL for another value of the same storage class. */
function otherValue(bare: BareStore, table: string, column: string): string {
  const type = bare.db
    .prepare<[string, string], { type: string }>('SELECT type FROM pragma_table_info(?) WHERE name = ?')
    .get(table, column)?.type;
  if (type === 'INTEGER') return `"${column}" + 1`;
  if (type === 'BLOB') return `CAST(x'ff' || substr("${column}", 2) AS BLOB)`;
  return `"${column}" || 'x'`;
}
