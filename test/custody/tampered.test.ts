import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WithdrawalId } from '../../src/domain/index.ts';
import { type Customer, TestStation } from './station.ts';

const reason = (name: string) => ({ reason: name });

describe('D4: another hand writes into the database', () => {
  let station: TestStation;
  let alice: Customer;
  let bob: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    bob = await station.ripeCustomer('bob');
  });
  afterEach(() => station.close());

  const frozen = (): string[] => station.custody.operators.station().freezes.map((f) => `${f.scope} ${f.why}`);

  it.each([
    ['a destination that it calls ripe', 'UPDATE destinations SET w0 = 0'],
    ['a destination that pays elsewhere', `UPDATE destinations SET account = 'mallory'`],
    ['a factor of its own', `UPDATE factors SET cose_key = x'a0'`],
    ['an older factor epoch', 'UPDATE factors SET epoch = 0'],
    ['a freeze that it lifts', `INSERT INTO freezes VALUES ('station', 0, 'm', 'm', 0, 0, zeroblob(32))`],
  ])(
    '%s: what reads it is refused, the station is frozen from that instant, and the journal tells it',
    async (_what, sql) => {
      const { intent } = await alice.prepare('w-1');
      const request = { intent: intent.bytes, attestations: [alice.attest(intent.digest)] };
      station.db.exec(sql);
      await expect(station.custody.withdrawals.authorize(request)).rejects.toMatchObject(reason('fact-tampered'));
      expect(station.store.read('withdrawals', 'w-1')).toBeUndefined();
      // At once in memory; on disk with the next commit.
      expect(frozen()).toEqual([expect.stringMatching(/^station /)]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(frozen()).toEqual([expect.stringMatching(/^station fact-tampered/)]);
      expect(station.store.read('freezes', 'station')?.active).toBe(true);
      expect(station.events).toContain('fact-tampered');
    },
  );

  it('a withdrawal whose amount was changed is not paid, nor is anyone else’s until people have looked', async () => {
    await alice.authorize('w-1');
    await bob.authorize('w-2');
    station.db.exec(`UPDATE withdrawals SET amount = '9' WHERE id = 'w-1'`);
    await expect(station.sign(['w-1'])).rejects.toMatchObject(reason('fact-tampered'));
    await expect(station.sign(['w-2'])).rejects.toMatchObject(reason('frozen'));
    await expect(bob.authorize('w-3')).rejects.toMatchObject(reason('frozen'));
    expect(() => station.custody.withdrawals.get('w-1' as WithdrawalId)).toThrow(
      expect.objectContaining(reason('fact-tampered')),
    );
    expect(station.signer.seen).toEqual([]);
  });

  it('a transaction that was changed while it waited never reaches the device, and the freeze outlives a restart', async () => {
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    station.db.exec(`UPDATE transactions SET unsigned = x'02c0'`);
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    expect(station.signer.seen).toEqual([]);
    await station.restart();
    await station.settle();
    expect(frozen()).toEqual([expect.stringMatching(/^station fact-tampered/)]);
    expect(station.signer.seen).toEqual([]);
    await expect(bob.authorize('w-2')).rejects.toMatchObject(reason('frozen'));
  });

  it('a freeze that the disk had no room for holds in memory, and is recorded once there is room', async () => {
    await alice.authorize('w-1');
    station.db.exec(`UPDATE withdrawals SET amount = '9' WHERE id = 'w-1'`);
    const exec = station.db.exec.bind(station.db);
    station.db.exec = (sql) => {
      if (sql === 'COMMIT') throw new Database.SqliteError('injected', 'SQLITE_FULL');
      exec(sql);
      return station.db;
    };
    const read = () => station.custody.withdrawals.get('w-1' as WithdrawalId);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    expect(read).toThrow(expect.objectContaining(reason('fact-tampered')));
    await turn();
    expect(frozen()).toEqual([expect.stringMatching(/^station row w-1/)]);
    station.db.exec = exec;
    await expect(bob.authorize('w-2')).rejects.toMatchObject(reason('frozen'));
    expect(read).toThrow(expect.objectContaining(reason('fact-tampered')));
    await turn();
    expect(frozen()).toEqual([expect.stringMatching(/^station fact-tampered/)]);
  });

  it('a later W: the clock’s row is forged, so nothing is decided and nothing ripens', async () => {
    await alice.list('entry-2', station.policy.wallets.values().next().value?.address);
    station.db.exec('UPDATE clock SET w = w + 864000000');
    await expect(alice.prepare('w-1')).rejects.toMatchObject(reason('fact-tampered'));
    await expect(station.sign(['w-1'])).rejects.toMatchObject(reason('fact-tampered'));
  });
});
