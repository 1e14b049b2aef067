import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spaceLeast } from '../../src/custody/space-watch.ts';
import { type Digest, minute, paymentSet } from '../../src/domain/index.ts';
import { TestStation } from '../custody/station.ts';
import { leaves, live } from './attempt.ts';

describe('S13: a flood of refusals', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open();
  });
  afterEach(() => station.close());

  it('S13: beyond sixty a minute they are counted, and told together in one leaf', async () => {
    const alice = await station.ripeCustomer('alice');
    const size = station.custody.journal.size();
    const { intent } = await alice.prepare('w-1');
    for (let i = 0; i < 500; i++) {
      const attempt = station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [] });
      await expect(attempt).rejects.toMatchObject({ reason: 'attestation-missing' });
    }
    expect(leaves(station, size)).toHaveLength(60);
    await live(station, minute);
    expect(leaves(station, size).at(-1)).toMatchObject({
      kind: 'refusals-aggregated',
      fields: { counts: 'attestation-missing=440' },
    });
    expect(leaves(station, size)).toHaveLength(61);
    // The next minute has room again, and nothing is told twice.
    await expect(station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [] })).rejects.toThrow();
    await live(station, minute);
    expect(leaves(station, size)).toHaveLength(62);
  });

  it('S13: so are those of operators’ acts, whoever sends them', async () => {
    await station.close();
    station = await TestStation.open({ operators: {} });
    const { acts } = station.custody;
    const size = station.custody.journal.size();
    const payload = new TextEncoder().encode('a flood');
    const { intent } = await station.operators.prepare('freeze', 'station', payload);
    // Another intent's signature: a console that was taken over has any number of these.
    const attestation = station.operators.named('olivia').sign({ digest: 'ab'.repeat(32) as Digest });
    for (let i = 0; i < 500; i++)
      await expect(acts.submit({ intent: intent.bytes, attestation, payload })).rejects.toMatchObject({
        reason: 'challenge-mismatch',
      });
    expect(leaves(station, size)).toHaveLength(60);
    expect(leaves(station, size)[0]).toMatchObject({ kind: 'refused', fields: { what: 'act', verb: 'freeze' } });
    await live(station, minute);
    expect(leaves(station, size).slice(60)).toMatchObject([
      { kind: 'refusals-aggregated', fields: { counts: 'challenge-mismatch=440' } },
    ]);
    expect(station.custody.operators.station().freezes).toEqual([]);
    // Nor does the flood keep the operator from acting.
    expect((await station.operators.sign('olivia', 'freeze', 'station', 'a flood')).act.state).toBe('DONE');
  });

  it('S13: the leaf of a refused transaction is small, however many withdrawals it names', async () => {
    const pays = Array.from({ length: 500 }, (_, i) => `${String(i).padStart(4, '0')}${'x'.repeat(60)}`);
    const size = station.custody.journal.size();
    await expect(station.sign(pays)).rejects.toMatchObject({ reason: 'payment-unmatched' });
    const [entry] = station.custody.journal.entries(size, size + 1);
    expect(entry?.leaf.length).toBeLessThan(1_000);
    expect(leaves(station, size)).toMatchObject([
      { kind: 'refused', fields: { payment_set: paymentSet(pays), withdrawals: '500' } },
    ]);
  });

  it('S13: a disk that fills freezes the station while it can still write that, and it starts frozen', async () => {
    const alice = await station.ripeCustomer('alice');
    station.freeSpace = spaceLeast;
    await live(station, minute);
    expect(station.custody.operators.station().freezes).toEqual([]);
    station.freeSpace = spaceLeast - 1;
    const size = station.custody.journal.size();
    await live(station, minute);
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'frozen' });
    await station.restart();
    const [freeze] = station.custody.operators.station().freezes;
    expect(freeze).toMatchObject({
      scope: 'station',
      who: 'station',
      why: 'disk-nearly-full: 63 MiB are left for the station',
    });
    // Said once, however long it stays so.
    await live(station, minute * 5);
    expect(leaves(station, size).filter(({ kind }) => kind === 'frozen')).toHaveLength(1);
    // Thawed without room made, it freezes again; with room, it does not.
    await station.custody.operators.thaw('station', 'olivia', 'looked at it');
    await live(station, minute);
    expect(station.custody.operators.station().freezes).toHaveLength(1);
    await station.custody.operators.thaw('station', 'olivia', 'made room');
    station.freeSpace = spaceLeast;
    await live(station, minute);
    expect(station.custody.operators.station().freezes).toEqual([]);
  });

  it('S13: operators are told of it', async () => {
    await station.close();
    station = await TestStation.open({ operators: {} });
    station.freeSpace = 0;
    await live(station, minute);
    const [notice] = station.custody.notices.waiting(-1, 10);
    expect(notice).toMatchObject({ account: null, kind: 'frozen', text: expect.stringContaining('Make room') });
  });

  it('S13: malformed calls leave no leaf at all', async () => {
    const size = station.custody.journal.size();
    for (let i = 0; i < 100; i++) {
      const attempt = station.custody.withdrawals.authorize({ intent: Uint8Array.of(i), attestations: [] });
      await expect(attempt).rejects.toMatchObject({ reason: 'malformed' });
    }
    expect(station.custody.journal.size()).toBe(size);
  });
});
