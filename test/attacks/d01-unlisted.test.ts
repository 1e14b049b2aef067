import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Address, type AssetId, parseEntryId } from '../../src/domain/index.ts';
import { alicesAddress, type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { destinationIntent } from './people.ts';

const sepolia = 'eip155:11155111';
const twoChains = (document: string): string =>
  document
    .replace(
      'assets:\n',
      `  - { chain: '${sepolia}', max_fee: '10000000000000000', max_fee_per_gas: '200000000000', access_list_entries: 0 }\nassets:\n`,
    )
    .replace(
      'wallets:\n',
      `  - { asset: '${sepolia}/slip44:60', symbol: SEP, decimals: 18, max_payment: '100000000000000000000' }\nwallets:\n`,
    );

describe('D1: a destination that is not on the account’s list', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ policy: twoChains });
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const remove = (entry: string) => station.custody.destinations.remove(parseEntryId(entry, 'entry'));

  it('D1: an address that nobody listed is refused', async () => {
    const pay = () => alice.authorize('w-1', { destination: mallorysAddress });
    await refused(station, pay, 'destination-unlisted', 'withdrawal');
  });

  it('D1: an address on another account’s list is refused', async () => {
    await station.ripeCustomer('mallory', mallorysAddress);
    const pay = () => alice.authorize('w-1', { destination: mallorysAddress });
    await refused(station, pay, 'destination-unlisted', 'withdrawal');
  });

  it('D1: an address on the same account’s list for another chain is refused', async () => {
    const elsewhere = () =>
      alice.authorize('w-1', {
        asset: `${sepolia}/slip44:60` as AssetId,
        destination: `${sepolia}:${alicesAddress.slice(alicesAddress.lastIndexOf(':') + 1)}` as Address,
      });
    await refused(station, elsewhere, 'destination-unlisted', 'withdrawal');
  });

  it('D1: a destination of one chain for an asset of another is no withdrawal at all', async () => {
    const mixed = () => alice.authorize('w-1', { asset: `${sepolia}/slip44:60` as AssetId });
    expect((await refused(station, mixed, 'malformed', 'none')).details['field']).toBe('destination');
  });

  it('D1: a removed one is refused at once, also in an intent that was prepared before', async () => {
    const { intent } = await alice.prepare('w-1');
    await remove('entry-alice');
    const pay = () =>
      station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [alice.attest(intent.digest)] });
    await refused(station, pay, 'destination-unlisted', 'withdrawal');
    await station.restart();
    await refused(station, pay, 'destination-unlisted', 'withdrawal');
  });

  it('D1: one that was cancelled while it ripened is refused', async () => {
    const intent = await destinationIntent(alice, 'entry-2', mallorysAddress);
    await station.custody.destinations.add({ intent: intent.bytes, attestations: [alice.attest(intent.digest)] });
    const [notice] = station.custody.notices.waiting(-1, 10).filter((n) => n.subject === 'entry-2');
    await station.deliver();
    await station.custody.notices.report(notice?.token ?? '');
    await station.custody.operators.thaw('account:alice', 'ops-1', 'alice called');
    station.passDay();
    const pay = () => alice.authorize('w-1', { destination: mallorysAddress });
    await refused(station, pay, 'destination-unlisted', 'withdrawal');
  });

  it('D1: a withdrawal whose destination was removed after it was authorized is not signed', async () => {
    await alice.authorize('w-1');
    await remove('entry-alice');
    await refused(station, () => station.sign(['w-1']), 'destination-withdrawn', 'transaction');
  });

  it('D1: not even when the address has been listed anew, and is ripe: its approval was for the entry before', async () => {
    station.time.pass(3_600_000);
    await alice.authorize('w-1');
    await remove('entry-alice');
    await alice.list('entry-new');
    await station.deliver();
    station.time.pass(23 * 3_600_000);
    await refused(station, () => station.sign(['w-1']), 'destination-withdrawn', 'transaction');
  });
});
