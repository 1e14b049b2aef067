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

  it('what the client and the log are told names the table, and neither account nor credential', async () => {
    station.db.exec(`UPDATE factors SET account = 'mallory' WHERE account = 'alice'`);
    station.db.exec(`UPDATE factors SET cose_key = x'a0'`);
    const error: unknown = await alice
      .prepare('w-1')
      .then(
        ({ intent }) =>
          station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [alice.attest(intent.digest)] }),
        (e: unknown) => e,
      )
      .catch((e: unknown) => e);
    expect(error).toMatchObject(reason('fact-tampered'));
    expect(error).toMatchObject({ message: expect.stringContaining('a row of factors') });
    expect(error).not.toMatchObject({ message: expect.stringContaining(alice.credential) });
    expect(station.details.find(([event]) => event === 'fact-tampered')).toEqual([
      'fact-tampered',
      { table: 'factors' },
    ]);
  });

  it('a journal that was rewritten is not signed, and the station stays frozen: a thaw can’t be recorded on it', async () => {
    station.db.exec('UPDATE nodes SET hash = zeroblob(32) WHERE level = 0');
    await bob.authorize('w-2');
    station.db.exec('UPDATE nodes SET hash = zeroblob(32)');
    await expect(station.custody.journal.checkpoint(undefined)).rejects.toThrow(
      expect.objectContaining(reason('fact-tampered')),
    );
    await expect(alice.authorize('w-1')).rejects.toMatchObject(reason('fact-tampered'));
    await expect(station.custody.operators.thaw('station', 'operator', 'why not')).rejects.toMatchObject(
      reason('fact-tampered'),
    );
    await station.restart();
    await expect(bob.authorize('w-3')).rejects.toMatchObject(reason('fact-tampered'));
    expect(frozen()).toEqual([expect.stringMatching(/^station /)]);
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

  it('a thaw of the station forgets the forgery that was seen; while the row is still there, the next reading freezes it again', async () => {
    await alice.authorize('w-1');
    station.db.exec(`UPDATE withdrawals SET amount = '9' WHERE id = 'w-1'`);
    const read = () => station.custody.withdrawals.get('w-1' as WithdrawalId);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const thaw = (scope: 'station' | 'wallet:hot-1') =>
      station.custody.operators.thaw(scope, 'operator', 'looked at it');
    expect(read).toThrow(expect.objectContaining(reason('fact-tampered')));
    await turn();
    // Another scope's thaw says nothing of the forgery.
    await station.custody.operators.freeze('wallet:hot-1', 'operator', 'a test');
    await thaw('wallet:hot-1');
    await expect(bob.authorize('w-2')).rejects.toMatchObject(reason('frozen'));

    await thaw('station');
    expect(frozen()).toEqual([]);
    await bob.authorize('w-3');
    expect(read).toThrow(expect.objectContaining(reason('fact-tampered')));
    await turn();
    expect(frozen()).toEqual([expect.stringMatching(/^station fact-tampered/)]);
    await expect(bob.authorize('w-4')).rejects.toMatchObject(reason('frozen'));

    // Mended, and thawed: no restart is needed before a device signs again.
    station.db.exec(`UPDATE withdrawals SET amount = '1000000000000000000' WHERE id = 'w-1'`);
    await thaw('station');
    const { id } = await station.sign(['w-1']);
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('SIGNED');
    await expect(thaw('station')).rejects.toMatchObject(reason('not-found'));
  });

  it('a forgery that is met while people thaw the station for another keeps it frozen', async () => {
    await alice.authorize('w-1');
    await bob.authorize('w-2');
    station.db.exec(`UPDATE withdrawals SET amount = '9'`);
    const read = (id: string) => () => station.custody.withdrawals.get(id as WithdrawalId);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    expect(read('w-1')).toThrow();
    await turn();
    // A first decision of the turn is committed alone; what follows it is one group.
    void station.store.decide({}, () => ({ result: undefined }));
    const thawed = station.custody.operators.thaw('station', 'operator', 'looked at w-1');
    const met = station.store.decide({ rows: [['withdrawals', 'w-2']] }, () => ({ result: undefined }));
    await expect(met).rejects.toThrow('row w-2');
    await thawed;
    expect(frozen()).toEqual([expect.stringMatching(/^station row w-2/)]);
    await turn();
    await turn();
    expect(frozen()).toEqual([expect.stringMatching(/^station fact-tampered/)]);
    expect(station.store.read('freezes', 'station')?.active).toBe(true);
  });

  it('a freeze that was never recorded is thawed too', async () => {
    await alice.authorize('w-1');
    station.db.exec(`UPDATE withdrawals SET amount = '9' WHERE id = 'w-1'`);
    const exec = station.db.exec.bind(station.db);
    station.db.exec = (sql) => {
      if (sql === 'COMMIT') throw new Database.SqliteError('injected', 'SQLITE_FULL');
      exec(sql);
      return station.db;
    };
    expect(() => station.custody.withdrawals.get('w-1' as WithdrawalId)).toThrow();
    await new Promise((resolve) => setImmediate(resolve));
    station.db.exec = exec;
    await station.custody.operators.thaw('station', 'operator', 'looked at it');
    expect(frozen()).toEqual([]);
    await bob.authorize('w-2');
  });
});
