import { describe, expect, it } from 'vitest';
import { formatDescriptor, parseChainId, paymentSet, type TransactionId, type Wallet } from '../../src/domain/index.ts';
import type { TransactionCase } from '../../src/gate/cases.ts';
import { Members } from '../../src/gate/document.ts';
import { chainsSection } from '../../src/gate/policy/chains.ts';
import { walletsSection } from '../../src/gate/policy/wallets.ts';
import { anchorHolds } from '../../src/gate/rules/anchor-holds.ts';
import {
  accessListWithinPolicy,
  dataFeeBounded,
  feeWithinApproved,
  feeWithinPolicy,
} from '../../src/gate/rules/fees-bounded.ts';
import { treasuryAnchorHolds } from '../../src/gate/rules/treasury-anchor.ts';
import { chainMatches } from '../../src/gate/rules/wallet-chain.ts';
import type { TreasuryCase } from '../../src/gate/treasury-case.ts';
import { anchor, effects, paid, transaction, transactionCase } from './hand-made.ts';
import { multisig, regtest, wholePolicy } from './whole-policy.ts';

// What the rules of anchors and fees say, word for word: operators and clients act on it.

const other = 'd'.repeat(64) as TransactionId;

describe('I4: what a replacement is refused with', () => {
  const bound = (state: 'COMMITTED' | 'SIGNED' | 'VOIDED', of: object = {}) => [
    paid({ state, anchor: 'nonce:0', wallet: transactionCase().wallet?.id ?? null, ...of }),
  ];
  const judge = (of: Partial<TransactionCase>) =>
    anchorHolds.judge(transactionCase({ withdrawals: bound('SIGNED'), anchor: anchor(), ...of }));
  const told = (of: Partial<TransactionCase>) => {
    const judgement = judge(of);
    return judgement.passed ? [judgement.explanation] : [judgement.reason, judgement.message, judgement.details ?? {}];
  };

  it('a withdrawal that is bound elsewhere: where, and where it was asked for', () => {
    expect(told({ withdrawals: bound('COMMITTED', { anchor: 'nonce:9' }) })).toEqual([
      'anchor-taken',
      'withdrawal w-1 is bound to nonce:9 of hot-1: at nonce:0 of hot-1 it could be paid twice',
      { anchor: 'nonce:9' },
    ]);
  });

  it('one that names no other: which transaction it has to name', () => {
    const [reason, message, details] = told({ anchor: anchor({ transaction: other }) });
    expect(reason).toBe('replacement-missing');
    expect(message).toBe(`nonce:0 has transaction ${other}; name it in replaces`);
    expect(details).toEqual({ transaction: other });
    expect(told({ anchor: anchor({ transaction: other }), replaces: transaction() })).toEqual([
      reason,
      message,
      details,
    ]);
  });

  it('one of what operators voided, one of other payments, one on its way, and one of what ended', () => {
    const replaces = transaction();
    expect(told({ replaces: { ...replaces, kind: 'void' } })).toEqual([
      'transaction-voided',
      'operators voided what nonce:0 was for: nothing pays it any more',
      {},
    ]);
    const differs = ['replacement-differs', 'the replacement does not make the same payments on the same anchor', {}];
    expect(told({ replaces: { ...replaces, paymentSet: paymentSet(['w-2']) } })).toEqual(differs);
    expect(told({ replaces: { ...replaces, wallet: 'cold' as Wallet['id'] } })).toEqual(differs);
    expect(told({ replaces: { ...replaces, state: 'SENT' } })).toEqual([
      'replacement-in-flight',
      `transaction ${replaces.id} is SENT`,
      {},
    ]);
    expect(told({ replaces, withdrawals: bound('VOIDED') })).toEqual([
      'withdrawal-not-payable',
      'withdrawal w-1 is VOIDED',
      {},
    ]);
    expect(told({ replaces })).toEqual([`replaces ${replaces.id} on nonce:0, with the same payments`]);
  });
});

describe('E5, E9: fees', () => {
  const policy = wholePolicy();
  const unnamed = parseChainId('eip155:5', 'chain');
  const optimism = parseChainId('eip155:11155420', 'chain');

  it('on a chain that policy does not name nothing is added, and nothing is within policy', () => {
    const of = transactionCase({ effects: effects({ chain: unnamed, maxFee: 10n ** 15n }) });
    expect(feeWithinApproved.judge(of)).toMatchObject({ passed: true });
    expect(feeWithinPolicy.judge(of)).toMatchObject({
      reason: 'chain-mismatch',
      message: 'policy does not name eip155:5',
    });
    expect(accessListWithinPolicy.judge(of)).toMatchObject({ passed: true });
    expect(dataFeeBounded.judge({ ...of, effects: effects({ chain: optimism }) })).toMatchObject({
      reason: 'data-fee-unbounded',
      message: 'eip155:11155420 charges fees that the transaction does not state, and policy sets no bound',
    });
  });

  it('a rate is told in its chain’s own unit', () => {
    const [first] = policy.chains.values();
    const rate = (first?.maxFeeRate ?? 0n) + 1n;
    const high = { feeRate: rate, priorityFeeRate: 0n, chain: first?.chain ?? unnamed };
    expect(feeWithinPolicy.judge(transactionCase({ policy, effects: effects(high) }))).toMatchObject({
      message: `${rate} per gas is above policy’s ${first?.maxFeeRate}`,
    });
    const onBitcoin = {
      feeRate: 200_001n,
      priorityFeeRate: 200_001n,
      chain: parseChainId(regtest, 'chain'),
      nonce: undefined,
    };
    expect(feeWithinPolicy.judge(transactionCase({ policy, effects: effects(onBitcoin) }))).toMatchObject({
      message: '200001 per 1000 virtual bytes is above policy’s 200000',
    });
  });

  it('a bound that policy states for a chain with a data fee is taken, and told', () => {
    const added = { chain: optimism, max_fee: '9', max_fee_per_gas: '9', data_fee: '7', access_list_entries: 0 };
    const stated = (of: object) => ({ ...policy, ...chainsSection.parse(new Members({ chains: [of] }, 'policy')) });
    const parsed = stated(added);
    expect(parsed.chains.get(optimism)?.dataFee).toBe(7n);
    expect(dataFeeBounded.judge({ effects: effects({ chain: optimism }), policy: parsed })).toMatchObject({
      passed: true,
      explanation: 'policy bounds what eip155:11155420 charges beyond the transaction’s own fee by 7',
    });
    const { data_fee: _, ...without } = added;
    expect(() => stated(without)).toThrow(/data_fee: is missing/);
  });
});

describe('I4: what the operators’ own transactions are refused with', () => {
  const judge = (of: Partial<TreasuryCase>) =>
    treasuryAnchorHolds.judge({
      ...transactionCase(),
      kind: 'transfer',
      newest: undefined,
      newestPayments: [],
      operators: [],
      signatures: [],
      ...of,
    });

  it('before its device again: only as what the anchor has', () => {
    const { id } = transactionCase();
    expect(judge({ phase: 'again', anchor: anchor({ transaction: id as TransactionId }) })).toMatchObject({
      passed: true,
      explanation: 'nonce:0 is this transaction’s own',
    });
    for (const taken of [undefined, anchor({ transaction: other })])
      expect(judge({ phase: 'again', anchor: taken })).toMatchObject({
        reason: 'anchor-taken',
        message: 'the anchor has passed to another transaction',
      });
  });

  it('on a free anchor, on a customer’s, and on one whose transaction is gone', () => {
    expect(judge({})).toMatchObject({ passed: true, explanation: 'nonce:0 is free' });
    const held = { anchor: anchor() };
    expect(judge({ ...held, newest: transaction() })).toMatchObject({
      reason: 'nonce-used',
      message: 'nonce:0 of hot-1 belongs to another payment for ever',
    });
    expect(judge(held)).toMatchObject({ reason: 'nonce-used' });
    expect(judge({ ...held, kind: 'void' })).toMatchObject({ reason: 'anchor-taken' });
  });
});

describe('what is said of a wallet', () => {
  it('its chain, or that there is none', () => {
    expect(chainMatches.judge({ wallet: undefined, effects: effects() })).toMatchObject({
      reason: 'chain-mismatch',
      message: `the transaction is for ${effects().chain}, its wallet for no chain`,
    });
  });

  it('one key is on its signer; of several, how many sign', () => {
    const english = (descriptor: string, signers: string[]): readonly string[] =>
      walletsSection.say(
        wholePolicy({
          'wallets[1].descriptor': descriptor,
          'wallets[1].signers': signers,
          'wallets[2].evidence': undefined,
        }),
      );
    const one = formatDescriptor({
      derives: true,
      script: 'wpkh',
      threshold: 1,
      keys: [{ fingerprint: '00000001', path: "m/84'/1'/0'", xpub: 'A'.repeat(111) }],
    });
    expect(english(one, ['ledger']).at(-3)).toBe(
      `vault is ${regtest}:bcrt1qtestonly and the addresses after it of ${one}, on the signer ledger.`,
    );
    expect(english(multisig(2), ['ledger', 'second']).at(-3)).toContain(
      ', of which any 2 sign, on the signers ledger, second.',
    );
  });
});
