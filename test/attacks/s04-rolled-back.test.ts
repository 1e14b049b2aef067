import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, type OperatorVerb } from '../../src/domain/index.ts';
import { heldSigner, signedCheckpoint } from '../../src/journal/checkpoint-signer.ts';
import { type Customer, TestStation } from '../custody/station.ts';

// S4: whoever writes the station's files puts an older database in the place of the newest one, or one that went on otherwise. The
// rows are authentic, the journal is whole: what tells is a checkpoint that was published, somewhere that they do not reach.

let station: TestStation;
let alice: Customer;
let elsewhere: string;
beforeEach(async () => {
  station = await TestStation.open({ operators: { names: ['olivia', 'omar', 'oscar'] } });
  elsewhere = mkdtempSync(join(tmpdir(), 'portcullis-elsewhere-'));
  station.kept = [join(elsewhere, 'checkpoint')];
  alice = await station.ripeCustomer('alice');
  await station.publish();
});
afterEach(async () => {
  await station.close();
  rmSync(elsewhere, { recursive: true });
});

const copied = (name: string): string => join(elsewhere, name);
function copy(name: string): void {
  station.db.pragma('wal_checkpoint(TRUNCATE)');
  copyFileSync(station.file, copied(name));
}
async function putBack(name: string): Promise<void> {
  await station.stop();
  for (const end of ['-wal', '-shm']) rmSync(`${station.file}${end}`, { force: true });
  copyFileSync(copied(name), station.file);
  station.start();
}
const database = (): string => {
  station.db.pragma('wal_checkpoint(TRUNCATE)');
  return digestOf(new Uint8Array(readFileSync(station.file)));
};

/** Nothing is decided, nothing is written, nothing is signed for; and everyone is told why. */
async function standsFrozen(why: RegExp): Promise<void> {
  const size = station.store.size;
  expect(station.custody.operators.station().freezes[0]).toMatchObject({
    scope: 'station',
    who: 'station',
    why: expect.stringMatching(/^journal-behind: /),
  });
  const told = station.details.findLast(([event]) => event === 'journal-behind');
  expect(JSON.stringify(told)).toMatch(why);
  expect(JSON.stringify(told)).toMatch(/portcullis restore/);
  const behind = { reason: 'journal-behind', message: expect.stringMatching(why) };
  const prepared = await alice.prepare('w-9');
  expect(prepared.rules.find(({ passed }) => !passed)?.refusal?.reason).toBe('frozen');
  const authorization = { intent: prepared.intent.bytes, attestations: [alice.attest(prepared.intent.digest)] };
  await expect(station.custody.withdrawals.authorize(authorization)).rejects.toMatchObject(behind);
  await expect(station.custody.journal.head()).rejects.toMatchObject(behind);
  await expect(station.custody.journal.checkpoint(undefined)).rejects.toMatchObject(behind);
  const act = { verb: 'thaw' as OperatorVerb, subject: 'station', payload: new Uint8Array(), lifetime: undefined };
  await expect(station.custody.acts.prepare(act)).rejects.toMatchObject(behind);
  station.time.pass(60_000);
  await station.running.timekeeper.tick(60_000);
  await station.settle();
  expect(station.store.size).toBe(size);
}

describe('S4: an older database, put back over the newest', () => {
  it('starts frozen, named journal-behind: it has fewer entries than were published', async () => {
    copy('old');
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
    await station.publish();
    await putBack('old');
    const before = database();
    await standsFrozen(/has a checkpoint of \d+ entries, the database’s journal has \d+/);
    // The payment would be made again: its evidence is not spent in what was put back.
    await expect(station.sign(['w-1'])).rejects.toMatchObject({ reason: 'journal-behind' });
    expect(station.signer.seen).toHaveLength(1);
    expect(database()).toBe(before);
    expect(await station.publish().catch((error: Error) => error.message)).toMatch(/journal has/);
  });

  it('is as before once the newest database is back', async () => {
    copy('old');
    await alice.authorize('w-1');
    await station.publish();
    copy('new');
    await putBack('old');
    expect(station.store.behind).toBeDefined();
    await putBack('new');
    expect(station.store.behind).toBeUndefined();
    await expect(station.sign(['w-1'])).resolves.toMatchObject({ pays: ['w-1'] });
  });

  it('forked: it went on otherwise, and is longer than what was published', async () => {
    copy('old');
    await alice.authorize('w-1');
    await station.publish();
    const kept = readFileSync(copied('checkpoint'));
    // What was put back is run without what was published, so that it grows.
    rmSync(copied('checkpoint'));
    await putBack('old');
    for (const id of ['w-2', 'w-3', 'w-4']) await alice.authorize(id);
    writeFileSync(copied('checkpoint'), kept);
    await station.restart();
    await standsFrozen(/the first \d+ entries of the database are not those that .* has the checkpoint of/);
  });

  it('fails closed over what is kept and cannot be read, or was signed by nobody’s key', async () => {
    writeFileSync(copied('checkpoint'), 'nonsense');
    await station.restart();
    await standsFrozen(/is not this log’s/);
    station.kept = [elsewhere];
    await station.restart();
    await standsFrozen(/cannot be read \(EISDIR\)/);
    station.kept = [copied('checkpoint')];
    const other = heldSigner('portcullis/other', station.journalKey);
    const root = new Uint8Array(32);
    writeFileSync(
      copied('checkpoint'),
      await signedCheckpoint({ origin: other.origin, size: 1, root, extensions: [] }, [other]),
    );
    await station.restart();
    await standsFrozen(/is not this log’s/);
  });

  it('a checkpoint that was handed in shows it to a station that runs, and to every later start', async () => {
    copy('old');
    await alice.authorize('w-1');
    const { note } = await station.custody.journal.head();
    const bytes = new TextEncoder().encode(note);
    expect(station.custody.journal.hold(bytes)).toBe(station.store.size);
    await putBack('old');
    expect(station.store.behind).toBeUndefined();
    expect(() => station.custody.journal.hold(bytes)).toThrow(/what was handed in has a checkpoint of/);
    await standsFrozen(/what was handed in has a checkpoint of/);
    await station.restart();
    await standsFrozen(/checkpoint\.ahead has a checkpoint of/);
    rmSync(join(station.folder, 'checkpoint.ahead'));
    await station.restart();
    // Without the log's own signature it shows nothing.
    const forged = note.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) + 5}\n`);
    expect(() => station.custody.journal.hold(new TextEncoder().encode(forged))).toThrow(/is not this log’s/);
    expect(station.store.behind).toBeUndefined();
  });

  it('what already goes to its device when it shows is not released', async () => {
    copy('old');
    await alice.authorize('w-1');
    const { note } = await station.custody.journal.head();
    await putBack('old');
    await alice.authorize('w-2');
    station.signer.behaviour = async (_, signed) => {
      expect(() => station.custody.journal.hold(new TextEncoder().encode(note))).toThrow(/handed in/);
      return signed;
    };
    const { id } = await station.sign(['w-2']);
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'SENT', signed: null });
  });
});
