import { createPublicKey } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { incidentPage } from '../../src/cli/incident-page.ts';
import { reportIncident } from '../../src/custody/incident/incident.ts';
import {
  hour,
  minute,
  parseInstant,
  parseStationName,
  type WallMs,
  type WithdrawalId,
  walletStatementBytes,
} from '../../src/domain/index.ts';
import { signCheckpoint } from '../../src/journal/checkpoint.ts';
import { formatVerifierKey, noteSigner, noteVerifier } from '../../src/journal/note.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { audited, findings, tamper } from './audit-station.ts';
import { type Customer, TestStation, walletId } from './station.ts';

// What can be proven of a station that was restored: its journal is one log up to the backup, and another one from there on.

const quorum = ['olivia', 'omar'];

describe('a restored station’s proofs', () => {
  let station: TestStation;
  let alice: Customer;
  let begin: WallMs;
  let formerKey: string;
  let size: number;
  /** By withdrawal, as the former station made them. */
  const former = new Map<string, Uint8Array>();
  /** Checkpoints of the former log that somebody kept: of what the backup has, and of more. */
  let kept: { readonly within: Uint8Array; readonly beyond: Uint8Array };

  beforeEach(async () => {
    station = await TestStation.open({ operators: { delays: { thaw: '1h' } }, automatic: true });
    station.kept = [`${station.folder}/kept`];
    alice = await station.ripeCustomer('alice');
    begin = station.time.wall;
    formerKey = station.verifierKey;
    await pay('w-1', 0);
    const within = await checkpoint();
    const backup = station.backup();
    ({ size } = station.store);
    station.time.pass(minute);
    await pay('w-2', 1);
    await station.publish();
    kept = { within, beyond: await checkpoint() };
    station.time.pass(minute);
    for (const id of ['w-1', 'w-2']) former.set(id, await receipt(id));
    await station.restore(backup);
    const name = parseStationName(`${station.stationId}/2`, 'station');
    const statement = walletStatementBytes({ station: name, wallet: walletId, nextNonce: 2, spent: [] });
    await station.operators.act(quorum, 'restored', `wallet:${walletId}`, statement);
    await station.operators.act(quorum, 'thaw', 'station');
    await station.deliver();
    station.time.pass(hour);
    await station.running.timekeeper.tick();
    await pay('w-3', 2);
  });
  afterEach(() => station.close());

  async function pay(id: string, nonce: number): Promise<void> {
    await alice.authorize(id);
    await station.sign([id], station.payment({ nonce }));
    await station.settle();
  }
  const checkpoint = async () => new TextEncoder().encode((await station.custody.journal.checkpoint(undefined)).note);
  const receipt = (id: string) => station.custody.journal.receipt(id as WithdrawalId);
  const told = (bytes: Uint8Array | undefined, key: string, what: string): string[] =>
    verifyReceipt(bytes ?? new Uint8Array(), key).flatMap((fact) => (fact.what === what ? [fact.sentence] : []));

  it('I5: a receipt of the former log goes on proving under that log’s key, also what the restored station has forgotten', () => {
    for (const id of ['w-1', 'w-2']) {
      const bytes = former.get(id);
      expect(told(bytes, formerKey, 'log')).toEqual([
        expect.stringMatching(new RegExp(`^The log portcullis/simulated/${station.stationId} had `)),
      ]);
      expect(told(bytes, formerKey, 'signed')).toHaveLength(1);
      expect(told(bytes, formerKey, 'restored')).toEqual([]);
      expect(() => verifyReceipt(bytes ?? new Uint8Array(), station.verifierKey)).toThrow();
    }
  });

  it('I5: a receipt of the restored log says that it was restored, from how much, and of what it tells nothing', async () => {
    for (const id of ['w-1', 'w-3']) {
      const bytes = await receipt(id);
      expect(told(bytes, station.verifierKey, 'restored')).toEqual([
        expect.stringMatching(
          new RegExp(
            `it was restored as ${station.stationId}/2 from a backup of ${station.stationId}/1, of ${size} entries; of what .* tells nothing, and it was published with [0-9]+\\.$`,
          ),
        ),
      ]);
      expect(told(bytes, station.verifierKey, 'signed')).toHaveLength(1);
      expect(() => verifyReceipt(bytes, formerKey)).toThrow();
    }
    await expect(receipt('w-2')).rejects.toMatchObject({ reason: 'not-found' });
  });

  it('S4: goes on from what was kept of the former log, as far as the backup; beyond, verify names what is lost', async () => {
    const held = (note: Uint8Array, logKey: string) => {
      const { result, findings: found } = audited(station.file, { logKey, checkpoint: note });
      return [result.consistentWith, ...found.map(({ tag, message }) => `${tag}: ${message}`)];
    };
    const [, entries] = new TextDecoder().decode(kept.within).split('\n');
    expect(held(kept.within, formerKey)).toEqual([Number(entries)]);
    expect(held(kept.beyond, formerKey)).toEqual([
      undefined,
      expect.stringMatching(
        new RegExp(`^station-behind: it was restored from a backup of ${size} entries, and its log had [0-9]+: what`),
      ),
    ]);
    expect(held(await checkpoint(), station.verifierKey)).toEqual([station.store.size]);
    // A signature under today's name over what was there before it had that name.
    const [key] = station.journalKeys;
    if (key === undefined) throw new Error('no key of the journal');
    const { origin } = station;
    const early = signCheckpoint(
      { origin, size: 3, root: new Uint8Array(32), extensions: [] },
      noteSigner(origin, key),
    );
    expect(held(new TextEncoder().encode(early), station.verifierKey)).toEqual([
      undefined,
      `journal-forked: under the name ${origin} the log never was of 3 entries`,
    ]);
    const other = 'portcullis/simulated/another';
    const foreign = signCheckpoint(
      { origin: other, size: 3, root: new Uint8Array(32), extensions: [] },
      noteSigner(other, key),
    );
    const otherKey = formatVerifierKey(noteVerifier(other, createPublicKey(key)));
    expect(held(new TextEncoder().encode(foreign), otherKey)).toContain(
      `checkpoint-invalid: it is of the log ${other}, this one is ${origin}`,
    );
  });

  it('S4: verify finds nothing in it; and names an entry of a generation that no restore told of', () => {
    const under = { stateKey: station.stateKey, logKey: station.verifierKey };
    expect(findings(station.file, under)).toEqual([]);
    const copy = `${station.folder}/copy.db`;
    const found = (index: string, from: string, to: string): string[] => {
      station.db.exec(`VACUUM INTO '${copy}'`);
      const told = `replace(CAST(bytes AS TEXT), '${from}', '${to}')`;
      tamper(copy, `UPDATE leaves SET bytes = CAST(${told} AS BLOB) WHERE "index" ${index}`);
      const foreign = findings(copy, under).filter((one) => one.startsWith('leaf-foreign'));
      rmSync(copy);
      return foreign;
    };
    const { stationId: id } = station;
    // A restore that is not told of: of the last generation, or of one that never was.
    expect(found(`= ${size}`, '"station-restored"', '"epoch-raised"')).toContain(`leaf-foreign leaf ${size}`);
    expect(found(`= ${size}`, `"restored":"${id}/2"`, `"restored":"${id}/3"`)).toContain(`leaf-foreign leaf ${size}`);
    expect(found(`> ${size + 1}`, `${id}/2`, `${id}/3`)).toContain(`leaf-foreign leaf ${size + 2}`);
    // After it, one of before.
    expect(found(`= ${size + 2}`, `"station":"${id}/2"`, `"station":"${id}/1"`)).toContain(
      `leaf-foreign leaf ${size + 2}`,
    );
  });

  it('an incident report tells of the restore and of the statement, and of the payments that the journal knows', () => {
    const of = {
      file: station.file,
      since: begin,
      until: (station.time.wall + 1_000) as WallMs,
      accounts: [],
      destinations: [],
      assets: [],
      disputed: undefined,
      stateKey: station.stateKey,
      logKey: undefined,
      checkpoint: undefined,
    };
    const report = reportIncident(of);
    expect(report.payments.map(({ withdrawal }) => withdrawal)).toEqual(['w-1', 'w-3']);
    // Of w-2 nothing is told, and that is said.
    expect(report.agreement.holds).toBe(true);
    const [forgotten, ...more] = report.read.forgotten;
    expect(more).toEqual([]);
    expect(forgotten).toMatchObject({ from: { leaf: size - 1 }, to: { leaf: size }, size });
    expect(forgotten?.published_size).toBeGreaterThan(size);
    expect(incidentPage(report)).toContain('A part of this span is not covered: the station was restored.');
    const events = report.events.filter(({ kind }) => kind === 'station-restored' || kind === 'wallet-stated');
    expect(events).toMatchObject([
      { kind: 'station-restored', sentence: expect.stringContaining(`as ${station.stationId}/2`) },
      { kind: 'wallet-stated', sentence: expect.stringContaining('every nonce below 2') },
    ]);
    // Of a span before the restore it says so, too; of one before the backup, or after the restore, there is nothing to say.
    const [from, to] = [forgotten?.from?.time, forgotten?.to.time].map((time) => parseInstant(time ?? '', 'time'));
    const forgets = (since: number, until: number) =>
      reportIncident({ ...of, since: since as WallMs, until: until as WallMs }).read.forgotten.length;
    expect(from !== undefined && to !== undefined && from < to).toBe(true);
    expect(forgets(from ?? 0, (to ?? 0) - 1)).toBe(1);
    expect(forgets(begin - 1_000, from ?? 0)).toBe(0);
    expect(forgets((to ?? 0) + 1_000, (to ?? 0) + 2_000)).toBe(0);
  });
});
