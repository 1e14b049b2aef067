import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { day, hour, minute, second } from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { leaves, live, refused, setWall } from './attempt.ts';

describe('D3: a clock that says that a day has passed', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    await alice.list('entry-2', mallorysAddress);
    await station.deliver();
    await live(station, 10 * second);
  });
  afterEach(() => station.close());

  const pay = () => alice.authorize('w-1', { destination: mallorysAddress });
  const w = (): number => station.custody.operators.station().w;
  const suspect = (): boolean => station.custody.operators.station().clockSuspect;

  function boot(number: number): void {
    station.time.bootId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
    station.time.mono = 20_000;
    station.time.uptime = 20_000;
  }

  function suspend(ms: number): void {
    setWall(station, ms);
    station.time.uptime += ms;
  }

  it('D3: set forward while the daemon runs, it ripens nothing and stops everything', async () => {
    const before = w();
    setWall(station, day);
    await live(station, second);
    expect(w() - before).toBeLessThanOrEqual(second);
    const size = station.custody.journal.size();
    await expect(pay()).rejects.toMatchObject({ reason: 'clock-suspect' });
    expect(leaves(station, size).map((leaf) => leaf.kind)).toEqual(['clock-suspect', 'refused']);
    // What is ripe may not be paid either, until people have looked.
    await refused(station, () => alice.authorize('w-2'), 'clock-suspect', 'withdrawal');
    await station.restart();
    await refused(station, () => alice.authorize('w-2'), 'clock-suspect', 'withdrawal');
  });

  it('D3: nor is what was authorized before signed under a suspect clock', async () => {
    await alice.authorize('w-2');
    setWall(station, day);
    await live(station, second);
    await expect(station.sign(['w-2'])).rejects.toMatchObject({ reason: 'clock-suspect' });
    await refused(station, () => station.sign(['w-2']), 'clock-suspect', 'transaction');
  });

  it('D3: nor does a device that comes back meanwhile get what was permitted', async () => {
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    await alice.authorize('w-2');
    const { id } = await station.sign(['w-2']);
    await station.settle();
    setWall(station, day);
    await live(station, second);
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    expect(station.signer.seen).toEqual([]);
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'clock-suspect' });
    setWall(station, -day);
    await station.custody.operators.acknowledgeClock('ops-1', 'set right again');
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('SIGNED');
  });

  it('D3: operators acknowledge: what was prepared is void, and it is still unripe', async () => {
    const { intent } = await alice.prepare('w-2');
    setWall(station, day);
    await live(station, second);
    const size = station.custody.journal.size();
    await station.custody.operators.acknowledgeClock('ops-1', 'the clock was set forward');
    expect(leaves(station, size).map((leaf) => leaf.kind)).toContain('clock-acknowledged');
    expect(suspect()).toBe(false);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    const old = () =>
      station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [alice.attest(intent.digest)] });
    await refused(station, old, 'ticket-invalid', 'withdrawal');
    // Prepared anew, what is ripe is paid again.
    expect((await alice.authorize('w-3')).state).toBe('AUTHORIZED');
  });

  it('D3: a suspended machine ripens nothing beyond the allowance', async () => {
    const before = w();
    suspend(day);
    await live(station, second);
    expect(w() - before).toBeLessThanOrEqual(10 * minute + second);
    expect(suspect()).toBe(false);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('D3: many naps are no more than one', async () => {
    const before = w();
    for (let i = 0; i < 100; i++) {
      suspend(hour);
      await live(station, second);
    }
    expect(w() - before).toBeLessThanOrEqual(10 * minute + 100 * second);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('D3: powered off, and booted with a clock a day ahead, it ripens nothing beyond the allowance', async () => {
    const before = w();
    await station.stop();
    setWall(station, day);
    boot(2);
    station.start();
    await live(station, second);
    expect(w() - before).toBeLessThanOrEqual(10 * minute + second);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('D3: many boots are no more than one', async () => {
    const before = w();
    for (let i = 0; i < 20; i++) {
      await station.stop();
      setWall(station, 2 * hour);
      boot(i + 2);
      station.start();
      await live(station, second);
    }
    expect(w() - before).toBeLessThanOrEqual(10 * minute + 20 * second);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('D3: booted with a clock that lies behind what it has shown, it stops everything', async () => {
    await live(station, minute);
    await station.stop();
    setWall(station, -minute);
    boot(2);
    station.start();
    await expect(alice.authorize('w-2')).rejects.toMatchObject({ reason: 'clock-suspect' });
    expect(suspect()).toBe(true);
  });

  it('D3: set forward and back between two looks of the daemon, nothing was won', async () => {
    const before = w();
    setWall(station, day);
    setWall(station, -day);
    await live(station, second);
    expect(w() - before).toBe(second);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('D3: a day that the daemon was not running, on a machine that was, counts: nobody can hurry that clock', async () => {
    await station.stop();
    station.time.pass(day);
    station.start();
    expect((await pay()).state).toBe('AUTHORIZED');
  });
});
