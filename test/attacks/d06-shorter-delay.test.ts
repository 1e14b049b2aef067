import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { day, hour } from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { restartUnder } from './people.ts';

describe('D6: a delay made shorter, to add and pay', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const shorter = (document: string): string => document.replace('destination: 24h', 'destination: 1h');
  const pay = () => alice.authorize('w-1', { destination: mallorysAddress });

  it('D6: what was added under the longer one waits it out', async () => {
    await alice.list('entry-2', mallorysAddress);
    await station.deliver();
    await restartUnder(station, shorter);
    station.time.pass(hour);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    station.time.pass(day - 2 * hour);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    station.time.pass(hour);
    expect((await pay()).state).toBe('AUTHORIZED');
  });

  it('D6: a longer one makes what was ripe wait again', async () => {
    await restartUnder(station, (document) => document.replace('destination: 24h', 'destination: 72h'));
    await refused(station, () => alice.authorize('w-1'), 'destination-unripe', 'withdrawal');
    station.time.pass(2 * day);
    expect((await alice.authorize('w-1')).state).toBe('AUTHORIZED');
  });
});
