import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackupDesk } from '../../src/custody/backups.ts';
import { Keyring } from '../../src/custody/seal.ts';
import { Station } from '../../src/custody/station.ts';
import { JournalBehind } from '../../src/store/failure.ts';
import { deriveKeys } from '../../src/store/key.ts';
import { tamper } from './audit-station.ts';
import { TestStation } from './station.ts';

let station: TestStation;
let events: unknown[];
beforeEach(async () => {
  station = await TestStation.open();
  events = [];
});
afterEach(() => station.close());

const made = { size: 2, rows: 7, bytes: 1, sha256: new Uint8Array(32) };
async function* source(): AsyncGenerator<Uint8Array, typeof made> {
  yield new Uint8Array(1);
  return made;
}

function desk(of: readonly [typeof source] | readonly [] = [source]): BackupDesk {
  const own = new Station({
    store: station.store,
    policy: station.policy,
    policyHash: station.policyHash,
    keys: deriveKeys(station.stateKey),
    sealing: new Keyring(station.sealingKeys),
    random: { bytes: (count) => new Uint8Array(count) },
    simulated: true,
    log: (event, details) => events.push([event, details]),
  });
  return new BackupDesk(own, of[0]);
}

describe('a backup', () => {
  it('is told in the log once it is whole', async () => {
    const chunks = desk().create('olivia');
    await chunks.next();
    expect(events).toEqual([]);
    expect(await chunks.next()).toEqual({ done: true, value: made });
    expect(events).toEqual([['backup-made', { who: 'olivia', size: 2, rows: 7 }]]);
  });

  it('is refused where nobody could open it, and while another one is made', async () => {
    await expect(desk([]).create('olivia').next()).rejects.toMatchObject({ reason: 'backup-unconfigured' });
    const one = desk();
    const first = one.create('olivia');
    await first.next();
    await expect(one.create('omar').next()).rejects.toMatchObject({ reason: 'overloaded' });
    await first.return(made);
    expect((await one.create('omar').next()).done).toBe(false);
  });

  it('S4: is refused of what is not the station’s own, or could not be restored', async () => {
    station.store.fallBehind(new JournalBehind('it was put back'));
    await expect(desk().create('olivia').next()).rejects.toMatchObject({ reason: 'journal-behind' });
  });

  it('D4: is refused once a forged row was met', async () => {
    const alice = await station.ripeCustomer('alice');
    tamper(station.file, `UPDATE factors SET class = 'hardware' WHERE id = '${alice.credential}'`);
    expect(() => station.store.read('factors', alice.credential)).toThrow();
    await expect(desk().create('olivia').next()).rejects.toMatchObject({ reason: 'fact-tampered' });
  });
});
