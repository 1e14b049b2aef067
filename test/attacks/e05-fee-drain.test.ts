import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reason } from '../../src/domain/index.ts';
import { alicesAddress, type Customer, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { plain, unsignedOf } from './bytes.ts';
import { restartUnder } from './people.ts';

const gwei = 10n ** 9n;

describe('E5: a payment that is drained by its fee', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    // Approved: 10^15 wei. Policy: 10^16 in all, 200 gwei per gas.
    await alice.authorize('w-1');
  });
  afterEach(() => station.close());

  const most = 2n ** 256n - 1n;
  const attacks: readonly [string, Parameters<TestStation['payment']>[0], Reason][] = [
    ['a fee one step beyond what was approved', { gas: 10n ** 6n, maxFeePerGas: gwei + 1n }, 'fee-above-approved'],
    ['a huge gas limit', { gas: 2n ** 64n - 1n }, 'fee-above-ceiling'],
    ['a gas price beyond policy’s', { gas: 21_000n, maxFeePerGas: 200n * gwei + 1n }, 'fee-above-ceiling'],
    ['a fee in all beyond policy’s', { gas: 10n ** 6n, maxFeePerGas: 10n * gwei + 1n }, 'fee-above-ceiling'],
    // gas × price wraps to 0 in 256 bits.
    ['gas × price of 2^256', { gas: 2n ** 32n, maxFeePerGas: 2n ** 224n }, 'fee-above-ceiling'],
    ['gas × price of 2^256, by a small gas limit', { gas: 2n ** 16n, maxFeePerGas: 2n ** 240n }, 'fee-above-ceiling'],
    ['the highest price', { maxFeePerGas: most, maxPriorityFeePerGas: 1n }, 'fee-above-ceiling'],
  ];
  for (const [what, of, reason] of attacks) {
    it(`E5: ${what}: ${reason}`, async () => {
      await refused(station, () => station.sign(['w-1'], station.payment(of)), reason, 'transaction');
    });
  }

  it('E5: gas × price of 2^256 is no fee of 0, even where policy bounds only the whole', async () => {
    const unbounded = (d: string): string => d.replace("'200000000000'", `'${2n ** 255n}'`);
    await restartUnder(station, unbounded);
    for (const [gas, maxFeePerGas] of [
      [2n ** 32n, 2n ** 224n],
      [2n ** 16n, 2n ** 240n],
    ]) {
      const unsigned = station.payment({ gas, maxFeePerGas });
      await refused(station, () => station.sign(['w-1'], unsigned), 'fee-above-ceiling', 'transaction');
    }
  });

  it('E5: a legacy price is bounded the same way', async () => {
    const legacy = (gasPrice: bigint, gas = 21_000n) =>
      unsignedOf({ type: 'legacy', chainId: 31337, to: plain(alicesAddress), value: 10n ** 18n, gasPrice, gas });
    await refused(station, () => station.sign(['w-1'], legacy(201n * gwei)), 'fee-above-ceiling', 'transaction');
    await refused(station, () => station.sign(['w-1'], legacy(100n * gwei)), 'fee-above-approved', 'transaction');
  });

  it('E5: a priority fee above the maximum fee', async () => {
    // Serialized by hand: viem refuses to.
    const unsigned = station.payment({ maxFeePerGas: 2n * gwei, maxPriorityFeePerGas: 2n * gwei });
    const hex = Buffer.from(unsigned).toString('hex');
    const price = '8477359400';
    expect(hex.split(price)).toHaveLength(3);
    const inverted = new Uint8Array(Buffer.from(hex.replace(price, '8477359401'), 'hex'));
    await refused(station, () => station.sign(['w-1'], inverted), 'priority-fee-above-max', 'transaction');
  });

  it('E5: a fee ceiling in the intent that is above policy’s', async () => {
    const greedy = () => alice.authorize('w-2', { maxFee: 10n ** 16n + 1n });
    await refused(station, greedy, 'fee-ceiling-above-policy', 'withdrawal');
  });

  it('E5: a replacement that raises its fee beyond what was approved', async () => {
    const first = await station.sign(['w-1']);
    await station.settle();
    const dearer = station.payment({ maxFeePerGas: 50n * gwei });
    await refused(station, () => station.sign(['w-1'], dearer, first.id), 'fee-above-approved', 'transaction');
  });

  it('E5: up to exactly what was approved it is signed', async () => {
    await station.sign(['w-1'], station.payment({ gas: 10n ** 6n, maxFeePerGas: gwei }));
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });
});
