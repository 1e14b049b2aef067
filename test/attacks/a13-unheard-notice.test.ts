import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { day, parseNoticeId } from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { leaves, refused } from './attempt.ts';
import { deviceOf, prepareFactor } from './people.ts';

// Contacts live in a directory that the withdrawal service cannot write; telling the old contact of a change is its business.
describe('A13: a notice that never arrives', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    await alice.list('entry-2', mallorysAddress);
  });
  afterEach(() => station.close());

  const pay = () => alice.authorize('w-1', { destination: mallorysAddress });
  const notice = () => {
    const [found] = station.custody.notices.waiting(-1, 10).filter((n) => n.subject === 'entry-2');
    if (found === undefined) throw new Error('there is no such notice');
    return found;
  };

  it('A13: nothing ripens until the courier has it accepted, and from then on', async () => {
    station.time.pass(10 * day);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    const size = station.custody.journal.size();
    await station.custody.notices.acknowledge(notice().id);
    expect(leaves(station, size).map((leaf) => leaf.kind)).toEqual(['destination-ripening']);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    station.time.pass(day);
    expect((await pay()).state).toBe('AUTHORIZED');
  });

  it('A13: the outbox keeps it through a restart', async () => {
    const before = notice();
    await station.restart();
    expect(notice()).toEqual(before);
  });

  it('A13: acknowledging it twice does not start it twice', async () => {
    const { id } = notice();
    await station.custody.notices.acknowledge(id);
    station.time.pass(day / 2);
    const size = station.custody.journal.size();
    await station.custody.notices.acknowledge(id);
    expect(station.custody.journal.size()).toBe(size);
    station.time.pass(day / 2);
    expect((await pay()).state).toBe('AUTHORIZED');
  });

  it('A13: an acknowledgement of another notice starts nothing', async () => {
    for (const other of station.custody.notices.waiting(-1, 10)) {
      if (other.subject !== 'entry-2') await station.custody.notices.acknowledge(other.id);
    }
    await refused(
      station,
      () => station.custody.notices.acknowledge(parseNoticeId('0'.repeat(32), 'id')),
      'not-found',
      'none',
    );
    station.time.pass(day);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('A13: an objection cancels what ripens and freezes the account at once; the courier cannot undo it', async () => {
    const { id, token } = notice();
    const { cancelled } = await station.custody.notices.report(token);
    expect(cancelled).toEqual(['destination entry-2']);
    await station.custody.notices.acknowledge(id);
    station.passDay();
    await refused(station, pay, 'frozen', 'withdrawal');
    await station.custody.operators.thaw('account:alice', 'ops-1', 'alice called');
    await refused(station, pay, 'destination-unlisted', 'withdrawal');
    // What was ripe before stays.
    expect((await alice.authorize('w-2')).state).toBe('AUTHORIZED');
  });

  it('A13: a notice that is delivered after the objection wakes nothing: what was cancelled or removed stays so', async () => {
    const thief = deviceOf('thief');
    const { intent, registration, credential } = await prepareFactor(station, alice.account, thief, alice.credential);
    const attestation = alice.attest(intent.digest);
    await station.custody.factors.add({
      intent: intent.bytes,
      registration,
      approval: { kind: 'attestations', attestations: [attestation] },
    });
    await station.custody.notices.report(notice().token);
    const size = station.custody.journal.size();
    await station.deliver();
    expect(leaves(station, size)).toEqual([]);
    const { factors, destinations } = station.custody;
    expect(factors.list(alice.account).map((f) => [f.record.id, f.state])).toEqual([
      [alice.credential, 'ripe'],
      [credential, 'cancelled'],
    ]);
    expect(destinations.list(alice.account).map((d) => [d.record.entry, d.state])).toEqual([
      ['entry-alice', 'ripe'],
      ['entry-2', 'cancelled'],
    ]);
  });

  it('S13: a link that is pressed again and again stops the account once, and tells of it once', async () => {
    const { token } = notice();
    await station.custody.notices.report(token);
    const size = station.custody.journal.size();
    for (let i = 0; i < 5; i++) await station.custody.notices.report(token);
    expect(leaves(station, size)).toEqual([]);
    expect(station.custody.operators.station().freezes).toHaveLength(1);
  });

  it('A13: a token that was guessed does nothing', async () => {
    for (const token of ['', 'A'.repeat(43), "' OR 1=1 --"]) {
      await refused(station, () => station.custody.notices.report(token), 'not-found', 'none');
    }
  });
});
