import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TransactionRecord } from '../../src/domain/index.ts';
import { type Coin, outpointOf, type Request, type Wanted } from '../chains/bitcoin/requests.ts';
import { BitcoinStation, type BitcoinWallet, bitcoin, coin, payees, to } from '../custody/bitcoin-station.ts';
import type { Customer, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';

describe('B7: one withdrawal paid twice, by transactions that could both be mined', () => {
  let of: BitcoinStation;
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    of = await BitcoinStation.open();
    station = of.station;
    const [first] = await of.customers({ alice: payees.wpkh });
    if (first === undefined) throw new Error('no customer');
    alice = first;
    await authorize('w-1', 50_000n);
    await authorize('w-2', 60_000n);
  });
  afterEach(() => of.close());

  const authorize = (id: string, amount: bigint) =>
    alice.authorize(id, { asset: bitcoin, amount, destination: payees.wpkh, maxFee: 100_000n });
  const pays1 = to(payees.wpkh, 50_000n);
  const pays2 = to(payees.wpkh, 60_000n);
  const spending = (coins: readonly Coin[], payments: readonly Wanted[], fee: bigint): Request => {
    const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
    const paid = payments.reduce((sum, { amount }) => sum + amount, 0n);
    return { coins, outputs: [...payments, { index: 0, amount: total - paid - fee }] };
  };
  /** Asks; the fee rises from one version to the next. */
  const pay =
    (
      ids: readonly string[],
      coins: readonly Coin[],
      payments: readonly Wanted[],
      fee: bigint,
      replaces?: TransactionRecord,
      wallet?: BitcoinWallet,
    ) =>
    () =>
      of.pay(ids, spending(coins, payments, fee), {
        replaces: replaces?.id,
        ...(wallet === undefined ? {} : { wallet }),
      });
  /** Four coins in the order of their outpoints: the anchor of what spends several of them is the first. */
  const inOrder = (): [Coin, Coin, Coin, Coin] => {
    const wallet = of.wallet();
    const sorted = [0, 1, 2, 3]
      .map((n) => coin(n))
      .sort((one, other) => (outpointOf(wallet, one) < outpointOf(wallet, other) ? -1 : 1));
    const [a, b, c, d] = sorted;
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four coins');
    return [a, b, c, d];
  };
  const signedNow = () => station.signer.seen.length;

  it('B7: {a,b} → {a,c} → {c,d}: the third could be mined beside the first', async () => {
    const [a, b, c, d] = inOrder();
    const first = await of.settled(await pay(['w-1'], [a, b], [pays1], 5_000n)());
    expect(first.anchor).toBe(outpointOf(of.wallet(), a));
    const second = await of.settled(await pay(['w-1'], [a, c], [pays1], 7_000n, first)());
    expect(second).toMatchObject({ state: 'SIGNED', anchor: first.anchor, replaces: first.id });
    for (const replaces of [second, first, undefined]) {
      await refused(station, pay(['w-1'], [c, d], [pays1], 9_000n, replaces), 'anchor-taken', 'transaction');
      await refused(station, pay(['w-1'], [b, c], [pays1], 9_000n, replaces), 'anchor-taken', 'transaction');
    }
    await station.restart();
    await refused(station, pay(['w-1'], [c, d], [pays1], 9_000n, second), 'anchor-taken', 'transaction');
    expect(signedNow()).toBe(2);
  });

  it('B7: the anchor stays the first version’s, wherever a later one’s inputs would sort before it', async () => {
    const [a, b, c] = inOrder();
    const first = await of.settled(await pay(['w-1'], [b, c], [pays1], 5_000n)());
    expect(first.anchor).toBe(outpointOf(of.wallet(), b));
    const second = await of.settled(await pay(['w-1'], [a, b], [pays1], 7_000n, first)());
    expect(second).toMatchObject({ state: 'SIGNED', anchor: first.anchor });
    // a was spent beside the anchor, and took nobody's place.
    await refused(station, pay(['w-1'], [a, c], [pays1], 9_000n, second), 'anchor-taken', 'transaction');
  });

  it.each(['SIGNED', 'DECLINED', 'UNCERTAIN'] as const)(
    'B7: a second PSBT on other coins, whatever became of the first (%s)',
    async (state) => {
      const [a, b] = inOrder();
      if (state === 'DECLINED')
        station.signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'no' });
      if (state === 'UNCERTAIN')
        station.signer.behaviour = () => ({ kind: 'uncertain', reason: 'device-timeout', message: 'late' });
      const first = await of.settled(await pay(['w-1'], [a], [pays1], 5_000n)());
      expect(first.state).toBe(state);
      for (const replaces of [undefined, first])
        await refused(station, pay(['w-1'], [b], [pays1], 5_000n, replaces), 'anchor-taken', 'transaction');
    },
  );

  it('B7: two on different coins at once: one of them is permitted', async () => {
    const [a, b] = inOrder();
    const both = await Promise.allSettled([pay(['w-1'], [a], [pays1], 5_000n)(), pay(['w-1'], [b], [pays1], 5_000n)()]);
    await station.settle();
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(signedNow()).toBe(1);
  });

  it('B7: a PSBT on another wallet', async () => {
    const [a] = inOrder();
    const first = await of.settled(await pay(['w-1'], [a], [pays1], 5_000n)());
    for (const replaces of [undefined, first])
      await refused(station, pay(['w-1'], [a], [pays1], 9_000n, replaces, 'btc-tr'), 'anchor-taken', 'transaction');
  });

  it('B7: a replacement that adds a payment, or drops one', async () => {
    const [a, b] = inOrder();
    const one = await of.settled(await pay(['w-1'], [a], [pays1], 5_000n)());
    await refused(station, pay(['w-1', 'w-2'], [a], [pays1, pays2], 9_000n, one), 'nonce-used', 'transaction');
    await refused(station, pay(['w-1'], [a], [pays1, pays2], 9_000n, one), 'payment-unmatched', 'transaction');
    await refused(station, pay(['w-2'], [a], [pays2], 9_000n, one), 'nonce-used', 'transaction');

    await authorize('w-3', 70_000n);
    const pays3 = to(payees.wpkh, 70_000n);
    const two = await of.settled(await pay(['w-2', 'w-3'], [b], [pays2, pays3], 5_000n)());
    await refused(station, pay(['w-2'], [b], [pays2], 9_000n, two), 'nonce-used', 'transaction');
    await refused(station, pay(['w-2', 'w-3'], [b], [pays2], 9_000n, two), 'payment-unmatched', 'transaction');
    // Dropped, it is not free for another either.
    await refused(station, pay(['w-3'], [coin(7)], [pays3], 9_000n), 'anchor-taken', 'transaction');
    const dearer = await of.settled(await pay(['w-3', 'w-2'], [b, coin(7)], [pays3, pays2], 9_000n, two)());
    expect(dearer).toMatchObject({ state: 'SIGNED', anchor: two.anchor, paymentSet: two.paymentSet });
  });

  it('B7: what spends another payment’s anchor beside its own coins', async () => {
    const [a, b, c] = inOrder();
    const first = await of.settled(await pay(['w-1'], [b], [pays1], 5_000n)());
    const refusal = await refused(station, pay(['w-2'], [a, b], [pays2], 9_000n), 'outpoint-used', 'transaction');
    expect(refusal.details).toMatchObject({ anchor: first.anchor, transaction: first.id });
    await refused(station, pay(['w-2'], [b, c], [pays2], 9_000n), 'nonce-used', 'transaction');
    const second = await of.settled(await pay(['w-2'], [a], [pays2], 5_000n)());
    await refused(station, pay(['w-2'], [a, b], [pays2], 9_000n, second), 'outpoint-used', 'transaction');
    await refused(station, pay(['w-1'], [a, b], [pays1], 9_000n, first), 'outpoint-used', 'transaction');
  });

  it('a replacement that nodes would not take is not asked of a person: no fee that is not higher, nor above what was approved', async () => {
    const [a, b] = inOrder();
    const first = await of.settled(await pay(['w-1'], [a, b], [pays1], 5_000n)());
    await refused(station, pay(['w-1'], [a], [pays1], 5_000n, first), 'replacement-underpriced', 'transaction');
    await refused(station, pay(['w-1'], [a], [pays1], 4_000n, first), 'replacement-underpriced', 'transaction');
    // The second version is declined: the first, in every node by now, still has to be outbid.
    station.signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'no' });
    const second = await of.settled(await pay(['w-1'], [a], [pays1], 9_000n, first)());
    station.signer.behaviour = (_permit, signed) => signed;
    await refused(station, pay(['w-1'], [a, b], [pays1], 8_000n, second), 'replacement-underpriced', 'transaction');
    const third = await of.settled(await pay(['w-1'], [a, b], [pays1], 9_000n, second)());
    expect(third.state).toBe('SIGNED');
    await refused(station, pay(['w-1'], [a, b], [pays1], 100_001n, third), 'fee-above-approved', 'transaction');
  });

  it('and one whose first version a person declined may pay less', async () => {
    const [a] = inOrder();
    station.signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'too much' });
    const first = await of.settled(await pay(['w-1'], [a], [pays1], 50_000n)());
    station.signer.behaviour = (_permit, signed) => signed;
    expect((await of.settled(await pay(['w-1'], [a], [pays1], 5_000n, first)())).state).toBe('SIGNED');
  });
});
