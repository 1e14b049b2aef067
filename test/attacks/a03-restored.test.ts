import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../src/custody/audit/audit.ts';
import {
  type Assertion,
  parseStationName,
  type Sealed,
  type WalletId,
  type WithdrawalId,
  walletStatementBytes,
} from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { deriveKeys } from '../../src/store/key.ts';
import { Rows } from '../../src/store/rows.ts';
import { type Customer, TestStation, walletId } from '../custody/station.ts';
import { refused } from './attempt.ts';

// A3: what was approved before a backup was made, or after it, is replayed at the station that was restored from it. I4: nothing is paid
// twice, whatever happened between the backup and the loss.

const quorum = ['olivia', 'omar'];
let station: TestStation;
let alice: Customer;
beforeEach(async () => {
  station = await TestStation.open({ operators: { delays: { thaw: '1h' } } });
  alice = await station.ripeCustomer('alice');
});
afterEach(() => station.close());

const audited = (): unknown[] => {
  const findings: unknown[] = [];
  audit({ file: station.file, stateKey: station.stateKey, logKey: station.verifierKey }, (finding) =>
    findings.push(finding),
  );
  return findings;
};
const state = (id: string): string => station.custody.withdrawals.get(id as WithdrawalId).state;
const statement = (nextNonce: number, of: { wallet?: string; station?: string } = {}): Uint8Array =>
  walletStatementBytes({
    station: parseStationName(of.station ?? `${station.stationId}/${station.generation}`, 'station'),
    wallet: (of.wallet ?? walletId) as WalletId,
    nextNonce,
    spent: [],
  });
const stated = (nextNonce: number) =>
  station.operators.act(quorum, 'restored', `wallet:${walletId}`, statement(nextNonce));
async function thawed(): Promise<void> {
  await station.operators.act(quorum, 'thaw', 'station');
  await station.deliver();
  station.time.pass(3_600_000);
  await station.running.timekeeper.tick();
  await station.settle();
}
/** An intent and what approved it, to be used whenever. */
async function hoard(id: string): Promise<{ intent: Sealed; attestation: Assertion }> {
  const { intent } = await alice.prepare(id);
  return { intent, attestation: alice.attest(intent.digest) };
}
const used = ({ intent, attestation }: Awaited<ReturnType<typeof hoard>>) =>
  station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [attestation] });

describe('A3: after a restore', () => {
  it('the station is its next generation, frozen, its journal whole under a name of its own', async () => {
    const backup = station.backup();
    const { size } = station.store;
    const restored = await station.restore(backup);
    expect(restored).toMatchObject({
      station: { name: `${station.stationId}/2`, origin: `portcullis/simulated/${station.stationId}/2` },
      former: `${station.stationId}/1`,
      size,
      withdrawalsEnded: 0,
      actsEnded: 0,
      wallets: [walletId],
    });
    expect(station.custody.operators.station()).toMatchObject({
      station: `${station.stationId}/2`,
      freezes: [{ scope: 'station', who: 'station', why: `restored: generation 2, from a backup of ${size} entries` }],
      wallets: [{ readiness: { ready: false, reason: 'wallet-unstated' } }],
    });
    expect(audited()).toEqual([]);
    const { note } = await station.custody.journal.head();
    expect(note.split('\n')[0]).toBe(`portcullis/simulated/${station.stationId}/2`);
  });

  it('evidence of the former generation authorizes nothing: used before the backup, after it, or never', async () => {
    const [before, after, never] = [await hoard('w-1'), await hoard('w-2'), await hoard('w-3')];
    await used(before);
    const backup = station.backup();
    await used(after);
    await station.restore(backup);
    await stated(1);
    await thawed();
    for (const one of [after, never]) await refused(station, () => used(one), 'station-mismatch', 'withdrawal');
    // The same intent of the same withdrawal, which the restore ended: asked again it is told, and nothing more.
    expect((await used(before)).state).toBe('CANCELLED');
    await refused(station, () => station.sign(['w-1']), 'withdrawal-not-payable', 'transaction');
    expect(station.signer.seen).toEqual([]);
    expect(audited()).toEqual([]);
  });

  it('I4: authorized in the backup and paid since, a withdrawal is not paid again', async () => {
    await alice.authorize('w-1');
    const backup = station.backup();
    await station.sign(['w-1']);
    await station.settle();
    expect(state('w-1')).toBe('SIGNED');
    const restored = await station.restore(backup);
    expect(restored.withdrawalsEnded).toBe(1);
    expect(state('w-1')).toBe('CANCELLED');
    await stated(1);
    await thawed();
    await refused(
      station,
      () => station.sign(['w-1'], station.payment({ nonce: 1 })),
      'withdrawal-not-payable',
      'transaction',
    );
    // Nor under its old name with another approval.
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'withdrawal-id-reused' });
    expect(station.signer.seen).toHaveLength(1);
  });

  it('A3: with its row put back to what the backup had, its evidence is the former generation’s all the same', async () => {
    await alice.authorize('w-1');
    const row = station.store.read('withdrawals', 'w-1');
    await station.restore(station.backup());
    await stated(0);
    await thawed();
    // As the station itself would write it: no forgery.
    await station.store.decide({}, () => ({
      result: undefined,
      writes: row === undefined ? [] : [{ table: 'withdrawals', record: row }],
    }));
    await refused(station, () => station.sign(['w-1']), 'station-mismatch', 'transaction');
  });

  it('I4: what was permitted in the backup keeps its anchor: only the same bytes go to the device, or a version on it', async () => {
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'a test' };
    await alice.authorize('w-1');
    const { id } = await station.sign(['w-1']);
    await station.settle();
    const backup = station.backup();
    await station.restore(backup);
    expect(state('w-1')).toBe('COMMITTED');
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    expect(station.signer.seen).toEqual([]);
    await thawed();
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'wallet-unstated' });
    await refused(
      station,
      () => station.sign(['w-1'], station.payment({ nonce: 5 })),
      'wallet-unstated',
      'transaction',
    );
    // It was signed after the backup, and confirmed: nonce 0 is used.
    await stated(1);
    await station.settle();
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'SIGNED' });
    await refused(station, () => station.sign(['w-1'], station.payment({ nonce: 1 })), 'anchor-taken', 'transaction');
    expect(audited()).toEqual([]);
  });

  it('a wallet signs nothing before a quorum has stated its next nonce, and then nothing below it', async () => {
    const backup = station.backup();
    await station.restore(backup);
    await thawed();
    await alice.authorize('w-1');
    await refused(station, () => station.sign(['w-1']), 'wallet-unstated', 'transaction');
    await station.operators.sign('olivia', 'restored', `wallet:${walletId}`, statement(3));
    await refused(station, () => station.sign(['w-1']), 'wallet-unstated', 'transaction');
    const done = await stated(3);
    expect(done.act).toMatchObject({ state: 'DONE', verb: 'restored' });
    await refused(station, () => station.sign(['w-1'], station.payment({ nonce: 2 })), 'nonce-used', 'transaction');
    await station.sign(['w-1'], station.payment({ nonce: 3 }));
    await station.settle();
    expect(state('w-1')).toBe('SIGNED');
    expect(station.custody.operators.station().wallets[0]).toMatchObject({ nextNonce: 4, readiness: { ready: true } });
    expect(audited()).toEqual([]);
    // What the station now says of the payment is provable by its new key.
    const receipt = await station.custody.journal.receipt('w-1' as WithdrawalId);
    expect(verifyReceipt(receipt, station.verifierKey).find((fact) => fact.what === 'approved')).toBeDefined();
  });

  it('S4: a statement that was lowered afterwards, by who has the state key, is found', async () => {
    await station.restore(station.backup());
    await stated(3);
    await station.stop();
    const db = new Database(station.file);
    const rows = new Rows(db, deriveKeys(station.stateKey).row);
    for (const row of [...rows.scan('wallets')])
      if ('record' in row) rows.put('wallets', { ...row.record, leastNonce: 2 }, row.leaf);
    db.close();
    expect(audited()).toEqual([expect.objectContaining({ tag: 'row-contradicts', where: `wallets ${walletId}` })]);
    station.start();
  });

  it('S5: a statement is of this station, this generation and this wallet, and takes a quorum', async () => {
    const ask = (payload: Uint8Array, subject = `wallet:${walletId}`) =>
      station.operators.prepare('restored', subject, payload);
    await expect(ask(statement(3))).rejects.toMatchObject({ reason: 'act-settled' });
    const early = statement(3);
    await station.restore(station.backup());
    await expect(ask(early)).rejects.toMatchObject({ reason: 'station-mismatch' });
    await expect(ask(statement(3, { wallet: 'hot-2' }))).rejects.toThrow(/is about hot-2/);
    await expect(ask(statement(3, { wallet: 'hot-2' }), 'wallet:hot-2')).rejects.toMatchObject({
      reason: 'wallet-unknown',
    });
    // Of the same length as `wallet:`.
    await expect(ask(statement(3), `policy:${walletId}`)).rejects.toMatchObject({ reason: 'malformed' });
    const spent = walletStatementBytes({
      station: parseStationName(`${station.stationId}/2`, 'station'),
      wallet: walletId,
      nextNonce: undefined,
      spent: [`${'ab'.repeat(32)}:0`],
    });
    await expect(ask(spent)).rejects.toThrow(/states no next_nonce/);
    expect(await ask(statement(3))).toMatchObject({ signatures: 2, delay: undefined });
    expect((await ask(statement(3))).description).toMatch(/next nonce of wallet hot-1 is 3/);
    // A second restore asks for it again.
    await stated(3);
    await station.restore(station.backup());
    await expect(ask(statement(3, { station: `${station.stationId}/2` }))).rejects.toMatchObject({
      reason: 'station-mismatch',
    });
    expect(station.custody.operators.station().wallets[0]).toMatchObject({ readiness: { reason: 'wallet-unstated' } });
    expect(audited()).toEqual([]);
  });

  it('S5: what operators signed before it takes no effect, nor does it count with what they sign after', async () => {
    await station.operators.sign('olivia', 'freeze', 'wallet:hot-1', 'a drill');
    await station.operators.sign('olivia', 'epoch', 'factors');
    const { intent } = await station.operators.prepare('epoch', 'factors');
    const late = station.operators.named('omar').sign(intent);
    const restored = await station.restore(station.backup());
    expect(restored.actsEnded).toBe(1);
    const submit = station.custody.acts.submit({ intent: intent.bytes, attestation: late, payload: new Uint8Array() });
    await expect(submit).rejects.toMatchObject({ reason: 'station-mismatch' });
    expect((await station.operators.sign('omar', 'epoch', 'factors')).act).toMatchObject({
      state: 'OPEN',
      operators: ['omar'],
    });
    expect(audited()).toEqual([]);
  });

  it('S4: the former generation, put back over it, is found: it knows nothing of the log that was published since', async () => {
    const kept = `${station.folder}/elsewhere`;
    station.kept = [kept];
    await alice.authorize('w-1');
    const backup = station.backup();
    await alice.authorize('w-2');
    await station.publish();
    const { size } = station.store;
    expect((await station.restore(backup)).publishedSize).toBe(size);
    expect(station.store.behind).toBeUndefined();
    await station.publish();
    const second = station.backup();
    await station.restart();
    expect(station.store.behind).toBeUndefined();
    // Another restore of the same backup is a generation of its own, and not this one.
    await station.restore(second);
    expect(station.store.look({}).station.name).toBe(`${station.stationId}/3`);
    expect(station.store.behind).toBeUndefined();
    await station.publish();
    station.generation = 1;
    await station.restore(backup);
    expect(station.store.behind?.message).toMatch(/is not this log’s/);
  });
});
