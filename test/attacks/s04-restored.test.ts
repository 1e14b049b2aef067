import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyOf } from '../../src/custody/restoring.ts';
import { hour, parseStationName, type WithdrawalId, walletStatementBytes } from '../../src/domain/index.ts';
import { parseVerifierKey } from '../../src/journal/note.ts';
import { findings } from '../custody/audit-station.ts';
import { type Customer, TestStation, walletId } from '../custody/station.ts';
import { SampleWitness } from '../journal/sample-witness.ts';

// S4: an older state of the station comes back, by a restore: the way out where it was put back by hand, and what tells two stations
// that were restored from one backup from each other.

const quorum = ['olivia', 'omar'];
let station: TestStation;
let alice: Customer;
let elsewhere: string;
beforeEach(async () => {
  station = await TestStation.open({ operators: { delays: { thaw: '1h' } } });
  elsewhere = mkdtempSync(join(tmpdir(), 'portcullis-elsewhere-'));
  station.kept = [join(elsewhere, 'checkpoint')];
  alice = await station.ripeCustomer('alice');
  await station.publish();
});
afterEach(async () => {
  await station.close();
  rmSync(elsewhere, { recursive: true });
});

async function stated(nextNonce: number): Promise<void> {
  const name = parseStationName(station.store.look({}).station.name, 'station');
  const payload = walletStatementBytes({ station: name, wallet: walletId, nextNonce, spent: [] });
  await station.operators.act(quorum, 'restored', `wallet:${walletId}`, payload);
}
async function thawed(): Promise<void> {
  await station.operators.act(quorum, 'thaw', 'station');
  await station.deliver();
  station.time.pass(hour);
  await station.running.timekeeper.tick();
  await station.settle();
}
async function paid(id: string, nonce: number): Promise<string> {
  await alice.authorize(id);
  await station.sign([id], station.payment({ nonce }));
  await station.settle();
  return station.custody.withdrawals.get(id as WithdrawalId).state;
}
async function whole(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
/** The same backup, restored by somebody who does not know of the first time. */
async function restoredAgain(backup: Uint8Array): Promise<void> {
  station.generation = 1;
  await station.restore(backup);
}

describe('S4: an older database, put back by hand, the newest lost', () => {
  it('is journal-behind, and a restore of that very copy gets the station going again', async () => {
    const old = join(elsewhere, 'old.db');
    station.db.pragma('wal_checkpoint(TRUNCATE)');
    copyFileSync(station.file, old);
    const { size } = station.store;
    expect(await paid('w-1', 0)).toBe('SIGNED');
    const lost = station.store.size;
    await station.publish();
    await station.stop();
    for (const end of ['-wal', '-shm']) rmSync(`${station.file}${end}`, { force: true });
    copyFileSync(old, station.file);
    station.start();
    expect(station.store.behind?.message).toMatch(/has a checkpoint of/);
    await expect(station.operators.act(quorum, 'thaw', 'station')).rejects.toMatchObject({ reason: 'journal-behind' });
    const copy = await whole(copyOf(old, station.time.wall));
    expect(await station.restore(copy)).toMatchObject({ size, publishedSize: lost });
    expect(station.store.behind).toBeUndefined();
    await stated(1);
    await thawed();
    await alice.authorize('w-2');
    await expect(station.sign(['w-2'], station.payment({ nonce: 0 }))).rejects.toMatchObject({ reason: 'nonce-used' });
    await station.sign(['w-2'], station.payment({ nonce: 1 }));
    await station.settle();
    expect(station.custody.withdrawals.get('w-2' as WithdrawalId).state).toBe('SIGNED');
    // It publishes over the former log's checkpoint, and starts again on its own.
    await station.publish();
    await station.restart();
    expect(station.store.behind).toBeUndefined();
    expect(findings(station.file, { stateKey: station.stateKey, logKey: station.verifierKey })).toEqual([]);
  });
});

describe('S4: one backup, restored twice', () => {
  it('the second starts behind where it finds what the first published, and is the next generation once it is restored again', async () => {
    const backup = station.backup();
    await station.restore(backup);
    await stated(0);
    await thawed();
    expect(await paid('w-1', 0)).toBe('SIGNED');
    await station.publish();
    const first = station.store.size;
    await restoredAgain(backup);
    expect(station.store.look({}).station.name).toBe(`${station.stationId}/2`);
    expect(station.store.behind?.message).toMatch(new RegExp(`has a checkpoint of ${first} entries`));
    await expect(stated(0)).rejects.toMatchObject({ reason: 'journal-behind' });
    // Its size is not the first one's: what it was restored from is what counts.
    expect(await station.restore(station.backup())).toMatchObject({ publishedSize: first });
    expect(station.store.look({}).station.name).toBe(`${station.stationId}/3`);
    expect(station.store.behind).toBeUndefined();
    await stated(1);
    await thawed();
    expect(await paid('w-2', 1)).toBe('SIGNED');
  });

  it('apart from each other neither knows; a checkpoint of the one shows it to the other, to auditors and to witnesses', async () => {
    const backup = station.backup();
    await station.restore(backup);
    await stated(0);
    await alice.prepare('w-1');
    const key = station.verifierKey;
    const witness = new SampleWitness('witness.example/w1', parseVerifierKey(key), 0);
    const cosign = async (old: number) => {
      const { note } = await station.custody.journal.head();
      return witness.add(`old ${old}\n\n${note}`);
    };
    const { note, size } = await station.custody.journal.head();
    expect((await cosign(0)).status).toBe(200);
    station.kept = [];
    await restoredAgain(backup);
    expect(station.verifierKey).toBe(key);
    expect(station.store.behind).toBeUndefined();
    await stated(7);
    expect(station.store.size).toBe(size);
    expect((await cosign(size)).status).toBe(409);
    const checkpoint = new TextEncoder().encode(note);
    expect(findings(station.file, { logKey: key, checkpoint })).toEqual(['journal-forked journal']);
    expect(() => station.custody.journal.hold(new TextEncoder().encode(note))).toThrow(/what was handed in/);
    expect(station.store.behind).toBeDefined();
    expect(readFileSync(join(station.folder, 'checkpoint.ahead'), 'utf8')).toBe(note);
  });
});
