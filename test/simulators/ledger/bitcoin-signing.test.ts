import { hexToBytes } from '@noble/curves/utils.js';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { mainnet, testnet } from '../../../simulators/ledger/apps/bitcoin/network.ts';
import { amountText } from '../../../simulators/ledger/apps/bitcoin/signing/amount.ts';
import { BitcoinAccount, kinds } from './bitcoin-account.ts';
import { policyOf, register, signAs } from './bitcoin-client.ts';
import { BitcoinHolder } from './bitcoin-holder.ts';
import { BitcoinPayment, type Plan } from './bitcoin-payment.ts';

const elsewhere = hexToBytes('0014c0cebcd6c3d3ca8c75dc5ec62ebe55330ef910e2');

const holders: BitcoinHolder[] = [];
function hold(network = mainnet): BitcoinHolder {
  const holder = new BitcoinHolder(network);
  holders.push(holder);
  return holder;
}
afterEach(() => {
  for (const holder of holders.splice(0)) holder.device.close();
});

const coin = fc.record({
  amount: fc.bigInt({ min: 100_000n, max: 2_000_000_000n }),
  change: fc.boolean(),
  index: fc.nat(2 ** 31 - 1),
  sequence: fc.constantFrom(0, 1, 0xfffffffd, 0xfffffffe, 0xffffffff),
});
const plans: fc.Arbitrary<Plan> = fc
  .record({
    coins: fc.array(coin, { minLength: 1, maxLength: 4 }),
    shares: fc.array(
      fc.record({ weight: fc.integer({ min: 1, max: 100 }), change: fc.boolean(), index: fc.nat(2 ** 31 - 1) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    version: fc.constantFrom(1, 2),
    lockTime: fc.nat(0xffffffff),
  })
  .map(({ coins, shares, version, lockTime }) => {
    const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
    const weights = shares.reduce((sum, { weight }) => sum + weight, 7);
    const outputs = shares.map(({ weight, change, index }) => ({
      amount: (total * BigInt(weight)) / BigInt(weights),
      ...(change ? { own: { change, index } } : { script: elsewhere }),
    }));
    return { coins, outputs, version, lockTime };
  });

describe('whatever the host asks to be signed, the signatures are of that transaction', () => {
  it.each(kinds.flatMap((kind) => [mainnet, testnet].map((network) => ({ kind, network }))))(
    '$kind, $network.name',
    async ({ kind, network }) => {
      const account = new BitcoinAccount(kind, network === testnet);
      const holder = hold(network);
      const policy = policyOf(account);
      const hmac = account.isDefault ? null : await register(holder, policy);
      await fc.assert(
        fc.asyncProperty(plans, async (plan) => {
          const payment = new BitcoinPayment(account, plan);
          const seen: string[] = [];
          const signatures = await signAs(holder, payment.psbt, policy, hmac, seen);
          expect(signatures.map(([i]) => i)).toEqual(plan.coins.map((_, i) => i));
          for (const [i, signature] of signatures) expect(payment.verifies(i, signature), `input ${i}`).toBe(true);
          const paid = plan.outputs.filter(({ own }) => own === undefined);
          const shown = seen.filter((screen) => screen.startsWith('Amount'));
          expect(shown).toEqual(
            paid.length === 0
              ? [`Amount\n0 ${network.ticker} (self-transfer)`]
              : paid.map(({ amount }) => expect.stringContaining(amountText(amount, network.ticker).slice(0, 10))),
          );
          await holder.press('both');
        }),
        { numRuns: 3 },
      );
    },
    10_000,
  );
});
