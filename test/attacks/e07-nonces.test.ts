import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { parseWalletId, parseWithdrawalId, type TransactionId, type WalletId } from '../../src/domain/index.ts';
import { publicKeyOf, testKey } from '../custody/fake-signer.ts';
import { type Customer, TestStation, walletId } from '../custody/station.ts';
import { refused } from './attempt.ts';

describe('E7: one withdrawal paid twice, or two in one place', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ policy: (d) => d.replace("first_nonce: '0'", "first_nonce: '5'") });
    alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    await alice.authorize('w-2');
  });
  afterEach(() => station.close());

  const pay =
    (id: string, nonce: number, of: Parameters<TestStation['payment']>[0] = {}, replaces?: TransactionId) =>
    () =>
      station.sign([id], station.payment({ nonce, ...of }), replaces);
  const dearer = { maxFeePerGas: 30_000_000_000n };
  const stateOf = (id: string) => station.custody.withdrawals.get(parseWithdrawalId(id, 'id')).state;

  it('E7: the same withdrawal at a second nonce is refused, signed or not, and after a restart', async () => {
    await pay('w-1', 5)();
    await refused(station, pay('w-1', 6), 'anchor-taken', 'transaction');
    expect(stateOf('w-1')).toBe('SIGNED');
    await refused(station, pay('w-1', 6), 'anchor-taken', 'transaction');
    await station.restart();
    await refused(station, pay('w-1', 6), 'anchor-taken', 'transaction');
    expect(station.signer.seen).toHaveLength(1);
  });

  it('E7: nor by calling it a replacement', async () => {
    const first = await pay('w-1', 5)();
    await station.settle();
    await refused(station, pay('w-1', 6, {}, first.id), 'anchor-taken', 'transaction');
  });

  it('E7: nor together with another withdrawal', async () => {
    await pay('w-1', 5)();
    await station.settle();
    const both = () => station.sign(['w-1', 'w-2'], station.payment({ nonce: 6, value: 2n * 10n ** 18n }));
    await refused(station, both, 'payment-unmatched', 'transaction');
    const other = () => station.sign(['w-2', 'w-1'], station.payment({ nonce: 6 }));
    await refused(station, other, 'payment-unmatched', 'transaction');
  });

  it('E7: another withdrawal at the same nonce is refused, whatever became of the first', async () => {
    await pay('w-1', 5)();
    await refused(station, pay('w-2', 5, dearer), 'nonce-used', 'transaction');
    expect(stateOf('w-2')).toBe('AUTHORIZED');
    await station.restart();
    await refused(station, pay('w-2', 5, dearer), 'nonce-used', 'transaction');
    // The two pay alike, so that the very same bytes are one transaction: asking again answers with that, and prompts nobody.
    expect((await pay('w-2', 5)()).pays).toEqual(['w-1']);
    expect(station.signer.seen).toHaveLength(1);
  });

  it('E7: a nonce far ahead, or below the wallet’s first, is refused', async () => {
    const refusal = await refused(station, pay('w-1', 9), 'nonce-out-of-window', 'transaction');
    expect(refusal.details['next_nonce']).toBe('5');
    await refused(station, pay('w-1', Number.MAX_SAFE_INTEGER), 'nonce-out-of-window', 'transaction');
    await refused(station, pay('w-1', 4), 'nonce-used', 'transaction');
    await refused(station, pay('w-1', 0), 'nonce-used', 'transaction');
    await pay('w-1', 8)();
    await station.settle();
    // The window moves with what was signed: 9 + 4 is the first that is too far.
    await refused(station, pay('w-2', 13), 'nonce-out-of-window', 'transaction');
    await pay('w-2', 12)();
  });

  it('E7: a declined transaction’s nonce is not paid around', async () => {
    station.signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'no' });
    const declined = await pay('w-1', 5)();
    await station.settle();
    expect(station.custody.transactions.get(declined.id)).toMatchObject({
      state: 'DECLINED',
      blockedBy: 'device-refused',
    });
    await refused(station, pay('w-1', 6), 'anchor-taken', 'transaction');
    await refused(station, pay('w-2', 5, dearer), 'nonce-used', 'transaction');
    await refused(station, pay('w-1', 5, dearer), 'replacement-missing', 'transaction');
    const cancel = () => station.custody.withdrawals.cancel(parseWithdrawalId('w-1', 'id'));
    await expect(cancel()).rejects.toMatchObject({ reason: 'withdrawal-not-cancellable' });
    expect(stateOf('w-1')).toBe('COMMITTED');
    // Asking for the same bytes prompts nobody; only Retry does.
    expect((await pay('w-1', 5)()).state).toBe('DECLINED');
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });

  it('E7: nor an uncertain one’s, whose signature may exist', async () => {
    station.signer.behaviour = () => ({ kind: 'uncertain', reason: 'device-lost', message: 'unplugged' });
    await pay('w-1', 5)();
    await station.settle();
    await refused(station, pay('w-1', 6), 'anchor-taken', 'transaction');
    await refused(station, pay('w-2', 5, dearer), 'nonce-used', 'transaction');
    await station.restart();
    await refused(station, pay('w-1', 6), 'anchor-taken', 'transaction');
  });

  it('E7: a replacement names what it replaces, the newest, and makes the same payment', async () => {
    const first = await pay('w-1', 5)();
    await station.settle();
    await refused(station, pay('w-1', 5, dearer), 'replacement-missing', 'transaction');
    await refused(station, pay('w-2', 5, dearer, first.id), 'nonce-used', 'transaction');
    await refused(station, pay('w-1', 5, { ...dearer, value: 1n }, first.id), 'amount-mismatch', 'transaction');
    const second = await pay('w-1', 5, dearer, first.id)();
    await station.settle();
    const third = { maxFeePerGas: 40_000_000_000n };
    await refused(station, pay('w-1', 5, third, first.id), 'replacement-missing', 'transaction');
    await pay('w-1', 5, third, second.id)();
    await station.settle();
    expect(station.custody.transactions.get(first.id).state).toBe('REPLACED');
    expect(new Set(station.signer.seen.map((permit) => permit.transaction)).size).toBe(3);
  });

  it('E7: nothing replaces what is at a device, nor what was never there', async () => {
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    const first = await pay('w-1', 5)();
    await station.settle();
    await refused(station, pay('w-1', 5, dearer, first.id), 'replacement-in-flight', 'transaction');
    await refused(station, pay('w-2', 6, {}, first.id), 'replacement-differs', 'transaction');
  });

  it('E7: two withdrawals at one nonce in one turn: one is permitted', async () => {
    const outcomes = await Promise.allSettled([pay('w-1', 5)(), pay('w-2', 5, dearer)()]);
    await station.settle();
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'rejected']);
    expect(outcomes[1]).toMatchObject({ reason: { reason: 'nonce-used' } });
    expect(station.signer.seen).toHaveLength(1);
  });
});

describe('E7: one withdrawal paid from two wallets', () => {
  const otherKey = new Uint8Array(32).fill(0x33);
  const hot2 = parseWalletId('hot-2', 'wallet');
  const twoWallets = (document: string): string => {
    const [, first = ''] = /wallets:\n(.*)\n/.exec(document) ?? [];
    const second = first
      .replace('id: hot-1', 'id: hot-2')
      .replace(addressOfKey(publicKeyOf(testKey)), addressOfKey(publicKeyOf(otherKey)))
      .replace(publicKeyOf(testKey), publicKeyOf(otherKey));
    return document.replace(first, `${first}\n${second}`);
  };
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open({ policy: twoWallets });
    await (await station.ripeCustomer('alice')).authorize('w-1');
  });
  afterEach(() => station.close());

  const from = (wallet: WalletId) => () =>
    station.custody.transactions.sign({
      wallet,
      unsigned: station.payment(),
      pays: [parseWithdrawalId('w-1', 'id')],
      replaces: undefined,
      authorizations: [],
    });

  it('E7: the same nonce of another wallet is another anchor', async () => {
    await from(walletId)();
    await station.settle();
    await refused(station, from(hot2), 'anchor-taken', 'transaction');
    await station.restart();
    await refused(station, from(hot2), 'anchor-taken', 'transaction');
    expect(station.signer.seen).toHaveLength(1);
  });

  it('E7: both at once, in one turn: one is permitted', async () => {
    const outcomes = await Promise.allSettled([from(hot2)(), from(walletId)()]);
    await station.settle();
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'rejected']);
    expect(station.signer.seen).toHaveLength(1);
    expect(station.signer.seen[0]?.wallet.id).toBe(hot2);
  });
});
