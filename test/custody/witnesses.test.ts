import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { day, hour, minute } from '../../src/domain/index.ts';
import { openCheckpoint } from '../../src/journal/checkpoint.ts';
import { parseVerifierKey, readNote, readSignatures } from '../../src/journal/note.ts';
import { SampleWitness } from '../journal/sample-witness.ts';
import { findings } from './audit-station.ts';
import { type Customer, ether, TestStation, type TestStationOptions } from './station.ts';

// Witnesses' keys stand in the policy, so they are made before the station, whose own key only they have to know.

let station: TestStation;
let alice: Customer;
let first: SampleWitness;
let second: SampleWitness;

const seconds = (): number => Math.floor(station.time.wall / 1_000);

async function opened(by = 1, options: TestStationOptions = {}): Promise<void> {
  const log = { verifier: undefined as ReturnType<typeof parseVerifierKey> | undefined };
  // Filled in once the station has a key.
  const late = new Proxy({} as ReturnType<typeof parseVerifierKey>, {
    get: (_, name) => Reflect.get(log.verifier ?? {}, name),
  });
  first = new SampleWitness('witness.example/w1', late, 0);
  second = new SampleWitness('witness.example/w2', late, 0);
  station = await TestStation.open({
    ...options,
    policy: (document) =>
      `${document}witnesses:\n  keys: ['${first.key}', '${second.key}']\n  large_withdrawals: { cosigned_within: 24h, by: ${by}, above: [{ asset: '${ether}', amount: '999999999999999999' }] }\n`,
  });
  log.verifier = parseVerifierKey(station.verifierKey);
  alice = await station.ripeCustomer('alice');
  first.time = seconds();
  second.time = seconds();
}

/** The courier's round. */
async function carry(witness = first, old?: number): Promise<number> {
  const { witnesses } = station.custody.journal;
  witness.time = seconds();
  const { body, size } = await witnesses.request(witness.verifier.name, old);
  const answer = witness.add(body);
  if (answer.status === 409) return carry(witness, Number(answer.body));
  expect(answer.status).toBe(200);
  await witnesses.accept(size, answer.body);
  return size;
}

const reason = (of: string) => ({ reason: of });

beforeEach(() => opened());
afterEach(() => station.close());

describe('Witnesses of the journal', () => {
  it('cosign what goes on from what they saw, by C2SP tlog-witness, and their word is kept and published', async () => {
    const size = await carry();
    await alice.authorize('w-1');
    const later = await carry();
    expect(later).toBeGreaterThan(size);
    await carry(second);
    const cosigned = await station.custody.journal.witnesses.cosigned();
    expect(openCheckpoint(cosigned?.note ?? '', [parseVerifierKey(station.verifierKey)]).size).toBe(later);
    expect(
      readNote(cosigned?.note ?? '')
        .signatures.map(({ name }) => name)
        .slice(1),
    ).toEqual(['witness.example/w1', 'witness.example/w2']);
    expect(findings(station.file, { stateKey: station.stateKey })).toEqual([]);
    // The newer one alone, where they saw different trees.
    await alice.authorize('w-2');
    await carry(second);
    const newer = await station.custody.journal.witnesses.cosigned();
    expect(newer?.cosignatures.map(({ witness }) => witness)).toEqual([second.key]);
  });

  it('a witness that remembers another size says which, and gets the proof from there', async () => {
    await carry();
    station.db.exec('DELETE FROM cosignatures');
    await alice.authorize('w-1');
    const { body } = await station.custody.journal.witnesses.request('witness.example/w1', undefined);
    expect(body).toMatch(/^old 0\n\n/);
    expect(first.add(body).status).toBe(409);
    await carry();
    expect((await station.custody.journal.witnesses.cosigned())?.cosignatures).toHaveLength(1);
  });

  it('S4: what the database keeps of them is held against the journal, by whoever has no key', async () => {
    await carry();
    await alice.authorize('w-1');
    const found = (statement: string): string[] => {
      const copy = join(mkdtempSync(join(tmpdir(), 'portcullis-witness-')), 'station.db');
      station.db.exec(`VACUUM INTO '${copy}'`);
      const db = new Database(copy);
      db.exec(statement);
      db.close();
      return findings(copy);
    };
    const row = `cosignatures ${first.key}`;
    expect(found('SELECT 1')).toEqual([]);
    expect(found('UPDATE cosignatures SET time = time + 1000')).toEqual([`row-contradicts ${row}`]);
    expect(found('UPDATE cosignatures SET root = zeroblob(32)')).toEqual([`row-contradicts ${row}`]);
    expect(found('UPDATE cosignatures SET size = size - 1')).toEqual([`row-contradicts ${row}`]);
    expect(found('UPDATE cosignatures SET signature = zeroblob(72)')).toEqual([`row-contradicts ${row}`]);
    expect(found("UPDATE cosignatures SET witness = 'nobody'")).toEqual(['row-malformed cosignatures nobody']);
  });

  it('S4: a journal that was cut or rewritten behind what a witness signed is told by its word', async () => {
    const { note } = await station.custody.journal.head();
    const { text } = readNote(note);
    const [origin = '', size = '', root = ''] = text.split('\n');
    await carry();
    const put = (more: number, of: Buffer): void => {
      const other = `${origin}\n${Number(size) + more}\n${of.toString('base64')}\n`;
      const [line] = readSignatures(first.line(other));
      station.db
        .prepare('UPDATE cosignatures SET size = ?, root = ?, signature = ?')
        .run(Number(size) + more, of, line?.signature);
    };
    put(0, Buffer.alloc(32));
    expect(findings(station.file)).toEqual([`journal-forked cosignatures ${first.key}`]);
    put(5, Buffer.from(root, 'base64'));
    expect(findings(station.file)).toEqual([`station-behind cosignatures ${first.key}`]);
  });

  it('S4: their word on the log from before a restore is none on the restored one, and a large withdrawal waits for a new one', async () => {
    await station.close();
    await opened(1, { operators: { delays: { thaw: '1h' } } });
    await carry();
    await station.restore(station.backup());
    expect(await station.custody.journal.witnesses.cosigned()).toBeUndefined();
    expect(findings(station.file, { stateKey: station.stateKey })).toEqual([]);
    // They take the restored log for another one.
    const { body } = await station.custody.journal.witnesses.request('witness.example/w1', undefined);
    expect([403, 404]).toContain(first.add(body).status);
  });

  it('S4: one that saw more than the journal has shows that the station was put back', async () => {
    const { witnesses } = station.custody.journal;
    await expect(witnesses.request('witness.example/w1', station.store.size + 1)).rejects.toThrow(
      /put back to an older state/,
    );
    await expect(witnesses.request('nobody', undefined)).rejects.toMatchObject(reason('not-found'));
  });

  it('S4: lines that are not theirs, not of this tree, or of the future are refused, and nothing is kept', async () => {
    const { witnesses } = station.custody.journal;
    const { note, size } = await station.custody.journal.head();
    const { text } = readNote(note);
    const stranger = new SampleWitness('witness.example/w1', parseVerifierKey(station.verifierKey), seconds());
    const wrong: [string, number, string][] = [
      ['a stranger of the same name', size, stranger.line(text)],
      ['another tree’s', size - 1, first.line(text)],
      ['more than there is', size + 1, first.line(text)],
      ['not a line', size, 'nonsense'],
      ['one of two that does not hold', size, `${first.line(text)}${second.line(text.replace('\n', '\n\n'))}`],
    ];
    for (const [what, of, lines] of wrong) {
      await expect(witnesses.accept(of, lines), what).rejects.toMatchObject(reason('malformed'));
    }
    first.time = seconds() + 301;
    await expect(witnesses.accept(size, first.line(text))).rejects.toMatchObject(reason('malformed'));
    expect(await witnesses.cosigned()).toBeUndefined();
    first.time = seconds() + 299;
    await witnesses.accept(size, `${stranger.line(text)}${first.line(text)}`);
    expect((await witnesses.cosigned())?.cosignatures.map(({ witness }) => witness)).toEqual([first.key]);
  });

  it('what comes out of turn does not stand in the place of what is newer', async () => {
    const { witnesses } = station.custody.journal;
    const { note, size } = await station.custody.journal.head();
    const older = first.line(readNote(note).text);
    station.time.pass(minute);
    await alice.authorize('w-1');
    const later = await carry();
    const [stands] = await witnesses.accept(size, older);
    expect(stands).toMatchObject({ size: later });
    expect((await witnesses.cosigned())?.cosignatures[0]?.size).toBe(later);
  });
});

describe('Large withdrawals', () => {
  const sign = (id: string) => station.sign([id]);

  it('S4: are not signed unless a witness cosigned the journal lately', async () => {
    await alice.authorize('w-1');
    await expect(sign('w-1')).rejects.toMatchObject(reason('checkpoint-not-cosigned'));
    await carry();
    expect((await sign('w-1')).state).toBe('PERMITTED');
  });

  it('S4: a cosignature that is too old counts no more, and another one does', async () => {
    await carry();
    station.time.pass(day + 1_000);
    await alice.authorize('w-1');
    await expect(sign('w-1')).rejects.toMatchObject(reason('checkpoint-not-cosigned'));
    await carry();
    expect((await sign('w-1')).state).toBe('PERMITTED');
  });

  it('S4: one that was made long ago is not fresh because it comes now', async () => {
    const { note, size } = await station.custody.journal.head();
    const line = first.line(readNote(note).text);
    station.time.pass(25 * hour);
    await station.custody.journal.witnesses.accept(size, line);
    await alice.authorize('w-1');
    await expect(sign('w-1')).rejects.toMatchObject(reason('checkpoint-not-cosigned'));
  });

  it('what was permitted goes to its device, though the cosignature is old by then', async () => {
    await carry();
    await alice.authorize('w-1');
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    const { id } = await sign('w-1');
    await station.settle();
    station.time.pass(25 * hour);
    station.signer.readiness = { ready: true, device: 'fake' };
    station.wake();
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('SIGNED');
  });
});

describe('Two witnesses', () => {
  it('S4: where policy asks for two, one is not enough', async () => {
    await station.close();
    await opened(2);
    await alice.authorize('w-1');
    await carry(first);
    await expect(station.sign(['w-1'])).rejects.toMatchObject(reason('checkpoint-not-cosigned'));
    await carry(second);
    expect((await station.sign(['w-1'])).state).toBe('PERMITTED');
  });
});
