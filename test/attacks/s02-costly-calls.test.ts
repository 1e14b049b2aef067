import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Address,
  day,
  type EntryId,
  type FactorId,
  parseEntryId,
  type WithdrawalId,
} from '../../src/domain/index.ts';
import type { Write } from '../../src/store/verdict.ts';
import { type Customer, chain, mallorysAddress, TestStation, walletId } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { deviceOf, furtherFactor, prepareFactor } from './people.ts';

describe('S2: calls that cost the station more than their caller', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  it('S2: a transaction that names more withdrawals than it pays is refused before any of them is looked at', async () => {
    const names = ['w-1', 'w-2', 'w-3'] as WithdrawalId[];
    for (const name of names) await alice.authorize(name);
    const read = vi.spyOn(station.store, 'read');
    const request = { wallet: walletId, unsigned: station.payment(), pays: names, replaces: undefined };
    await expect(station.custody.transactions.explain(request)).rejects.toMatchObject({ reason: 'payment-unmatched' });
    await expect(station.sign(names)).rejects.toMatchObject({ reason: 'payment-unmatched' });
    expect(read.mock.calls.map(([table]) => table)).not.toContain('withdrawals');
  });

  it('S2: authorizations beyond the withdrawals that it names are refused before any is verified', async () => {
    const { intent } = await alice.prepare('w-1');
    const authorization = { intent: intent.bytes, attestations: [alice.attest(intent.digest)] };
    const read = vi.spyOn(station.store, 'read');
    const request = { wallet: walletId, unsigned: station.payment(), pays: ['w-1' as WithdrawalId] };
    await expect(
      station.custody.transactions.sign({
        ...request,
        replaces: undefined,
        authorizations: [authorization, authorization],
      }),
    ).rejects.toMatchObject({ reason: 'malformed' });
    expect(read.mock.calls.map(([table]) => table)).not.toContain('factors');
  });
});

describe('S2: what one account may heap up', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  /** As if it had been done so often: rows of the same shape, under the station's own key. */
  const heap = (writes: readonly Write[]) => station.store.decide({}, () => ({ result: undefined, writes }));

  it('S2: a hundred withdrawals are open at a time, and one that is settled makes room', async () => {
    const { id } = await alice.authorize('w-0');
    const record = station.store.read('withdrawals', id);
    if (record === undefined) throw new Error('not authorized');
    const more = (i: number) =>
      ({ table: 'withdrawals', record: { ...record, id: `w-${i}` as WithdrawalId } }) as const;
    await heap(Array.from({ length: 98 }, (_, i) => more(i + 1)));
    await alice.authorize('w-99');
    await refused(station, () => alice.authorize('w-100'), 'account-limit', 'withdrawal');
    await station.custody.withdrawals.cancel(id);
    expect((await alice.authorize('w-100')).state).toBe('AUTHORIZED');
  });

  it('S2: a thousand whitelist entries are live at a time; removed ones do not count', async () => {
    const record = station.store.read('destinations', 'entry-alice');
    if (record === undefined) throw new Error('not listed');
    const more = (i: number, state: 'pending' | 'removed') =>
      ({ table: 'destinations', record: { ...record, entry: `entry-${state}-${i}` as EntryId, state } }) as const;
    await heap(Array.from({ length: 998 }, (_, i) => more(i, 'pending')));
    await heap(Array.from({ length: 998 }, (_, i) => more(i, 'removed')));
    await alice.list('entry-2', mallorysAddress);
    await station.custody.destinations.remove(parseEntryId('entry-2', 'entry'));
    await alice.list('entry-3', mallorysAddress);
    await station.custody.destinations.remove(record.entry);
    await alice.list('entry-4');
    const another = `${chain}:0x90F79bf6EB2c4f870365E785982E1f101E93b906` as Address;
    await refused(station, () => alice.list('entry-5', another), 'account-limit', 'destination');
  });

  it('S2: thirty-two factors are live at a time', async () => {
    const record = station.store.read('factors', alice.credential);
    if (record === undefined) throw new Error('not enrolled');
    const more = (i: number) => ({ table: 'factors', record: { ...record, id: `more-${i}` as FactorId } }) as const;
    await heap(Array.from({ length: 30 }, (_, i) => more(i)));
    await furtherFactor(alice, deviceOf('the last'));
    const { intent, registration } = await prepareFactor(station, alice.account, deviceOf('more'), alice.credential);
    const approval = { kind: 'attestations', attestations: [alice.attest(intent.digest)] } as const;
    const add = () => station.custody.factors.add({ intent: intent.bytes, registration, approval });
    await refused(station, add, 'account-limit', 'factor');
  });

  it('S2: removals need no evidence, and so are slowed down: fifty of an account in a day, of entries and factors together', async () => {
    const record = station.store.read('destinations', 'entry-alice');
    if (record === undefined) throw new Error('not listed');
    const bob = await station.ripeCustomer('bob');
    const name = (i: number) => `entry-${i}` as EntryId;
    await heap(
      Array.from({ length: 60 }, (_, i) => ({ table: 'destinations', record: { ...record, entry: name(i) } })),
    );
    const second = await furtherFactor(alice, deviceOf('second'));
    for (let i = 0; i < 49; i++) await station.custody.destinations.remove(name(i));
    // What is gone already takes nothing.
    expect(await station.custody.destinations.remove(name(0))).toMatchObject({ state: 'removed' });
    await station.custody.factors.revoke(second.credential);
    const removing = () => station.custody.destinations.remove(name(50));
    const refusal = await refused(station, removing, 'removal-limit', 'destination');
    expect(refusal.message).toContain('the account has had 50 removals within a day: the next not before ');
    await refused(station, () => station.custody.factors.revoke(alice.credential), 'removal-limit', 'factor');
    // Nobody else waits, and neither does what stops payments.
    await station.custody.factors.revoke(bob.credential);
    station.time.pass(day / 50);
    expect(await removing()).toMatchObject({ state: 'removed' });
    await refused(station, () => station.custody.factors.revoke(alice.credential), 'removal-limit', 'factor');
  });
});
