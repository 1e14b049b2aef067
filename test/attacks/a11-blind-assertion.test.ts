import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, minute, type Sealed } from '../../src/domain/index.ts';
import { type Customer, TestStation } from '../custody/station.ts';
import { altered, live, refused } from './attempt.ts';
import { withdrawalIntent } from './people.ts';

describe('A11: an assertion that its customer gave blindly', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const authorize =
    (intent: Uint8Array, digest: string, deviation = {}) =>
    () =>
      station.custody.withdrawals.authorize({ intent, attestations: [alice.attest(digest, deviation)] });

  it('A11: a login whose challenge is an intent’s digest approves nothing: it is of another page and another party', async () => {
    const { intent } = await alice.prepare('w-1');
    const login = { origin: 'https://www.exchange.example', hashedRpId: 'exchange.example' };
    await refused(station, authorize(intent.bytes, intent.digest, login), 'origin-mismatch', 'withdrawal');
    const samePage = { hashedRpId: 'exchange.example' };
    await refused(station, authorize(intent.bytes, intent.digest, samePage), 'rp-mismatch', 'withdrawal');
  });

  it('A11: an intent that was not prepared here carries no ticket of ours', async () => {
    const { intent } = await alice.prepare('w-1');
    const forged = altered(intent, { ticket: Buffer.alloc(32).toString('base64url') });
    await refused(station, authorize(forged, digestOf(forged)), 'ticket-invalid', 'withdrawal');
  });

  it('A11: the ticket of one intent does not serve another, of whatever type', async () => {
    const one = (await alice.prepare('w-1')).intent;
    const two = (await alice.prepare('w-2')).intent;
    const swapped = altered(two, { ticket: one.intent.ticket });
    await refused(station, authorize(swapped, digestOf(swapped)), 'ticket-invalid', 'withdrawal');
  });

  it('A11: hoarded, it is worthless after a quarter of an hour at most', async () => {
    const hoard: Sealed[] = [];
    for (const id of ['w-1', 'w-2', 'w-3']) {
      const intent = await withdrawalIntent(alice, id, 15 * minute);
      hoard.push(intent);
    }
    await live(station, 15 * minute);
    for (const { bytes, digest } of hoard) {
      await refused(station, authorize(bytes, digest), 'intent-expired', 'withdrawal');
    }
  });

  it('A11: nor may an intent claim a longer life than that, whatever its ticket', async () => {
    const { intent } = await alice.prepare('w-1');
    const long = altered(intent, { expires: '2022-01-20T00:00:00Z' });
    await refused(station, authorize(long, digestOf(long)), 'malformed', 'none');
  });

  it('A11: hoarded through a clock acknowledgement, it is void at once', async () => {
    const { intent } = await alice.prepare('w-1');
    await station.custody.operators.acknowledgeClock('ops-1', 'looked at the clock');
    await refused(station, authorize(intent.bytes, intent.digest), 'ticket-invalid', 'withdrawal');
    await station.restart();
    await refused(station, authorize(intent.bytes, intent.digest), 'ticket-invalid', 'withdrawal');
  });

  it('A11: each authorization is told to the customer, who can object until it is committed', async () => {
    await station.deliver();
    const { id } = await alice.authorize('w-1');
    const [notice, ...others] = station.custody.notices.waiting(-1, 10);
    expect(others).toEqual([]);
    expect(notice).toMatchObject({ account: 'alice', kind: 'withdrawal-authorized', subject: 'w-1' });
    expect(notice?.text).toContain('1 ETH');
    expect(notice?.text).toContain('0x70997970C51812dc3A010C7d01b50e0d17dc79C8');
    await station.custody.notices.report(notice?.token ?? '');
    expect(station.custody.withdrawals.get(id).state).toBe('CANCELLED');
    await refused(station, () => station.sign(['w-1']), 'frozen', 'transaction');
  });
});
