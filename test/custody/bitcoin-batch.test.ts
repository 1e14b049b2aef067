import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BitcoinStation, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import type { Customer } from './station.ts';

describe('payments on Bitcoin', () => {
  let of: BitcoinStation;
  let alice: Customer;
  beforeEach(async () => {
    of = await BitcoinStation.open();
    const [first] = await of.customers({ alice: payees.wpkh });
    if (first === undefined) throw new Error('no customer');
    alice = first;
  });
  afterEach(() => of.close());

  it('one is signed', async () => {
    await alice.authorize('w-1', { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 10_000n });
    const asked = await of.pay(['w-1'], {
      coins: [coin(0)],
      outputs: [to(payees.wpkh, 50_000n), { index: 0, amount: 99_945_000n }],
    });
    const signed = await of.settled(asked);
    expect(signed).toMatchObject({ state: 'SIGNED', maxFee: 5_000n });
  });
});
