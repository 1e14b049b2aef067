import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../src/custody/audit/audit.ts';
import { leaves } from '../attacks/attempt.ts';
import { type Customer, TestStation } from './station.ts';

describe('operators’ acts', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ operators: {} });
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  it('I3: one operator freezes, at once, and the journal says who and why', async () => {
    const { act } = await station.operators.sign('olivia', 'freeze', 'station', 'something is wrong');
    expect(act).toMatchObject({ state: 'DONE', operators: ['olivia'] });
    expect(station.custody.operators.station().freezes).toMatchObject([
      { scope: 'station', active: true, who: 'olivia', why: 'something is wrong' },
    ]);
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'frozen' });
    expect(
      leaves(station)
        .slice(-4)
        .map((leaf) => leaf.kind),
    ).toEqual(['operator-acted', 'act-effective', 'frozen', 'refused']);
    await station.stop();
    const found: unknown[] = [];
    audit({ file: station.file, stateKey: station.stateKey, logKey: station.verifierKey }, (f) => found.push(f));
    expect(found).toEqual([]);
    station.start();
  });
});
