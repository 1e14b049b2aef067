import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { day, hour, parseEntryId, second } from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { live, refused } from './attempt.ts';
import { plain } from './bytes.ts';
import { destinationIntent, restartUnder } from './people.ts';

describe('D2: to be paid before it ripened', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.enrol('alice');
    station.passDay();
  });
  afterEach(() => station.close());

  const pay = () => alice.authorize('w-1', { destination: mallorysAddress });
  const remove = (entry: string) => station.custody.destinations.remove(parseEntryId(entry, 'entry'));

  it('D2: before its notice was delivered nothing has begun, however long it takes', async () => {
    await alice.list('entry-1', mallorysAddress);
    station.time.pass(30 * day);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('D2: it is refused until its delay has passed to the last second, with the earliest time', async () => {
    await alice.list('entry-1', mallorysAddress);
    await station.deliver();
    const start = station.time.wall;
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    station.time.pass(day - second);
    const refusal = await refused(station, pay, 'destination-unripe', 'withdrawal');
    expect(refusal.details['not_before']).toBe(new Date(start + day).toISOString().replace('.000', ''));
    await station.restart();
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    await live(station, second);
    expect((await pay()).state).toBe('AUTHORIZED');
  });

  it('D2: added, waited for, removed, added again: the new entry starts at zero', async () => {
    await alice.list('entry-1', mallorysAddress);
    await station.deliver();
    station.passDay();
    await remove('entry-1');
    await alice.list('entry-2', mallorysAddress);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    await station.deliver();
    station.time.pass(day - second);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('D2: an old notice, acknowledged again, gives the new entry no age', async () => {
    await alice.list('entry-1', mallorysAddress);
    const [notice] = station.custody.notices.waiting(-1, 10).filter((n) => n.subject === 'entry-1');
    await station.deliver();
    station.passDay();
    await remove('entry-1');
    await alice.list('entry-2', mallorysAddress);
    if (notice !== undefined) await station.custody.notices.acknowledge(notice.id);
    station.passDay();
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });

  it('D2: its label is not edited under the age: a listed address is not listed twice', async () => {
    await alice.list('entry-1', mallorysAddress, 'mine');
    await station.deliver();
    station.passDay();
    const relabel = (entry: string) => async () => {
      const intent = await destinationIntent(alice, entry, mallorysAddress, 'my other');
      return station.custody.destinations.add({
        intent: intent.bytes,
        attestations: [alice.attest(intent.digest)],
      });
    };
    await refused(station, relabel('entry-2'), 'destination-listed', 'destination');
    await refused(station, relabel('entry-1'), 'entry-id-reused', 'destination');
  });

  it('D2: an entry’s id does not come back with another address', async () => {
    await alice.list('entry-1');
    await station.deliver();
    station.passDay();
    await remove('entry-1');
    const again = async () => {
      const intent = await destinationIntent(alice, 'entry-1', mallorysAddress);
      return station.custody.destinations.add({ intent: intent.bytes, attestations: [alice.attest(intent.digest)] });
    };
    await refused(station, again, 'entry-id-reused', 'destination');
  });

  it('D2: a transaction does not pay it early either, when a longer delay has come into force', async () => {
    await alice.list('entry-1', mallorysAddress);
    await station.deliver();
    station.time.pass(day);
    await pay();
    await restartUnder(station, (document) => document.replace('destination: 24h', 'destination: 48h'));
    const to = plain(mallorysAddress);
    await refused(station, () => station.sign(['w-1'], station.payment({ to })), 'destination-unripe', 'transaction');
    station.time.pass(23 * hour);
    await refused(station, () => station.sign(['w-1'], station.payment({ to })), 'destination-unripe', 'transaction');
  });
});
