import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Malformed, type WallMs } from '../../src/domain/index.ts';
import { backupOf } from '../../src/store/backup.ts';
import { dumpDatabase, loadDatabase } from '../../src/store/backup-format.ts';
import { createDatabase } from '../../src/store/database.ts';
import { tables } from '../../src/store/tables.ts';
import { BareStore, start } from './bare-store.ts';

const made = (start + 1_000) as WallMs;
let folder: string;
let bare: BareStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-backup-'));
  bare = new BareStore(join(folder, 'station.db'));
  for (let i = 0; i < 3; i++) {
    await bare.store.decide({}, () => ({
      result: undefined,
      writes: [
        { table: 'spent', record: { key: `intent:${i}`, by: `withdrawal "w-${i}"\n` }, leaf: 0 },
        { table: 'buckets', record: { scope: `account:${i}`, packed: new Uint8Array(300).fill(i) } },
      ],
      leaves: Array.from({ length: 700 }, (_, n) => ({
        kind: 'refused' as const,
        fields: { number: String(n) },
        personal: { account: 'älice' },
      })),
    }));
  }
});
afterEach(() => {
  bare.close();
  rmSync(folder, { recursive: true });
});

function dumped(): string {
  const chunks: Uint8Array[] = [];
  for (const chunk of dumpDatabase(bare.db, made)) chunks.push(chunk);
  expect(chunks.length).toBeGreaterThan(1);
  return Buffer.concat(chunks).toString();
}

async function* pieces(text: string | Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** What a database holds, table by table. */
function contents(db: BareStore['db']): Record<string, unknown> {
  const names = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all();
  return Object.fromEntries(names.map((name) => [name, db.prepare(`SELECT * FROM "${name}"`).raw().all()]));
}

async function loaded(text: string | Uint8Array, length = 1_000): Promise<BareStore['db']> {
  const { db } = createDatabase(':memory:');
  await loadDatabase(db, pieces(text, length));
  return db;
}

describe('a backup', () => {
  it('brings back every row of every table, and the tree of the journal, whatever the pieces it comes in', async () => {
    const text = dumped();
    for (const length of [7, 1_000, text.length * 2]) {
      const db = await loaded(text, length);
      expect(contents(db)).toEqual(contents(bare.db));
      db.close();
    }
    expect(Object.keys(contents(bare.db)).sort()).toEqual(
      [...Object.keys(tables), 'leaves', 'nodes', 'openings', 'policies'].sort(),
    );
  });

  it('says what it is of', async () => {
    const { db } = createDatabase(':memory:');
    expect(await loadDatabase(db, pieces(dumped(), 4_096))).toEqual({
      station: 'ab/1',
      origin: 'portcullis/test',
      size: bare.store.size,
      made,
    });
  });

  it('is of one moment, whatever is decided while it is made', async () => {
    const before = contents(bare.db);
    const reading = new (bare.db.constructor as new (file: string) => BareStore['db'])(join(folder, 'station.db'));
    const lines = dumpDatabase(reading, made);
    const chunks = [lines.next().value as Uint8Array];
    await bare.store.decide({}, () => ({
      result: undefined,
      writes: [{ table: 'spent', record: { key: 'later', by: 'x' }, leaf: 0 }],
      leaves: [{ kind: 'frozen', fields: { who: 'later' } }],
    }));
    for (const chunk of lines) chunks.push(chunk);
    expect(contents(await loaded(Buffer.concat(chunks)))).toEqual(before);
    reading.close();
  });

  const lines = (): string[] => dumped().split('\n').slice(0, -1);
  it.each<[string, (all: string[]) => string[], RegExp]>([
    ['cut off in a line', (all) => [...all.slice(0, -1), '{"en'], /line \d+: it is cut off|no line of a backup/],
    ['cut off between lines', (all) => all.slice(0, -1), /ends too early/],
    ['of nothing', () => [''], /no line of a backup/],
    ['of another version', (all) => [(all[0] ?? '').replace('/v1', '/v2'), ...all.slice(1)], /of version 1/],
    [
      'of another schema',
      (all) => [(all[0] ?? '').replace(/"schema":\d+/, '"schema":99'), ...all.slice(1)],
      /its schema is 99/,
    ],
    [
      'without a row that it counts',
      (all) => all.filter((line) => !line.startsWith('["intent:1"')),
      /says that it has/,
    ],
    [
      'without an entry',
      (all) => all.filter((line) => !line.startsWith('[7,[')),
      /entry 7 of the journal is not there/,
    ],
    [
      'whose entries are fewer',
      (all) => all.filter((line) => !line.startsWith('[2100,[')).with(-1, '{"end":0}'),
      /rows, and says/,
    ],
    ['without a table', (all) => all.filter((line) => line !== '{"table":"freezes"}'), /expected the table freezes/],
    [
      'with a table twice',
      (all) => [...all.slice(0, -1), '{"table":"policies"}', ...all.slice(-1)],
      /expected the table that there is none/,
    ],
    ['with a row before its table', (all) => all.toSpliced(1, 0, '[1]'), /a row comes before its table/],
    ['with a row of another width', (all) => all.toSpliced(2, 1, '["station"]'), /a row of station has 1 cells/],
    [
      'with a cell that none is',
      (all) => all.map((line) => line.replace(/^\["intent:1"/, '[{"a":1}')),
      /a cell is neither/,
    ],
    [
      'with a cell of the wrong type',
      (all) => all.map((line) => line.replace(/^\["intent:1"/, '[["AA=="]')),
      /it is no row of spent/,
    ],
    ['with something behind its end', (all) => [...all, '["x"]'], /something comes after its end/],
    ['of bytes that are no text', () => ['\u0000'], /no line of a backup/],
  ])('%s is none', async (_, change, expected) => {
    const error = await loaded(`${change(lines()).join('\n')}\n`).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Malformed);
    expect(String(error)).toMatch(expected);
  });
});

describe('the worker that makes one', () => {
  async function whole(recipients: readonly string[]): Promise<{ file: Buffer; made: unknown }> {
    const chunks: Uint8Array[] = [];
    const source = backupOf({ file: join(folder, 'station.db'), recipients, made });
    for (;;) {
      const { done, value } = await source.next();
      if (done === true) return { file: Buffer.concat(chunks), made: value };
      chunks.push(value);
    }
  }

  it('encrypts it to each recipient; nothing of it lies on the disk in the clear', async () => {
    const identities = [await generateX25519Identity(), await generateHybridIdentity()];
    const { file, made: of } = await whole(await Promise.all(identities.map((one) => identityToRecipient(one))));
    expect(file.toString('latin1')).not.toContain('intent:1');
    expect(of).toMatchObject({ size: bare.store.size, bytes: file.length });
    for (const identity of identities) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      expect(contents(await loaded(await decrypter.decrypt(new Uint8Array(file))))).toEqual(contents(bare.db));
    }
    const stranger = new Decrypter();
    stranger.addIdentity(await generateX25519Identity());
    await expect(stranger.decrypt(new Uint8Array(file))).rejects.toThrow(/no identity matched/);
    expect(readdirSync(folder).filter((name) => !name.startsWith('station.db'))).toEqual([]);
  });

  it('says why none was made, and stops with whoever stops taking it', async () => {
    await expect(whole(['age1nonsense'])).rejects.toThrow(/the backup was not made/);
    const gone = backupOf({ file: join(folder, 'no.db'), recipients: [], made });
    await expect(gone.next()).rejects.toThrow(/does not exist/);
    const recipient = await identityToRecipient(await generateX25519Identity());
    const source = backupOf({ file: join(folder, 'station.db'), recipients: [recipient], made });
    expect((await source.next()).done).toBe(false);
    await source.return({ size: 0, rows: 0, bytes: 0, sha256: new Uint8Array() });
    expect(await source.next()).toMatchObject({ done: true });
  });
});
