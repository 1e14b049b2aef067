import { bech32m } from '@scure/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressOfScript, scriptAt } from '../../src/chains/bitcoin/index.ts';
import {
  type Address,
  type AssetId,
  type ChainId,
  digestOf,
  type Reason,
  referenceOfAddress,
  toHex,
} from '../../src/domain/index.ts';
import { signet, testnet4, walletOf } from '../chains/bitcoin/wallets.ts';
import { type Customer, TestStation } from '../custody/station.ts';
import { altered, refused } from './attempt.ts';
import { destinationIntent } from './people.ts';

const named = (document: string): string => {
  const chains = [testnet4, signet].map(
    (chain) => `  - { chain: '${chain}', max_fee: '100000', max_fee_per_kvb: '50000', change_gap: 20 }\n`,
  );
  const assets = [testnet4, signet].map(
    (chain) => `  - { asset: '${chain}/slip44:1', symbol: BTC, decimals: 8, max_payment: '100000000' }\n`,
  );
  return document
    .replace('assets:\n', `${chains.join('')}assets:\n`)
    .replace('wallets:\n', `${assets.join('')}wallets:\n`);
};

const wallet = walletOf({ script: 'wpkh', chain: testnet4 });
/** The customer's own. */
const alices = wallet.address;
const reference = referenceOfAddress(alices);
const coin = `${testnet4}/slip44:1` as AssetId;
const small = { amount: 1_000_000n, maxFee: 10_000n, asset: coin };
const on = (chain: ChainId, text: string) => `${chain}:${text}` as Address;
const program = (version: number, bytes: Uint8Array) => bech32m.encode('tb', [version, ...bech32m.toWords(bytes)]);

describe('D7: another spelling of an address of Bitcoin', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ policy: named });
    alice = await station.ripeCustomer('alice', alices);
  });
  afterEach(() => station.close());

  it('D7: the address itself is listed and paid', async () => {
    await alice.authorize('w-1', { ...small, destination: alices });
  });

  const variants: readonly [string, Address, Reason][] = [
    ['in upper case, as QR codes have it', on(testnet4, reference.toUpperCase()), 'address-not-canonical'],
    [
      'in mixed case',
      on(testnet4, reference.slice(0, 10) + reference.slice(10).toUpperCase()),
      'address-not-canonical',
    ],
    ['with the prefix in upper case', on(testnet4, reference.replace('tb1', 'TB1')), 'address-not-canonical'],
    ['with the prefix of mainnet', on(testnet4, reference.replace('tb1', 'bc1')), 'address-not-canonical'],
    ['with the prefix of regtest', on(testnet4, reference.replace('tb1', 'bcrt1')), 'address-not-canonical'],
    ['of mainnet', on(testnet4, 'bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu'), 'address-not-canonical'],
    ['of mainnet in base58', on(testnet4, '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'), 'address-not-canonical'],
    ['with one character wrong', on(testnet4, `${reference.slice(0, -1)}q`), 'address-not-canonical'],
    [
      'of the right chain in upper case',
      `bip122:${testnet4.slice(7).toUpperCase()}:${reference}` as Address,
      'address-not-canonical',
    ],
    ['of a witness version without a rule', on(testnet4, program(2, new Uint8Array(32))), 'malformed'],
    ['of a taproot key that is no point', on(testnet4, program(1, new Uint8Array(32).fill(5, 31))), 'malformed'],
    ['as a script in hex', on(testnet4, toHex(scriptAt(wallet, 0, 0).script)), 'address-not-canonical'],
  ];
  for (const [what, destination, reason] of variants) {
    it(`D7: ${what}: it is neither listed nor paid, also when it is written into an intent`, async () => {
      const listing = await refused(station, () => destinationIntent(alice, 'entry-2', destination), reason, 'none');
      expect(listing.details['field']).toBe('destination');
      await refused(station, () => alice.prepare('w-1', { ...small, destination }), reason, 'none');
      const withdrawal = altered((await alice.prepare('w-1', { ...small, destination: alices })).intent, {
        destination,
      });
      const pay = () =>
        station.custody.withdrawals.authorize({
          intent: withdrawal,
          attestations: [alice.attest(digestOf(withdrawal))],
        });
      await refused(station, pay, reason, 'none');
    });
  }

  it('D7: the refusal names the right spelling', async () => {
    const ask = () => alice.prepare('w-1', { ...small, destination: on(testnet4, reference.toUpperCase()) });
    expect((await refused(station, ask, 'address-not-canonical', 'none')).message).toContain(`write ${alices}`);
  });

  it('D7: another script of the listed address’s key is another destination: nobody listed it', async () => {
    for (const [i, script] of (['pkh', 'sh-wpkh', 'tr'] as const).entries()) {
      const destination = addressOfScript(scriptAt({ ...wallet, script }, 0, 0).script, testnet4);
      if (destination === undefined) throw new Error('no address');
      const pay = () => alice.authorize(`w-${i}`, { ...small, destination });
      await refused(station, pay, 'destination-unlisted', 'withdrawal');
    }
  });

  it('D7: the listed address on another test network, where it has the same text, is not listed', async () => {
    const elsewhere = { ...small, asset: `${signet}/slip44:1` as AssetId, destination: on(signet, reference) };
    await refused(station, () => alice.authorize('w-1', elsewhere), 'destination-unlisted', 'withdrawal');
  });

  it('D7: an asset has one spelling, too', async () => {
    for (const reference of ['slip44:0', 'slip44:01', 'slip44:60', 'erc20:1']) {
      const asset = `${testnet4}/${reference}`;
      const ask = () => alice.prepare('w-1', { ...small, asset: asset as AssetId, destination: alices });
      expect((await refused(station, ask, 'address-not-canonical', 'none')).details['field']).toBe('asset');
    }
  });
});
