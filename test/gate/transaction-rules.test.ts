import { describe, expect, it } from 'vitest';
import {
  type AccountId,
  type Address,
  type ChainId,
  type EntryId,
  type FactorId,
  hour,
  paymentSet,
  type Reason,
  type StationName,
  type TransactionId,
  type TransactionState,
  transactionStates,
  type WalletId,
  type WallMs,
  type WithdrawalId,
  type WithdrawalState,
  withdrawalStates,
} from '../../src/domain/index.ts';
import type { TransactionCase } from '../../src/gate/cases.ts';
import { decideTransaction } from '../../src/gate/decide.ts';
import type { Judgement, Rule } from '../../src/gate/rule.ts';
import { anchorHolds, nonceInWindow } from '../../src/gate/rules/anchor-holds.ts';
import { assetsRegistered } from '../../src/gate/rules/assets-registered.ts';
import { destinationsStand } from '../../src/gate/rules/destination-stands.ts';
import { approvalsStand } from '../../src/gate/rules/evidence-genuine.ts';
import { evidenceForWallet, evidenceStillSufficient } from '../../src/gate/rules/evidence-sufficient.ts';
import {
  accessListWithinPolicy,
  dataFeeBounded,
  feeWithinApproved,
  feeWithinPolicy,
} from '../../src/gate/rules/fees-bounded.ts';
import { payByAheadOfAll } from '../../src/gate/rules/pay-by-ahead.ts';
import { paymentsMatch } from '../../src/gate/rules/payments-match.ts';
import { chainMatches, walletKnown } from '../../src/gate/rules/wallet-chain.ts';
import { walletStated } from '../../src/gate/rules/wallet-stated.ts';
import { alicesAddress, ether, tokenAsset, walletId } from '../custody/station.ts';
import {
  anchor,
  bobsAddress,
  effects,
  evidence,
  factor,
  id,
  listed,
  mfaToken,
  now,
  paid,
  policyOf,
  transaction,
  transactionCase,
  withdrawalIntent,
} from './hand-made.ts';

function judge(rule: Rule<TransactionCase>, of: Partial<TransactionCase> = {}): Judgement {
  return rule.judge(transactionCase(of));
}

function expectPass(judgement: Judgement): void {
  expect(judgement).toMatchObject({ passed: true, explanation: expect.stringMatching(/./) });
}

function expectRefusal(judgement: Judgement, reason: Reason, message: RegExp | string = /./): void {
  expect(judgement).toMatchObject({ passed: false, reason, message: expect.stringMatching(message) });
}

const one = { asset: ether, destination: alicesAddress, amount: 10n ** 18n, weight: 1n };
const other = 'd'.repeat(64) as TransactionId;
const second = () => paid({}, withdrawalIntent({ withdrawal: 'w-2' }));

describe('what the bytes do', () => {
  it('wallet-known refuses a wallet that policy does not name', () => {
    expectPass(judge(walletKnown));
    expectRefusal(judge(walletKnown, { wallet: undefined }), 'wallet-unknown');
  });

  it('E2: chain-matches refuses another chain than the wallet’s, and no wallet', () => {
    expectPass(judge(chainMatches));
    expectRefusal(judge(chainMatches, { effects: effects({ chain: 'eip155:1' as ChainId }) }), 'chain-mismatch');
    expectRefusal(judge(chainMatches, { wallet: undefined }), 'chain-mismatch');
  });

  it('E3: assets-registered refuses an unknown asset, and any payment above its ceiling', () => {
    expectPass(judge(assetsRegistered));
    const policy = policyOf((d) => d.replace(/ {2}- \{ asset: '[^']*erc20.*\n/, ''));
    const token = effects({ payments: [{ ...one, asset: tokenAsset, amount: 1n }] });
    expectPass(judge(assetsRegistered, { effects: token }));
    expectRefusal(judge(assetsRegistered, { effects: token, policy }), 'token-unknown');
    const ceiling = (amount: bigint) =>
      judge(assetsRegistered, { effects: effects({ payments: [one, { ...one, amount }] }) });
    expectPass(ceiling(100n * 10n ** 18n));
    expectRefusal(ceiling(100n * 10n ** 18n + 1n), 'amount-above-ceiling');
  });

  it('E4: access-list-within-policy refuses one entry too many', () => {
    expectPass(judge(accessListWithinPolicy));
    expectRefusal(judge(accessListWithinPolicy, { effects: effects({ accessListEntries: 1 }) }), 'access-list-refused');
    const policy = policyOf((d) => d.replace('access_list_entries: 0', 'access_list_entries: 1'));
    expectPass(judge(accessListWithinPolicy, { policy, effects: effects({ accessListEntries: 1 }) }));
    const chain = 'eip155:1' as ChainId;
    expectRefusal(
      judge(accessListWithinPolicy, { policy, effects: effects({ chain, accessListEntries: 1 }) }),
      'access-list-refused',
    );
  });

  it('E9: data-fee-bounded refuses a chain with such fees and no bound', () => {
    expectPass(judge(dataFeeBounded));
    expectRefusal(judge(dataFeeBounded, { effects: effects({ chain: 'eip155:10' as ChainId }) }), 'data-fee-unbounded');
  });

  it('E5: fee-within-policy refuses each ceiling by one wei', () => {
    const fee = (of: Parameters<typeof effects>[0]) => judge(feeWithinPolicy, { effects: effects(of) });
    expectPass(fee({ maxFee: 10n ** 16n }));
    expectRefusal(fee({ maxFee: 10n ** 16n + 1n }), 'fee-above-ceiling');
    expectPass(fee({ feeRate: 200n * 10n ** 9n, priorityFeeRate: 0n }));
    expectRefusal(fee({ feeRate: 200n * 10n ** 9n + 1n, priorityFeeRate: 0n }), 'fee-above-ceiling');
    expectRefusal(fee({ feeRate: 1n, priorityFeeRate: 2n }), 'priority-fee-above-max');
    expectRefusal(fee({ chain: 'eip155:1' as ChainId }), 'chain-mismatch');
  });
});

const attesters = `attesters:
  - { issuer: mfa.example, kid: m1, jwk: { kty: OKP, crv: Ed25519, x: ${'D'.repeat(43)} } }
`;

describe('what the bytes do, against what was approved', () => {
  it('I2: payments-match wants one payment a withdrawal, and names what differs', () => {
    expectPass(judge(paymentsMatch));
    const pays = (...payments: (typeof one)[]) => judge(paymentsMatch, { effects: effects({ payments }) });
    expectRefusal(pays({ ...one, amount: 1n }), 'amount-mismatch');
    expectRefusal(pays({ ...one, destination: bobsAddress }), 'destination-mismatch');
    expectRefusal(pays({ ...one, asset: tokenAsset }), 'asset-mismatch');
    expectRefusal(pays(), 'payment-unmatched');
    expectRefusal(pays(one, one), 'payment-unmatched');
    expectRefusal(judge(paymentsMatch, { withdrawals: [] }), 'payment-unmatched');
    expectRefusal(judge(paymentsMatch, { withdrawals: [paid(), second()] }), 'payment-unmatched');
    expectRefusal(judge(paymentsMatch, { withdrawals: [], effects: effects({ payments: [] }) }), 'payment-unmatched');
  });

  it('I2: a batch is matched one to one, in whatever order', () => {
    const bob = paid({}, withdrawalIntent({ withdrawal: 'w-2', destination: bobsAddress }));
    const both = effects({ payments: [{ ...one, destination: bobsAddress }, one] });
    expectPass(judge(paymentsMatch, { withdrawals: [paid(), bob], effects: both }));
    const twice = effects({ payments: [one, one] });
    expectRefusal(judge(paymentsMatch, { withdrawals: [paid(), bob], effects: twice }), 'destination-mismatch');
    expectPass(judge(paymentsMatch, { withdrawals: [paid(), second()], effects: twice }));
  });

  it('E5: fee-within-approved holds each share against its owner’s ceiling', () => {
    const fee = (maxFee: bigint) => judge(feeWithinApproved, { effects: effects({ maxFee }) });
    expectPass(fee(10n ** 15n));
    expectRefusal(fee(10n ** 15n + 1n), 'fee-above-approved');
    expectRefusal(judge(feeWithinApproved, { withdrawals: [] }), 'fee-above-approved');
    const cheap = paid({}, withdrawalIntent({ withdrawal: 'w-2', destination: bobsAddress, max_fee: '10' }));
    const batch = (maxFee: bigint, payments: (typeof one)[]) =>
      judge(feeWithinApproved, { withdrawals: [paid(), cheap], effects: effects({ maxFee, payments }) });
    const toBob = { ...one, destination: bobsAddress };
    // The odd wei falls to the first payment, whoever is named first.
    expectPass(batch(21n, [one, toBob]));
    expectRefusal(batch(21n, [toBob, one]), 'fee-above-approved');
    expectPass(batch(20n, [toBob, one]));
    expectRefusal(batch(22n, [one, toBob]), 'fee-above-approved');
    expectPass(batch(40n, [{ ...one, weight: 3n }, toBob]));
  });

  it('pay-by-ahead binds the first permit of an anchor, and neither a replacement nor a resumption', () => {
    expectPass(judge(payByAheadOfAll));
    const late = { now: (now + hour) as WallMs };
    expectRefusal(judge(payByAheadOfAll, late), 'pay-by-passed');
    expectPass(judge(payByAheadOfAll, { ...late, anchor: anchor() }));
    expectPass(judge(payByAheadOfAll, { ...late, phase: 'again' }));
  });

  it('D1: destinations-stand wants the very entry that each was authorized on, still listed and ripe', () => {
    const stands = (of: ReturnType<typeof listed>) =>
      judge(destinationsStand, { withdrawals: [{ ...paid(), listed: of }] });
    expectPass(stands(listed()));
    expectRefusal(stands({ listing: undefined, entry: undefined }), 'destination-withdrawn');
    expectRefusal(stands(listed({ state: 'removed' })), 'destination-withdrawn');
    expectRefusal(stands(listed({ entry: 'entry-2' as EntryId })), 'destination-withdrawn');
    expectRefusal(stands(listed({ account: 'bob' as AccountId })), 'destination-withdrawn');
    expectRefusal(stands(listed({ state: 'announcing', w0: null, d0: null })), 'destination-unripe');
    expectRefusal(stands(listed({ epoch: 0 })), 'destination-unripe');
    const one_ = paid();
    expectRefusal(
      judge(destinationsStand, { withdrawals: [one_, { ...second(), listed: listed({ state: 'removed' }) }] }),
      'destination-withdrawn',
    );
  });

  it('A9: approvals-stand takes no authorization of an epoch that has passed, whatever approved it', () => {
    const of = (epoch: number) => judge(approvalsStand, { withdrawals: [paid({ epoch })] });
    expect(of(1).passed).toBe(true);
    expectRefusal(of(0), 'factor-revoked');
  });

  it('D4: approvals-stand wants each record to be what its intent says, member by member', () => {
    const stands = (of: Parameters<typeof paid>[0]) => judge(approvalsStand, { withdrawals: [paid(of)] });
    expectPass(stands({}));
    const wrong: Parameters<typeof paid>[0][] = [
      { id: 'w-2' as WithdrawalId },
      { account: 'bob' as AccountId },
      { asset: tokenAsset },
      { amount: 2n },
      { destination: bobsAddress as Address },
      { maxFee: 1n },
      { payBy: now },
      { digest: paymentSet([]) },
    ];
    for (const of of wrong) expectRefusal(stands(of), 'attestation-invalid');
    const { station } = transactionCase();
    // A3: approved for a former generation, or for another station altogether.
    const restored = { ...station, name: `${'9f'.repeat(16)}/2` as StationName };
    expectRefusal(judge(approvalsStand, { station: restored }), 'station-mismatch');
    const anchored = [paid({ anchor: 'nonce:7' })];
    expectPass(judge(approvalsStand, { station: restored, withdrawals: anchored }));
    for (const name of [`${'8e'.repeat(16)}/2`, `${'9f'.repeat(16)}/0`] as StationName[])
      expectRefusal(
        judge(approvalsStand, { station: { ...station, name }, withdrawals: anchored }),
        'station-mismatch',
      );
  });

  it('I4: wallet-stated wants a quorum’s word on what a wallet used, once for each restore', () => {
    const { station } = transactionCase();
    const of = (generation: number, statedFor: number | undefined) =>
      judge(walletStated, {
        station: { ...station, name: `${'9f'.repeat(16)}/${generation}` as StationName },
        walletState:
          statedFor === undefined
            ? undefined
            : { wallet: walletId, nextNonce: 7, nextChange: 0, leastNonce: 7, statedFor },
      });
    expectPass(of(1, undefined));
    expectPass(of(1, 0));
    expectPass(of(2, 2));
    for (const [generation, statedFor] of [
      [2, undefined],
      [2, 0],
      [3, 2],
    ] as const)
      expectRefusal(of(generation, statedFor), 'wallet-unstated');
  });

  it('I4: nonce-in-window takes no new nonce below what operators stated', () => {
    const at = (nonce: number, leastNonce: number) =>
      judge(nonceInWindow, {
        effects: effects({ nonce }),
        walletState: { wallet: walletId, nextNonce: 7, nextChange: 0, leastNonce, statedFor: 2 },
      });
    expectPass(at(7, 7));
    expectPass(at(8, 7));
    expectRefusal(at(6, 7), 'nonce-used');
    expectPass(at(6, 6));
  });

  it('D4: approvals-stand judges the kept evidence again, by the factors as they stand', () => {
    const by = (...kept: ReturnType<typeof evidence>[]) =>
      judge(approvalsStand, { withdrawals: [{ ...paid(), evidence: kept }] });
    expectRefusal(by(), 'attestation-missing');
    expectRefusal(by(evidence({ state: 'removed' })), 'factor-revoked');
    expectRefusal(by(evidence({ account: 'bob' as AccountId })), 'factor-foreign');
    const bad = { genuine: false, reason: 'signature-invalid', message: 'no' } as const;
    expectRefusal(by({ verification: bad, factor: factor() }), 'signature-invalid');
    expectRefusal(
      judge(approvalsStand, { withdrawals: [paid(), { ...second(), evidence: [] }] }),
      'attestation-missing',
    );
  });

  const codes = evidence({ id: 'C'.repeat(43) as FactorId, kind: 'totp', class: 'totp' });
  const accepting = (change: (d: string) => string) =>
    policyOf((d) => change(d.replace('accepts: [device, synced]', 'accepts: [device, hardware, totp]')));

  it('D4: the kept evidence is counted again: what policy takes by now', () => {
    const policy = accepting((d) => d.replace('webauthn: 1', 'webauthn: 1, classes: 2'));
    const by = (...kept: ReturnType<typeof evidence>[]) =>
      judge(evidenceStillSufficient, { policy, withdrawals: [paid(), { ...second(), evidence: kept }].slice(1) });
    expectPass(by(evidence(), codes));
    const refused = by(evidence());
    expectRefusal(refused, 'attestation-insufficient', 'needs one more factor of a class other than webauthn');
    expect(refused).toMatchObject({ details: { withdrawal: 'w-2' } });
    expectRefusal(by(codes), 'attestation-insufficient');
    expectPass(judge(evidenceStillSufficient, {}));
  });

  it('A6: a code alone does not stand, whatever is counted', () => {
    const policy = policyOf(
      (d) =>
        `${d.replace('webauthn: 1, accepts: [device, synced]', 'webauthn: 0, accepts: [totp, mfa-service]')}${attesters}`,
    );
    const by = (...kept: ReturnType<typeof evidence>[]) =>
      judge(evidenceStillSufficient, { policy, withdrawals: [{ ...paid(), evidence: kept }] });
    expectRefusal(by(codes), 'attestation-insufficient', /second factor only/);
    expectPass(by(codes, mfaToken('mfa.example')));
  });

  it('a wallet takes what it demands of each withdrawal that it pays, by the evidence that was kept', () => {
    const policy = accepting((d) =>
      d.replace("first_nonce: '0' }", "first_nonce: '0', evidence: { hardware: 1, classes: 2 } }"),
    );
    const wallet = policy.wallets.get(walletId);
    const by = (...kept: ReturnType<typeof evidence>[]) =>
      judge(evidenceForWallet, {
        policy,
        wallet,
        withdrawals: [
          { ...paid(), evidence: [hard, codes] },
          { ...second(), evidence: kept },
        ],
      });
    const hard = evidence({ id: 'H'.repeat(43) as FactorId, class: 'hardware' });
    expectPass(by(hard, codes));
    const refused = by(evidence());
    expectRefusal(
      refused,
      'attestation-insufficient',
      'needs one more factor of class hardware; needs one more factor of a class other than webauthn',
    );
    expect(refused).toMatchObject({ details: { withdrawal: 'w-2' } });
    expectRefusal(by(hard), 'attestation-insufficient');
    // Another wallet, or none, takes nothing more.
    expectPass(judge(evidenceForWallet, { withdrawals: [paid()] }));
    expectPass(judge(evidenceForWallet, { policy, wallet: undefined, withdrawals: [paid()] }));
    // All of it is read when a transaction is decided.
    const decided = decideTransaction(transactionCase({ policy, wallet, withdrawals: [paid()] }));
    expect(decided.refusal?.message).toMatch(/^needs one more factor of class hardware/);
  });
});

describe('I4: anchors', () => {
  const state = (of: WithdrawalState, rest: Parameters<typeof paid>[0] = {}) => [paid({ state: of, ...rest })];
  const bound = { anchor: 'nonce:0', wallet: walletId };

  it('I4: a first permit takes a free anchor, for withdrawals that are authorized and not bound', () => {
    expectPass(judge(anchorHolds));
    for (const of of withdrawalStates.filter((s) => s !== 'AUTHORIZED' && s !== 'HELD')) {
      expectRefusal(judge(anchorHolds, { withdrawals: state(of) }), 'withdrawal-not-payable');
    }
    const lacks = { operators: 2, heldBy: ['band'] };
    const held = judge(anchorHolds, { withdrawals: [paid(), ...state('HELD', lacks)] });
    expectRefusal(held, 'withdrawal-held');
    expect(held).toMatchObject({ details: { operators: '2', held_by: 'band' } });
    expectRefusal(judge(anchorHolds, { withdrawals: state('AUTHORIZED', bound) }), 'withdrawal-not-payable');
    expectRefusal(judge(anchorHolds, { withdrawals: [] }), 'payment-unmatched');
    expectRefusal(judge(anchorHolds, { wallet: undefined }), 'wallet-unknown');
    expectRefusal(judge(anchorHolds, { replaces: transaction() }), 'replacement-differs');
  });

  it('I4: a withdrawal that is bound to an anchor is paid there and nowhere else', () => {
    expectRefusal(
      judge(anchorHolds, { withdrawals: state('COMMITTED', { ...bound, anchor: 'nonce:1' }) }),
      'anchor-taken',
    );
    const elsewhere = { ...bound, wallet: 'hot-2' as WalletId };
    expectRefusal(judge(anchorHolds, { withdrawals: state('COMMITTED', elsewhere) }), 'anchor-taken');
    const again = { withdrawals: state('COMMITTED', elsewhere), anchor: anchor(), phase: 'again' } as const;
    expectRefusal(judge(anchorHolds, again), 'anchor-taken');
  });

  const replacing = (of: Partial<TransactionCase> = {}): Judgement =>
    judge(anchorHolds, {
      id: other,
      anchor: anchor(),
      replaces: transaction(),
      withdrawals: state('COMMITTED', bound),
      ...of,
    });

  it('I4: a replacement names the anchor’s newest transaction and pays the same set', () => {
    expectPass(replacing());
    expectPass(replacing({ withdrawals: state('SIGNED', bound) }));
    expectRefusal(replacing({ replaces: undefined }), 'replacement-missing');
    expectRefusal(replacing({ replaces: transaction({ id: 'e'.repeat(64) as TransactionId }) }), 'replacement-missing');
    expectRefusal(replacing({ anchor: anchor({ paymentSet: paymentSet(['w-2']) }) }), 'nonce-used');
    expectRefusal(replacing({ replaces: transaction({ paymentSet: paymentSet(['w-2']) }) }), 'replacement-differs');
    expectRefusal(replacing({ replaces: transaction({ anchor: 'nonce:1' }) }), 'replacement-differs');
    expectRefusal(replacing({ replaces: transaction({ wallet: 'hot-2' as WalletId }) }), 'replacement-differs');
    for (const of of withdrawalStates.filter((s) => s !== 'COMMITTED' && s !== 'SIGNED')) {
      expectRefusal(replacing({ withdrawals: state(of, bound) }), 'withdrawal-not-payable');
    }
  });

  it('I4: what is in flight, withheld, replaced or voided is not replaced', () => {
    const replaceable: readonly TransactionState[] = ['SIGNED', 'DECLINED', 'UNCERTAIN'];
    for (const of of transactionStates) {
      const judgement = replacing({ replaces: transaction({ state: of }) });
      if (replaceable.includes(of)) expectPass(judgement);
      else expectRefusal(judgement, 'replacement-in-flight');
    }
  });

  it('I4: what goes on goes on only while the anchor is its own', () => {
    const again = (of: Partial<TransactionCase>) =>
      judge(anchorHolds, { phase: 'again', withdrawals: state('COMMITTED', bound), ...of });
    expectPass(again({ anchor: anchor() }));
    expectRefusal(again({ anchor: undefined }), 'anchor-taken');
    expectRefusal(again({ anchor: anchor({ transaction: other }) }), 'anchor-taken');
    expectRefusal(again({ anchor: anchor({ paymentSet: paymentSet(['w-2']) }) }), 'anchor-taken');
  });

  it('E7: nonce-in-window takes a new nonce from the wallet’s first to below its next + window', () => {
    const at = (nonce: number, nextNonce?: number, of: Partial<TransactionCase> = {}) =>
      judge(nonceInWindow, {
        effects: effects({ anchors: [`nonce:${nonce}`], nonce }),
        walletState:
          nextNonce === undefined
            ? undefined
            : { wallet: walletId, nextNonce, nextChange: 0, leastNonce: 0, statedFor: 0 },
        ...of,
      });
    expectPass(at(0));
    expectPass(at(3));
    expectRefusal(at(4), 'nonce-out-of-window');
    expectPass(at(13, 10));
    expectRefusal(at(14, 10), 'nonce-out-of-window');
    // A gap that was left below is still the wallet's own.
    expectPass(at(2, 10));
    const policy = policyOf((d) => d.replace("first_nonce: '0'", "first_nonce: '5'"));
    const wallet = policy.wallets.get(walletId);
    expectRefusal(at(4, undefined, { wallet }), 'nonce-used');
    expectPass(at(5, undefined, { wallet }));
    expectRefusal(at(0, undefined, { wallet: undefined }), 'nonce-used');
    expectPass(at(99, 10, { anchor: anchor({ anchor: 'nonce:99' }) }));
    expectPass(at(99, 10, { phase: 'again' }));
    expect(id).not.toBe(other);
  });
});
