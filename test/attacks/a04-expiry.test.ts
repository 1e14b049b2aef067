import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Attestation, minute, type Sealed, second } from '../../src/domain/index.ts';
import { type Customer, TestStation } from '../custody/station.ts';
import { leaves, live, refused, setWall } from './attempt.ts';
import { withdrawalIntent } from './people.ts';

describe('A4: an attestation out of its time', () => {
  let station: TestStation;
  let alice: Customer;
  let intent: Sealed;
  let attestation: Attestation;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    await live(station, 10 * second);
    intent = (await alice.prepare('w-1')).intent;
    attestation = alice.attest(intent.digest);
  });
  afterEach(() => station.close());

  const authorize = () => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [attestation] });

  it('A4: it may be used until the last second of its five minutes', async () => {
    await live(station, 5 * minute - second);
    expect((await authorize()).state).toBe('AUTHORIZED');
  });

  it('A4: it is refused from the second on at which it expires, and after a restart', async () => {
    await live(station, 5 * minute);
    await refused(station, authorize, 'intent-expired', 'withdrawal');
    await station.restart();
    await refused(station, authorize, 'intent-expired', 'withdrawal');
  });

  it('A4: setting the clock back revives nothing: the station stops trusting it, and says so in the journal', async () => {
    await live(station, 6 * minute);
    const size = station.custody.journal.size();
    setWall(station, -6 * minute);
    station.time.pass(second);
    await expect(authorize()).rejects.toMatchObject({ reason: 'clock-suspect' });
    expect(leaves(station, size).map((leaf) => leaf.kind)).toEqual(['clock-suspect', 'refused']);
    await refused(station, authorize, 'clock-suspect', 'withdrawal');
    await station.restart();
    await refused(station, authorize, 'clock-suspect', 'withdrawal');
    // Once people have looked at the clock, whatever was prepared before is void.
    await station.custody.operators.acknowledgeClock('ops-1', 'the clock was set back');
    await refused(station, authorize, 'ticket-invalid', 'withdrawal');
  });

  it('A4: a clock that goes back by less than is suspicious revives nothing either', async () => {
    await live(station, 5 * minute);
    setWall(station, -1_500);
    expect(station.time.wall).toBeLessThan(intent.intent.expires);
    await refused(station, authorize, 'intent-expired', 'withdrawal');
  });

  it('A4: set back while the machine was off, and booted: the same', async () => {
    await live(station, 6 * minute);
    await station.stop();
    setWall(station, -6 * minute);
    station.time.bootId = '00000000-0000-4000-8000-000000000002';
    station.time.mono = 5_000;
    station.time.uptime = 5_000;
    station.start();
    await expect(authorize()).rejects.toMatchObject({ reason: 'clock-suspect' });
    await refused(station, authorize, 'clock-suspect', 'withdrawal');
  });

  it('A4: an intent that was prepared while the clock was ahead is not for later', async () => {
    setWall(station, 2 * second);
    const ahead = (await alice.prepare('w-2')).intent;
    setWall(station, -2 * second);
    const early = () =>
      station.custody.withdrawals.authorize({ intent: ahead.bytes, attestations: [alice.attest(ahead.digest)] });
    await refused(station, early, 'intent-from-future', 'withdrawal');
  });

  it('A4: a clock set an hour ahead for one Prepare, and back, leaves the station suspicious', async () => {
    setWall(station, 60 * minute);
    station.time.pass(second);
    const ahead = (await alice.prepare('w-2')).intent;
    setWall(station, -60 * minute);
    const later = () =>
      station.custody.withdrawals.authorize({ intent: ahead.bytes, attestations: [alice.attest(ahead.digest)] });
    await expect(later()).rejects.toMatchObject({ reason: 'clock-suspect' });
    await live(station, 61 * minute);
    await refused(station, later, 'clock-suspect', 'withdrawal');
    await station.custody.operators.acknowledgeClock('ops-1', 'the clock was moved');
    await refused(station, later, 'ticket-invalid', 'withdrawal');
  });

  it('A4: nobody gets an intent that lives longer than fifteen minutes', async () => {
    const prepare = (lifetime: number) => () => withdrawalIntent(alice, 'w-2', lifetime);
    await refused(station, prepare(15 * minute + 1), 'malformed', 'none');
    await refused(station, prepare(0), 'malformed', 'none');
    await refused(station, prepare(Number.NaN), 'malformed', 'none');
    expect((await prepare(15 * minute)()).intent.expires).toBe(intent.intent.issued + 15 * minute);
  });

  it('A4: a withdrawal that was authorized in time is first paid by its own time, or never', async () => {
    await authorize();
    station.time.pass(24 * 60 * minute);
    await refused(station, () => station.sign(['w-1']), 'pay-by-passed', 'transaction');
  });
});
