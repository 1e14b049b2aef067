import { describe, expect, it } from 'vitest';
import type { ChainId } from '../../src/domain/index.ts';
import { decideTransaction } from '../../src/gate/decide.ts';
import { effects, paid, policyOf, transactionCase, withdrawalIntent } from '../gate/hand-made.ts';

// An emulated station may name test networks only, and none of those has such fees: so the gate is asked itself.
describe('E9: a chain whose fee is not all in the transaction', () => {
  const op = 'eip155:10';
  const onOp = (document: string): string => document.replaceAll('eip155:31337', op);
  const bounded = (bound: string) => (document: string) =>
    onOp(document).replace('access_list_entries: 0 }', `access_list_entries: 0, data_fee: '${bound}' }`);

  it('E9: is refused unless policy names a bound: the policy does not even load', () => {
    expect(() => policyOf(onOp)).toThrow('policy.chains[0].data_fee: is missing: eip155:10 charges fees');
    expect(() => policyOf(bounded('0'))).toThrow('policy.chains[0].data_fee');
  });

  const intent = withdrawalIntent({
    asset: `${op}/slip44:60`,
    destination: `${op}:0x70997970C51812dc3A010C7d01b50e0d17dc79C8`,
  });
  const of = (bound: string, fee: bigint) => {
    const policy = policyOf(bounded(bound));
    const { asset, destination, amount } = intent.intent;
    const payment = paid({}, intent);
    const listing = payment.listed.listing;
    const entry = payment.listed.entry;
    return transactionCase({
      policy,
      wallet: [...policy.wallets.values()][0],
      effects: effects({ chain: op as ChainId, payments: [{ asset, destination, amount, weight: 1n }], maxFee: fee }),
      withdrawals: [
        {
          ...payment,
          listed: {
            listing: listing === undefined ? undefined : { ...listing, destination },
            entry: entry === undefined ? undefined : { ...entry, destination },
          },
        },
      ],
    });
  };
  const approved = 10n ** 15n;

  it('E9: what the chain may add counts towards what the customer approved, and towards policy’s ceiling', () => {
    const verdict = (bound: bigint, fee: bigint) => decideTransaction(of(String(bound), fee));
    expect(verdict(1n, approved - 1n)).toMatchObject({ approved: true });
    expect(verdict(1n, approved).refusal?.reason).toBe('fee-above-approved');
    expect(verdict(approved, 0n)).toMatchObject({ approved: true });
    expect(verdict(approved, 1n).refusal?.reason).toBe('fee-above-approved');
    expect(verdict(10n ** 16n, 1n).refusal?.reason).toBe('fee-above-ceiling');
  });

  it('E9: a bound that went missing all the same refuses', () => {
    const case_ = of('1', 1n);
    const chains = new Map([...case_.policy.chains].map(([chain, policy]) => [chain, { ...policy, dataFee: 0n }]));
    const verdict = decideTransaction({ ...case_, policy: { ...case_.policy, chains } });
    expect(verdict.refusal?.reason).toBe('data-fee-unbounded');
  });
});
