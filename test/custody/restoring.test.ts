import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  copyOf,
  openBackup,
  type Restored,
  RestoreRefused,
  type RestoreRequest,
  restoreStation,
} from '../../src/custody/restoring.ts';
import { Malformed, minute, type StationRecord, type WallMs } from '../../src/domain/index.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import { createDatabase, openDatabase } from '../../src/store/database.ts';
import { StoreUnusable } from '../../src/store/failure.ts';
import { deriveKeys } from '../../src/store/key.ts';
import { Rows } from '../../src/store/rows.ts';
import { live } from '../attacks/attempt.ts';
import { acceptingCodes, Phone } from '../attacks/code-customer.ts';
import { findings } from './audit-station.ts';
import { type Customer, TestStation } from './station.ts';

// What a restore checks before it makes a station of a backup, and what it leaves where it makes none.

let station: TestStation;
let alice: Customer;
let folder: string;
beforeEach(async () => {
  station = await TestStation.open({ operators: {}, policy: acceptingCodes });
  alice = await station.ripeCustomer('alice');
  folder = join(station.folder, 'restored');
  mkdirSync(folder);
});
afterEach(() => station.close());

const text = (): string => Buffer.from(station.backup()).toString();
const changed = (from: RegExp | string, to: string): string => {
  const before = text();
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  return after;
};
function restored(source: string | RestoreRequest['source'], of: Partial<RestoreRequest> = {}): Promise<Restored> {
  return restoreStation({
    file: join(folder, 'station.db'),
    source: typeof source === 'string' ? Readable.from([Buffer.from(source)]) : source,
    stateKey: station.stateKey,
    journalKeys: station.journalKeys.map((key) => createPublicKey(key)),
    time: station.time,
    published: [],
    ...of,
  });
}
const there = (): string[] => readdirSync(folder);
/** Nothing was restored, and nothing is left of the try. */
async function refusedWhole(attempt: Promise<Restored>, told: RegExp): Promise<unknown> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(String(error)).toMatch(told);
  expect(there()).toEqual([]);
  return error;
}

describe('a restore', () => {
  it('makes one file, which is whole, of a backup that a station made while it ran', async () => {
    const { size } = station.store;
    expect(await restored(text())).toMatchObject({ size, publishedSize: undefined });
    expect(there()).toEqual(['station.db']);
    expect(findings(join(folder, 'station.db'), { stateKey: station.stateKey })).toEqual([]);
  });

  it('takes the place of no database, not even of one that came there meanwhile', async () => {
    const file = join(folder, 'station.db');
    writeFileSync(file, 'another');
    await expect(restored(text())).rejects.toThrow(StoreUnusable);
    rmSync(file);
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(text());
      writeFileSync(file, 'another');
    }
    await expect(restored(slow())).rejects.toThrow(`${file} exists: restore into an empty data folder`);
    expect(readFileSync(file, 'utf8')).toBe('another');
    expect(there()).toEqual(['station.db']);
  });

  it('S4: takes nothing for its own that was left of a lost database: SQLite would play that into the restored one', async () => {
    const backup = text();
    await alice.authorize('w-1');
    const file = join(folder, 'station.db');
    const refused = (end: string): RegExp => new RegExp(`station.db${end} is left of another database: move it away`);
    for (const end of ['-wal', '-shm', '-journal']) {
      copyFileSync(`${station.file}-wal`, `${file}${end}`);
      await expect(restored(backup)).rejects.toThrow(refused(end));
      rmSync(`${file}${end}`);
    }
    // Also where it comes there while the backup is read.
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(backup);
      copyFileSync(`${station.file}-wal`, `${file}-wal`);
    }
    await expect(restored(slow())).rejects.toThrow(refused('-wal'));
    expect(there()).toEqual(['station.db-wal']);
  });

  it('leaves nothing half done where the backup cannot be read to its end, and clears what an earlier try left', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(text().slice(0, 5_000));
      throw new Error('the medium is gone');
    }
    await refusedWhole(restored(failing()), /the medium is gone/);
    await refusedWhole(restored(text().slice(0, -20)), /it is cut off/);
    for (const end of ['', '-wal', '-journal']) writeFileSync(join(folder, `station.db.restoring${end}`), 'half');
    await restored(text());
    expect(there()).toEqual(['station.db']);
  });

  it('F1: leaves nothing half done whatever write the disk has no room for', async () => {
    const { db, close } = createDatabase(':memory:');
    const statement: { run: (...of: unknown[]) => unknown } = Object.getPrototypeOf(db.prepare('SELECT 1'));
    close();
    const backup = text();
    const full = () => new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    for (const [of, name] of [
      [Database.prototype, 'exec'],
      [Database.prototype, 'pragma'],
      [statement, 'run'],
    ] as const) {
      const real: (...given: unknown[]) => unknown = Reflect.get(of, name);
      const fails = async (at: number): Promise<number> => {
        let calls = 0;
        Reflect.set(of, name, function (this: unknown, ...given: unknown[]) {
          if (++calls === at) throw full();
          return Reflect.apply(real, this, given);
        });
        try {
          if (at === 0) await restored(backup);
          else await refusedWhole(restored(backup), /disk is full|SQLITE_FULL/);
        } finally {
          Reflect.set(of, name, real);
        }
        return calls;
      };
      const calls = await fails(0);
      rmSync(join(folder, 'station.db'));
      const step = Math.ceil(calls / 12);
      for (let at = 1; at <= calls; at += step) await fails(at);
      await fails(calls);
    }
  });

  it('D4: restores nothing of which a row or an entry was changed, and names it', async () => {
    const forged = changed(/("factors"\}\n[^\n]*?)"device"/, '$1"synced"');
    const error = await refusedWhole(restored(forged), /thing\(s\) are wrong with the backup/);
    expect(error).toBeInstanceOf(RestoreRefused);
    expect(error).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({ tag: 'row-forged', where: `factors ${alice.credential}` }),
      ]),
    });
    const entry =
      text()
        .split('\n')
        .find((line) => line.startsWith('[3,[')) ?? '';
    const bytes = Buffer.from(JSON.parse(entry)[1][0], 'base64');
    const other = JSON.stringify([3, [Buffer.from(bytes.toString().replace('"', ' "')).toString('base64')]]);
    await refusedWhole(restored(changed(entry, other)), /thing\(s\) are wrong/);
  });

  it('S4: restores nothing under another station’s keys, and names twenty things of what is wrong', async () => {
    for (const id of ['w-1', 'w-2', 'w-3']) await alice.authorize(id);
    const error = await refusedWhole(restored(text(), { stateKey: new Uint8Array(32) }), /not its station’s state key/);
    expect(error instanceof RestoreRefused ? error.findings : []).toHaveLength(20);
    const journalKeys = [generateKeyPairSync('ed25519').publicKey];
    await refusedWhole(restored(text(), { journalKeys }), /the backup’s journal has the key .*name its file/);
    // Behind a newer one it does.
    const both = [...journalKeys, createPublicKey(station.journalKey)];
    expect((await restored(text(), { journalKeys: both })).station.journalKey).toContain(
      station.verifierKey.split('+').at(-1),
    );
  });

  it('restores no emulated station as a real one, nor a real one as emulated', async () => {
    const real = { simulated: false, read: () => station.time.read() };
    await refusedWhole(restored(text(), { time: real }), /emulated station/);
  });

  it('restores no station without operators: nobody could state what its wallets used', async () => {
    await station.close();
    station = await TestStation.open();
    folder = join(station.folder, 'restored');
    mkdirSync(folder);
    await refusedWhole(restored(text()), /founds no operators/);
  });

  it('S4: of a backup that is older than what was published, says how much is lost; of a newer one, nothing', async () => {
    const kept = join(station.folder, 'kept');
    station.kept = [kept];
    await station.publish();
    const early = station.store.size;
    const older = text();
    await alice.authorize('w-1');
    const newer = text();
    const { size } = station.store;
    expect(size).toBeGreaterThan(early);
    expect(await restored(newer, { published: [kept] })).toMatchObject({ size, publishedSize: early });
    const [leaf] = leavesFrom(size);
    expect(leaf?.fields).toMatchObject({ published_size: String(early), size: String(size) });
    rmSync(join(folder, 'station.db'));
    await station.publish();
    expect(await restored(older, { published: [kept] })).toMatchObject({ size: early, publishedSize: size });
    // One that nobody signed says nothing of what is lost.
    rmSync(join(folder, 'station.db'));
    writeFileSync(kept, readFileSync(kept, 'utf8').replace(`\n${size}\n`, `\n${size + 9}\n`));
    expect(await restored(older, { published: [kept] })).toMatchObject({ publishedSize: undefined });
  });

  it('A6: counts every code of before, and of the minute after, as used', async () => {
    const phone = await Phone.enrolledBy(alice);
    station.time.pass(10 * minute);
    const now = Math.floor(station.time.wall / 30_000);
    expect(phone.row.lastStep).toBeLessThan(now);
    await station.restore(station.backup());
    expect(phone.row.lastStep).toBeGreaterThanOrEqual(now + 1);
    // One that is later already stays.
    const later = phone.row.lastStep + 10;
    await station.store.decide({ rows: [['codes', phone.factor]] }, (facts) => {
      const record = facts.get('codes', phone.factor);
      if (record === undefined) throw new Error('no code');
      return { result: undefined, writes: [{ table: 'codes', record: { ...record, lastStep: later } }] };
    });
    await station.restore(station.backup());
    expect(phone.row.lastStep).toBe(later);
  });

  it('D3: goes on from the latest time that the backup knew, though the machine’s clock is behind it', async () => {
    // Only ticks that nothing is suspected of move it.
    await live(station, 3_000);
    await alice.authorize('w-1');
    const backup = text();
    const { wall } = station.time;
    const time = {
      simulated: true,
      read: () => ({ ...station.time.read(), wall: (wall - 60 * minute) as WallMs }),
    };
    await restored(backup, { time });
    const [leaf] = leavesFrom(station.store.size);
    expect(Date.parse(leaf?.time ?? '')).toBeGreaterThanOrEqual(wall - 2 * minute);
  });

  it('raises the ticket epoch, and names its key of the journal by its own leaf', async () => {
    const before = station.store.look({}).station;
    const { size } = station.store;
    await restored(text());
    const after = stationOf();
    expect(after.ticketEpoch).toBe(before.ticketEpoch + 1);
    expect(after.journalKeyLeaves).toEqual([...before.journalKeyLeaves, String(size)]);
  });

  it('copies an older database, with whatever lies in its -wal file, and leaves it as it is', async () => {
    await alice.authorize('w-1');
    const { size } = station.store;
    const before = readFileSync(station.file);
    expect(await restored(copyOf(station.file, station.time.wall))).toMatchObject({ size, withdrawalsEnded: 1 });
    expect(readFileSync(station.file)).toEqual(before);
    expect(station.store.look({}).station.name).toBe(`${station.stationId}/1`);
  });
});

function stationOf(): StationRecord {
  const { db, close } = openDatabase(join(folder, 'station.db'));
  try {
    const record = new Rows(db, deriveKeys(station.stateKey).row).get('station', ['station'])?.record;
    if (record === undefined) throw new Error('nothing was restored');
    return record;
  } finally {
    close();
  }
}

/** The restored journal's leaves from an index on. */
function leavesFrom(from: number) {
  const { db, close } = openDatabase(join(folder, 'station.db'));
  try {
    return db
      .prepare<[number], Uint8Array>('SELECT bytes FROM leaves WHERE "index" >= ? ORDER BY "index"')
      .pluck()
      .all(from)
      .map((bytes) => parseLeaf(bytes));
  } finally {
    close();
  }
}

describe('a backup that was encrypted', () => {
  let identity: string;
  let sealed: Uint8Array;
  beforeEach(async () => {
    identity = await generateX25519Identity();
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    sealed = await encrypter.encrypt(station.backup());
  });
  const opened = async (bytes: Uint8Array, identities: readonly string[] = [identity]) =>
    restored(await openBackup(new Blob([new Uint8Array(bytes)]).stream(), identities));

  it('opens for any one of its recipients', async () => {
    const others = [await generateX25519Identity(), identity];
    expect(await opened(sealed, others)).toMatchObject({ former: `${station.stationId}/1` });
  });

  it('S4: opens for nobody else, and brings back nothing where it was cut, flipped or lengthened', async () => {
    const stranger = await generateX25519Identity();
    const error = await refusedWhole(opened(sealed, [stranger]), /backup: it cannot be decrypted/);
    expect(error).toBeInstanceOf(Malformed);
    expect(String(error)).not.toContain(stranger);
    const damaged: [string, Uint8Array][] = [
      ['cut in its last chunk', sealed.subarray(0, -1)],
      ['cut between its chunks', sealed.subarray(0, -(sealed.length % 65_552) || -65_552)],
      ['of nothing', sealed.subarray(0, 0)],
      ['of its head alone', sealed.subarray(0, 100)],
      ['with one byte more', Buffer.concat([sealed, Buffer.of(0)])],
      ...[0, 100, 250, Math.floor(sealed.length / 2), sealed.length - 1].map((at): [string, Uint8Array] => [
        `flipped at ${at}`,
        sealed.with(at, (sealed[at] ?? 0) ^ 1),
      ]),
    ];
    for (const [what, bytes] of damaged) {
      const failed = await refusedWhole(opened(bytes), /backup: /).catch((e: unknown) => {
        throw new Error(what, { cause: e });
      });
      expect(failed, what).toBeInstanceOf(Malformed);
    }
  });

  it('S9: names the line of an identity that is none, and never quotes it', async () => {
    const almost = `${identity.slice(0, -1)}x`;
    const error = await refusedWhole(opened(sealed, [identity, almost]), /--identity: line 2 is no age identity/);
    expect(String(error)).not.toContain(almost.slice(10));
  });
});

it('a database that was never a station’s is not copied', async () => {
  const { close } = createDatabase(join(folder, 'empty.db'));
  close();
  await expect(restored(copyOf(join(folder, 'empty.db'), station.time.wall))).rejects.toThrow(/holds no station/);
});
