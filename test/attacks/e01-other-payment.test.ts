import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseWithdrawalId, type Reason } from '../../src/domain/index.ts';
import {
  alicesAddress,
  type Customer,
  mallorysAddress,
  TestStation,
  token,
  tokenAsset,
  walletId,
} from '../custody/station.ts';
import { refused } from './attempt.ts';
import { call, plain, word } from './bytes.ts';
import { generousCeilings } from './people.ts';

describe('E1: bytes that pay something other than the request says', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ policy: generousCeilings });
    alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
  });
  afterEach(() => station.close());

  const ether = 10n ** 18n;
  const transfer = (to: string, amount: bigint) => ({
    to: token as `0x${string}`,
    value: 0n,
    gas: 40_000n,
    data: call('transfer(address,uint256)', word(to), word(amount)),
  });

  const attacks: readonly [string, Parameters<TestStation['payment']>[0], Reason][] = [
    ['one wei more', { value: ether + 1n }, 'amount-mismatch'],
    ['one wei less', { value: ether - 1n }, 'amount-mismatch'],
    ['nothing', { value: 0n }, 'amount-mismatch'],
    ['another recipient', { to: plain(mallorysAddress) }, 'destination-mismatch'],
    ['a token instead of ether', transfer(alicesAddress, ether), 'asset-mismatch'],
    ['a token to another recipient', transfer(mallorysAddress, ether), 'asset-mismatch'],
  ];
  for (const [what, of, reason] of attacks) {
    it(`E1: ${what}: ${reason}`, async () => {
      await refused(station, () => station.sign(['w-1'], station.payment(of)), reason, 'transaction');
      expect(station.custody.withdrawals.get(parseWithdrawalId('w-1', 'id')).state).toBe('AUTHORIZED');
    });
  }

  it('E1: of a token, its amount and its recipient are in the call, and only there', async () => {
    await alice.authorize('w-2', { asset: tokenAsset, amount: 5_000_000n });
    const pay = (to: string, amount: bigint) => () => station.sign(['w-2'], station.payment(transfer(to, amount)));
    await refused(station, pay(alicesAddress, 5_000_001n), 'amount-mismatch', 'transaction');
    await refused(station, pay(mallorysAddress, 5_000_000n), 'destination-mismatch', 'transaction');
    await refused(
      station,
      () => station.sign(['w-2'], station.payment({ value: 5_000_000n })),
      'asset-mismatch',
      'transaction',
    );
    await pay(alicesAddress, 5_000_000n)();
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });

  it('E1: one payment does not pay two withdrawals, nor both halves of their sum', async () => {
    await alice.authorize('w-2');
    const both = (value: bigint) => () => station.sign(['w-1', 'w-2'], station.payment({ value }));
    await refused(station, both(ether), 'payment-unmatched', 'transaction');
    await refused(station, both(2n * ether), 'payment-unmatched', 'transaction');
  });

  it('E1: a withdrawal is not named twice, nor none', async () => {
    await refused(station, () => station.sign(['w-1', 'w-1']), 'malformed', 'none');
    await refused(station, () => station.sign([]), 'malformed', 'none');
    await refused(station, () => station.sign(['w-9']), 'withdrawal-unknown', 'transaction');
    await refused(station, () => station.sign(['w-1', 'w-9']), 'payment-unmatched', 'transaction');
  });

  it('E1: no wallet but policy’s', async () => {
    const foreign = () =>
      station.custody.transactions.sign({
        wallet: 'cold-1' as typeof walletId,
        unsigned: station.payment(),
        pays: [parseWithdrawalId('w-1', 'id')],
        replaces: undefined,
        authorizations: [],
      });
    await refused(station, foreign, 'wallet-unknown', 'transaction');
  });

  it('E1: what is explained is what is refused, and explaining writes nothing', async () => {
    const unsigned = station.payment({ value: ether + 1n });
    const size = station.custody.journal.size();
    const { effects, rules } = await station.custody.transactions.explain({
      wallet: walletId,
      unsigned,
      pays: [parseWithdrawalId('w-1', 'id')],
      replaces: undefined,
    });
    expect(effects?.payments).toMatchObject([{ amount: ether + 1n, destination: alicesAddress }]);
    expect(rules.filter((r) => !r.passed).map((r) => r.refusal?.reason)).toEqual([
      'amount-mismatch',
      // Nothing was approved for what it pays.
      'fee-above-approved',
    ]);
    expect(station.custody.journal.size()).toBe(size);
  });
});
