import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reason } from '../../src/domain/index.ts';
import { alicesAddress, type Customer, mallorysAddress, TestStation, token, tokenAsset } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { call, type Hex, plain, word } from './bytes.ts';

describe('E3: a call that moves more than it says', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1', { asset: tokenAsset, amount: 5n });
  });
  afterEach(() => station.close());

  const all = 2n ** 256n - 1n;
  const good = call('transfer(address,uint256)', word(alicesAddress), word(5n));
  const dirty = (at: number): Hex => `0x${good.slice(2, 10 + at)}1${good.slice(11 + at)}`;
  const attacks: readonly [string, Hex, Reason][] = [
    ['approve', call('approve(address,uint256)', word(mallorysAddress), word(all)), 'call-refused'],
    ['increaseAllowance', call('increaseAllowance(address,uint256)', word(mallorysAddress), word(all)), 'call-refused'],
    [
      'transferFrom',
      call('transferFrom(address,address,uint256)', word(alicesAddress), word(mallorysAddress), word(5n)),
      'call-refused',
    ],
    [
      'permit',
      call(
        'permit(address,address,uint256,uint256,uint8,bytes32,bytes32)',
        ...[word(alicesAddress), word(mallorysAddress), word(all), word(all), word(27n), word(1n), word(1n)],
      ),
      'call-refused',
    ],
    ['multicall', call('multicall(bytes[])', word(32n), word(0n)), 'call-refused'],
    ['an unknown function', call('claim(address,uint256)', word(alicesAddress), word(5n)), 'call-refused'],
    [
      'ERC-777’s send',
      call('send(address,uint256,bytes)', word(alicesAddress), word(5n), word(96n), word(0n)),
      'call-refused',
    ],
    ['calldata with a byte more', `${good}00`, 'call-refused'],
    ['calldata with a word more', `${good}${word(0n)}`, 'call-refused'],
    ['calldata cut short', good.slice(0, -2) as Hex, 'call-refused'],
    ['a selector alone', good.slice(0, 10) as Hex, 'call-refused'],
    ['half a selector', good.slice(0, 6) as Hex, 'call-refused'],
    ['a recipient with a dirty first bit', dirty(0), 'call-refused'],
    ['a recipient with a dirty last bit', dirty(23), 'call-refused'],
    ['the zero address', call('transfer(address,uint256)', word(0n), word(5n)), 'call-refused'],
    ['the token itself', call('transfer(address,uint256)', word(token), word(5n)), 'call-refused'],
  ];
  for (const [what, data, reason] of attacks) {
    it(`E3: ${what}: ${reason}`, async () => {
      const unsigned = station.payment({ to: token, value: 0n, data });
      await refused(station, () => station.sign(['w-1'], unsigned), reason, 'transaction');
    });
  }

  it('E3: ether sent along with a transfer', async () => {
    const unsigned = station.payment({ to: token, value: 1n, data: good });
    await refused(station, () => station.sign(['w-1'], unsigned), 'call-refused', 'transaction');
  });

  it('E3: ether with a message to the recipient', async () => {
    await alice.authorize('w-2');
    const unsigned = station.payment({ data: '0x00' });
    await refused(station, () => station.sign(['w-2'], unsigned), 'call-refused', 'transaction');
  });

  it('E3: a token that is not in the registry, though its call is right', async () => {
    const unsigned = station.payment({ to: plain(mallorysAddress), value: 0n, data: good });
    await refused(station, () => station.sign(['w-1'], unsigned), 'token-unknown', 'transaction');
  });

  it('E3: the one call that is signed is the transfer that was approved', async () => {
    await station.sign(['w-1'], station.payment({ to: token, value: 0n, data: good }));
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });
});
