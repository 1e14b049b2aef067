import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Address, type AssetId, digestOf, type FreezeScope, type Reason } from '../../src/domain/index.ts';
import { alicesAddress, type Customer, chain, TestStation, token, tokenAsset } from '../custody/station.ts';
import { altered, refused } from './attempt.ts';
import { destinationIntent } from './people.ts';

// Bitcoin's are in d07-bitcoin-addresses.
describe('D7: another spelling of an address', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const reference = alicesAddress.slice(chain.length + 1);
  const variants: readonly [string, string, Reason][] = [
    ['in lower case', `${chain}:${reference.toLowerCase()}`, 'address-not-canonical'],
    ['in upper case', `${chain}:0x${reference.slice(2).toUpperCase()}`, 'address-not-canonical'],
    ['with an upper-case 0X', `${chain}:0X${reference.slice(2)}`, 'address-not-canonical'],
    ['with one wrong case', `${chain}:${reference.replace('C', 'c')}`, 'address-not-canonical'],
    ['without 0x', `${chain}:${reference.slice(2)}`, 'address-not-canonical'],
    ['too short', `${chain}:${reference.slice(0, -1)}`, 'address-not-canonical'],
    ['padded', `${chain}:0x000000000000000000000000${reference.slice(2)}`, 'address-not-canonical'],
    ['with a chain id that has a zero before it', `eip155:031337:${reference}`, 'address-not-canonical'],
    ['in ICAP', `${chain}:XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS`, 'address-not-canonical'],
    ['the zero address', `${chain}:0x${'0'.repeat(40)}`, 'malformed'],
    ['of Bitcoin', `${chain}:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4`, 'address-not-canonical'],
  ];
  for (const [what, variant, reason] of variants) {
    const destination = variant as Address;

    it(`D7: ${what}: it is neither listed nor paid`, async () => {
      const listing = await refused(station, () => destinationIntent(alice, 'entry-2', destination), reason, 'none');
      expect(listing.details['field']).toBe('destination');
      const payment = await refused(station, () => alice.prepare('w-1', { destination }), reason, 'none');
      expect(payment.details['field']).toBe('destination');
    });

    it(`D7: ${what}: nor when it is written into an intent`, async () => {
      const withdrawal = altered((await alice.prepare('w-1')).intent, { destination });
      const pay = () =>
        station.custody.withdrawals.authorize({
          intent: withdrawal,
          attestations: [alice.attest(digestOf(withdrawal))],
        });
      expect((await refused(station, pay, reason, 'none')).details['field']).toBe('intent.destination');
      const entry = altered(await destinationIntent(alice, 'entry-2'), { destination });
      const list = () =>
        station.custody.destinations.add({ intent: entry, attestations: [alice.attest(digestOf(entry))] });
      expect((await refused(station, list, reason, 'none')).details['field']).toBe('intent.destination');
    });
  }

  it('D7: the refusal names the right spelling', async () => {
    const lower = alicesAddress.toLowerCase() as Address;
    const refusal = await refused(
      station,
      () => alice.prepare('w-1', { destination: lower }),
      'address-not-canonical',
      'none',
    );
    expect(refusal.message).toContain(alicesAddress);
  });

  it('D7: a token has one spelling, too', async () => {
    for (const asset of [
      tokenAsset.replace(token, token.toLowerCase()),
      `${chain}/slip44:060`,
      `${chain}/slip44:0`,
      `${chain}/erc721:${token}`,
    ]) {
      const ask = () => alice.prepare('w-1', { asset: asset as AssetId });
      expect((await refused(station, ask, 'address-not-canonical', 'none')).details['field']).toBe('asset');
    }
  });

  it('D7: a freeze of another spelling, or of what policy does not name, would stop nothing: it is refused', async () => {
    const { operators } = station.custody;
    const freeze = (scope: FreezeScope) => () => operators.freeze(scope, 'ops-1', 'something is wrong');
    await refused(station, freeze(`destination:${alicesAddress.toLowerCase()}`), 'address-not-canonical', 'none');
    const nothing: readonly FreezeScope[] = [
      'wallet:hot-9',
      `chain:${chain}0`,
      'chain:eip155:031337',
      `asset:${tokenAsset.toLowerCase()}`,
      'destination:somewhere',
    ];
    for (const scope of nothing) {
      expect((await refused(station, freeze(scope), 'malformed', 'none')).details['field']).toBe('scope');
    }
    await freeze(`destination:${alicesAddress}`)();
    await refused(station, () => alice.authorize('w-1'), 'frozen', 'withdrawal');
  });
});
