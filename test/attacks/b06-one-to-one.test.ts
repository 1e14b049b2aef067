import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Wanted } from '../chains/bitcoin/requests.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from '../custody/bitcoin-station.ts';
import type { TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';

describe('B6: outputs and withdrawals that don’t match one to one', () => {
  let of: BitcoinStation;
  let station: TestStation;
  beforeEach(async () => {
    of = await BitcoinStation.open();
    station = of.station;
    const [alice, bob] = await of.customers({ alice: payees.wpkh, bob: payees.tr });
    const approve = (id: string, customer = alice, destination = payees.wpkh) =>
      customer?.authorize(id, { asset: bitcoin, amount: 50_000n, destination, maxFee: 100_000n });
    await approve('w-1');
    await approve('w-2');
    await approve('w-3', bob, payees.tr);
  });
  afterEach(() => of.close());

  const alices = to(payees.wpkh, 50_000n);
  const bobs = to(payees.tr, 50_000n);
  const pay = (ids: readonly string[], payments: readonly Wanted[], change = 0n) => {
    const paid = payments.reduce((sum, { amount }) => sum + amount, 0n);
    const { amount } = coin(0);
    return of.pay(ids, {
      coins: [coin(0)],
      outputs: [...payments, { index: 0, amount: amount - paid - 5_000n - change }],
    });
  };

  const attacks: readonly [string, readonly string[], readonly Wanted[]][] = [
    ['one output for two withdrawals', ['w-1', 'w-2'], [alices]],
    ['two outputs for one withdrawal', ['w-1'], [alices, alices]],
    ['an output for nobody', ['w-1'], [alices, bobs]],
    ['a withdrawal without an output', ['w-1', 'w-3'], [alices]],
  ];
  it.each(attacks)('%s', async (_what, ids, payments) => {
    await refused(station, () => pay(ids, payments), 'payment-unmatched', 'transaction');
  });

  it('both in one output', async () => {
    const sum = to(payees.wpkh, 100_000n);
    await refused(station, () => pay(['w-1', 'w-2'], [sum]), 'payment-unmatched', 'transaction');
  });

  it('what matches is signed: two alike, each with an output of its own, and another’s', async () => {
    const signed = await of.settled(await pay(['w-3', 'w-2', 'w-1'], [alices, bobs, alices]));
    expect(signed.state).toBe('SIGNED');
  });
});
