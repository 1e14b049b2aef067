import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, parseWithdrawalId, type Sealed } from '../../src/domain/index.ts';
import {
  alicesAddress,
  type Customer,
  ether,
  mallorysAddress,
  TestStation,
  token,
  tokenAsset,
} from '../custody/station.ts';
import { altered, refused } from './attempt.ts';
import { call, plain, word } from './bytes.ts';
import { destinationIntent, generousCeilings } from './people.ts';

describe('A2: an attestation for something else', () => {
  let station: TestStation;
  let alice: Customer;
  let attested: Sealed;
  beforeEach(async () => {
    station = await TestStation.open({ policy: generousCeilings });
    alice = await station.ripeCustomer('alice');
    await alice.list('entry-2', mallorysAddress);
    await station.deliver();
    station.passDay();
    attested = (await alice.prepare('w-1')).intent;
  });
  afterEach(() => station.close());

  const authorize = (intent: Uint8Array, digest: string) => () =>
    station.custody.withdrawals.authorize({ intent, attestations: [alice.attest(digest)] });

  // Each is prepared by the station itself, so that only the attestation is wrong.
  const others: readonly [string, string, Parameters<Customer['prepare']>[1]][] = [
    ['amount', 'w-1', { amount: 2n * 10n ** 18n }],
    ['destination', 'w-1', { destination: mallorysAddress }],
    ['asset', 'w-1', { asset: tokenAsset }],
    ['fee ceiling', 'w-1', { maxFee: 10n ** 15n + 1n }],
    ['withdrawal', 'w-2', {}],
  ];
  for (const [what, id, of] of others) {
    it(`A2: of another ${what} does not authorize this one`, async () => {
      const { intent } = await alice.prepare(id, of);
      expect(intent.digest).not.toBe(attested.digest);
      await refused(station, authorize(intent.bytes, attested.digest), 'challenge-mismatch', 'withdrawal');
    });
  }

  it('A2: of another account does not authorize this one', async () => {
    const bob = await station.ripeCustomer('bob');
    const { intent } = await bob.prepare('w-1');
    await refused(station, authorize(intent.bytes, attested.digest), 'challenge-mismatch', 'withdrawal');
    await refused(station, authorize(intent.bytes, intent.digest), 'factor-foreign', 'withdrawal');
  });

  it('A2: of another type does not authorize this one', async () => {
    const intent = await destinationIntent(alice, 'entry-3', mallorysAddress);
    await refused(station, authorize(attested.bytes, intent.digest), 'challenge-mismatch', 'withdrawal');
    await refused(station, authorize(intent.bytes, intent.digest), 'malformed', 'none');
  });

  it('A2: an intent of another station, or of a generation before a restore, is refused by name', async () => {
    const elsewhere = await TestStation.open();
    try {
      const there = await elsewhere.ripeCustomer('alice');
      const { intent } = await there.prepare('w-1');
      await refused(station, authorize(intent.bytes, intent.digest), 'station-mismatch', 'withdrawal');
    } finally {
      await elsewhere.close();
    }
    const generation = altered(attested, { station: `${station.stationId}/2` });
    await refused(station, authorize(generation, attested.digest), 'station-mismatch', 'withdrawal');
  });

  const members: readonly [string, Record<string, string>][] = [
    ['amount', { amount: '2000000000000000000' }],
    ['destination', { destination: mallorysAddress }],
    ['asset', { asset: tokenAsset }],
    ['withdrawal', { withdrawal: 'w-2' }],
    ['max_fee', { max_fee: '1' }],
    ['expires', { expires: '2022-01-19T00:59:00Z' }],
    ['pay_by', { pay_by: '2022-01-19T23:00:00Z' }],
  ];
  for (const [name, change] of members) {
    it(`A2: a member altered in flight (${name}) breaks the ticket, whoever attests the altered intent`, async () => {
      const { issued } = attested.intent;
      const near = { ...change };
      // Times must keep within the intent's own bounds, or it would only be malformed.
      if (name === 'expires') near['expires'] = new Date(issued + 900_000).toISOString().replace('.000', '');
      if (name === 'pay_by') near['pay_by'] = new Date(issued + 1_000).toISOString().replace('.000', '');
      const bytes = altered(attested, near);
      await refused(station, authorize(bytes, digestOf(bytes)), 'ticket-invalid', 'withdrawal');
    });
  }

  it('A2: a withdrawal that was authorized pays nothing but itself', async () => {
    await alice.authorize('w-1');
    const sign = (unsigned: Uint8Array) => () => station.sign(['w-1'], unsigned);
    await refused(station, sign(station.payment({ value: 10n ** 18n + 1n })), 'amount-mismatch', 'transaction');
    await refused(
      station,
      sign(station.payment({ to: plain(mallorysAddress) })),
      'destination-mismatch',
      'transaction',
    );
    const data = call('transfer(address,uint256)', word(alicesAddress), word(10n ** 18n));
    const transfer = station.payment({ to: token, value: 0n, data });
    await refused(station, sign(transfer), 'asset-mismatch', 'transaction');
    const record = station.custody.withdrawals.get(parseWithdrawalId('w-1', 'id'));
    expect(record).toMatchObject({ state: 'AUTHORIZED', asset: ether, anchor: null, transaction: null });
  });

  it('A2: the bytes that reach the device are the bytes that were asked for, byte for byte', async () => {
    await alice.authorize('w-1');
    const unsigned = station.payment();
    await station.sign(['w-1'], unsigned);
    await station.settle();
    expect(station.signer.seen.map((permit) => permit.unsigned)).toEqual([unsigned]);
  });
});
