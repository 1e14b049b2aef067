import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hour, type WallMs, type WithdrawalId } from '../../src/domain/index.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import { TestStation } from './station.ts';

describe('once a second', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open();
  });
  afterEach(() => station.close());

  const written = (): number => station.store.read('clock', 'clock')?.w ?? -1;
  const tick = async (count = 1): Promise<void> => {
    for (let i = 0; i < count; i++) {
      station.time.pass(1_000);
      await station.running.timekeeper.tick();
    }
  };
  const kinds = (): string[] =>
    station.custody.journal.entries(0, station.store.size).map(({ leaf }) => parseLeaf(leaf).kind);

  it('I6: time is written with the first tick after a start, then every half minute', async () => {
    await tick();
    expect(written()).toBe(1_000);
    await tick(29);
    expect(written()).toBe(1_000);
    await tick();
    expect(written()).toBe(31_000);
    expect(station.custody.operators.station().w).toBe(31_000);
  });

  it('a withdrawal that nobody paid in time ends, and can’t be paid after', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    station.time.pass(24 * hour);
    await tick(60);
    expect(station.custody.withdrawals.get('w-1' as WithdrawalId).state).toBe('EXPIRED');
    expect(kinds().at(-1)).toBe('withdrawal-ended');
    await expect(station.sign(['w-1'])).rejects.toMatchObject({ reason: 'withdrawal-not-payable' });
  });

  it('F5: a wall clock that was set forward ends nothing, unless people say that it is right', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    await tick();
    station.time.wall = (station.time.wall + 25 * hour) as WallMs;
    await tick(60);
    expect(station.custody.operators.station().clockSuspect).toBe(true);
    const state = () => station.custody.withdrawals.get('w-1' as WithdrawalId).state;
    expect(state()).toBe('AUTHORIZED');
    await expect(station.sign(['w-1'])).rejects.toMatchObject({ reason: 'clock-suspect' });
    await station.custody.operators.acknowledgeClock('olivia', 'it is right');
    await tick(60);
    expect(state()).toBe('EXPIRED');
  });

  it('I5, S13: refusals beyond their rate are told together, and a disk that was full loses none of them', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    for (let i = 0; i < 65; i++) {
      await expect(station.sign(['w-1'], station.payment({ value: 1n }))).rejects.toMatchObject({
        reason: 'amount-mismatch',
      });
    }
    expect(kinds().filter((kind) => kind === 'refused')).toHaveLength(60);
    const exec = station.db.exec.bind(station.db);
    station.db.exec = (sql) => {
      if (sql === 'COMMIT') throw new Database.SqliteError('injected', 'SQLITE_FULL');
      exec(sql);
      return station.db;
    };
    await expect(station.running.timekeeper.sweep()).rejects.toMatchObject({ reason: 'storage-failed' });
    station.db.exec = exec;
    await station.running.timekeeper.sweep();
    const leaf = station.store.log.leaf(station.store.size - 1);
    expect(parseLeaf(leaf ?? new Uint8Array())).toMatchObject({
      kind: 'refusals-aggregated',
      fields: { counts: 'amount-mismatch=5' },
    });
  });

  it('I5: refusals that were only counted are told before the process ends, and a disk that is full does not keep it from ending', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    const refuse = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await station.sign(['w-1'], station.payment({ value: 1n })).catch(() => {});
    };
    await refuse(62);
    await station.restart();
    const leaf = station.store.log.leaf(station.store.size - 1);
    expect(parseLeaf(leaf ?? new Uint8Array())).toMatchObject({
      kind: 'refusals-aggregated',
      fields: { counts: 'amount-mismatch=2' },
    });
    const { size } = station.store;
    await station.restart();
    expect(station.store.size, 'nothing to tell').toBe(size);
    await refuse(61);
    const exec = station.db.exec.bind(station.db);
    station.db.exec = (sql) => {
      if (sql === 'COMMIT') throw new Database.SqliteError('injected', 'SQLITE_FULL');
      exec(sql);
      return station.db;
    };
    await station.restart();
    expect(station.events).toContain('refusals-not-told');
  });

  it('a passkey’s counter never goes back, in whatever order its assertions come', async () => {
    const alice = await station.ripeCustomer('alice');
    const { intent } = await alice.prepare('w-1');
    const earlier = alice.attest(intent.digest);
    const later = alice.attest(intent.digest);
    await station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [later, earlier] });
    const counter = new DataView(later.authenticatorData.buffer, later.authenticatorData.byteOffset).getUint32(33);
    expect(station.store.read('factors', alice.credential)?.signCount).toBe(counter);
  });
});
