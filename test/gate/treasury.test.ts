import { describe, expect, it } from 'vitest';
import {
  type Address,
  type AssetId,
  type OperatorName,
  paymentSet,
  type TransactionId,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { OperatorSignature } from '../../src/gate/cases.ts';
import type { Policy } from '../../src/gate/policy.ts';
import { decideTreasury, explainTreasury, type TreasuryCase } from '../../src/gate/treasury.ts';
import { anchor, effects, moment, transaction } from './hand-made.ts';

const chain = 'eip155:31337';
const ether = `${chain}/slip44:60` as AssetId;
const cold = `${chain}:0x90F79bf6EB2c4f870365E785982E1f101E93b906` as Address;
const treasury = `${chain}:0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65` as Address;
const foreign = `${chain}:0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC` as Address;
const names = ['olga', 'otto', 'oscar'] as OperatorName[];

const base = moment().policy;
const [walletId] = base.wallets.keys();
if (walletId === undefined) throw new Error('the hand-made policy has no wallet');
const wallet = base.wallets.get(walletId);
if (wallet === undefined) throw new Error('the hand-made policy has no wallet');
const second = { ...wallet, id: 'cold-1' as typeof walletId, address: foreign };

/** Two of three operators; a treasury list with a cold wallet. */
const policy: Policy = {
  ...base,
  operators: {
    rpId: 'localhost',
    origins: ['http://localhost:7445'],
    quorum: 2,
    people: names.map((name) => ({
      name,
      credential: `credential-of-${name}-xxxxxxx` as never,
      key: 'key',
      class: 'device',
      backupEligible: false,
    })),
    recovery: { quorum: 1, people: [] },
    delays: { policy: 0, thaw: 0, reinstate: 0 },
    openFor: 1,
  },
  treasury: [
    { address: cold, label: 'cold', evacuation: true },
    { address: treasury, label: 'market maker', evacuation: false },
  ],
};

const pays = (destination: Address, amount = 10n ** 18n, asset = ether) =>
  effects({ payments: [{ asset, destination, amount, weight: 1n }] });

const signed = (...by: OperatorName[]): OperatorSignature[] =>
  by.map((operator) => ({
    operator,
    verification: { genuine: true, evidence: { signCount: 0, backupState: false } } as never,
    record: undefined,
  }));

function transfer(of: Partial<TreasuryCase> = {}): TreasuryCase {
  return {
    ...moment(),
    policy,
    phase: 'first',
    kind: 'transfer',
    id: 'd'.repeat(64),
    wallet,
    effects: pays(treasury),
    anchorId: of.effects?.anchors[0] ?? 'nonce:0',
    anchor: undefined,
    otherAnchors: [],
    walletState: undefined,
    newest: undefined,
    newestPayments: [],
    operators: names.slice(0, 2),
    signatures: [],
    ...of,
  };
}

function voiding(of: Partial<TreasuryCase> = {}): TreasuryCase {
  return transfer({
    kind: 'void',
    effects: pays(wallet?.address ?? cold, 0n),
    anchor: anchor(),
    newest: transaction({ state: 'PERMITTED' }),
    ...of,
  });
}

const reason = (of: TreasuryCase): string | undefined => decideTreasury(of).refusal?.reason;
const freeze = { scope: 'station', active: true, who: 'olga', why: 'a test', since: 0 as never } as const;

describe('I1: a transfer of the station’s own money', () => {
  it('goes to policy’s treasury list, and to another wallet of the station', () => {
    expect(decideTreasury(transfer()).approved).toBe(true);
    const wallets = new Map([...policy.wallets, [second.id, second] as const]);
    expect(reason(transfer({ effects: pays(foreign) }))).toBe('transfer-elsewhere');
    expect(reason(transfer({ effects: pays(foreign), policy: { ...policy, wallets } }))).toBeUndefined();
  });

  it('goes nowhere else, not to itself, not to a denied address, and not with one payment of several', () => {
    expect(reason(transfer({ effects: pays(wallet?.address ?? cold) }))).toBe('transfer-elsewhere');
    expect(reason(transfer({ policy: { ...policy, denied: new Set([treasury]) } }))).toBe('transfer-elsewhere');
    const [one] = pays(treasury).payments;
    const [other] = pays(foreign).payments;
    if (one === undefined || other === undefined) throw new Error('no payments');
    expect(reason(transfer({ effects: effects({ payments: [one, other] }) }))).toBe('transfer-elsewhere');
    expect(reason(transfer({ effects: effects({ payments: [] }) }))).toBe('payment-unmatched');
    expect(reason(transfer({ effects: pays(treasury, 0n) }))).toBe('amount-mismatch');
    const unknown = `${chain}/erc20:0x0000000000000000000000000000000000000001` as AssetId;
    expect(reason(transfer({ effects: pays(treasury, 1n, unknown) }))).toBe('token-unknown');
  });

  it('S5: needs the quorum: one operator, or one of them twice, is none', () => {
    expect(reason(transfer({ operators: names.slice(0, 1) }))).toBe('quorum-missing');
    expect(reason(transfer({ operators: ['olga', 'olga'] as OperatorName[] }))).toBe('quorum-missing');
    const noOperators = { ...policy, operators: undefined };
    expect(reason(transfer({ policy: noOperators }))).toBe('quorum-missing');
  });

  it('D4, S5: before the device the signatures are counted again, of operators who still stand', () => {
    const own = {
      phase: 'again' as const,
      operators: [],
      anchor: anchor({ transaction: 'd'.repeat(64) as TransactionId }),
    };
    expect(
      reason(transfer({ ...own, signatures: signed('olga' as OperatorName, 'otto' as OperatorName) })),
    ).toBeUndefined();
    expect(reason(transfer({ ...own, operators: names, signatures: [] }))).toBe('quorum-missing');
    const suspended = signed('olga' as OperatorName, 'otto' as OperatorName).map((s, i) =>
      i === 0 ? { ...s, record: { suspended: true, by: 'otto' } as never } : s,
    );
    expect(reason(transfer({ ...own, signatures: suspended }))).toBe('quorum-missing');
  });

  it('stops under a freeze, but for an evacuation to policy’s cold wallets', () => {
    expect(reason(transfer({ freezes: [freeze] }))).toBe('frozen');
    expect(reason(transfer({ freezes: [freeze], effects: pays(cold) }))).toBeUndefined();
    const [safe] = pays(cold).payments;
    const [out] = pays(treasury).payments;
    if (safe === undefined || out === undefined) throw new Error('no payments');
    expect(reason(transfer({ freezes: [freeze], effects: effects({ payments: [safe, out] }) }))).toBe('frozen');
    expect(reason(voiding({ freezes: [freeze] }))).toBe('frozen');
  });

  it('waits for a trusted clock, and keeps to its chain, policy’s fees and the nonce window', () => {
    expect(reason(transfer({ clockSuspect: true }))).toBe('clock-suspect');
    expect(reason(transfer({ wallet: undefined }))).toBe('wallet-unknown');
    expect(reason(transfer({ effects: { ...pays(treasury), chain: 'eip155:1' as never } }))).toBe('chain-mismatch');
    expect(reason(transfer({ effects: { ...pays(treasury), maxFee: 10n ** 30n } }))).toBe('fee-above-ceiling');
    expect(reason(transfer({ effects: { ...pays(treasury), accessListEntries: 9 } }))).toBe('access-list-refused');
    const far = { ...pays(treasury), anchors: ['nonce:99'], nonce: 99 };
    expect(reason(transfer({ effects: far }))).toBe('nonce-out-of-window');
  });

  it('I4: never takes a nonce that belongs to a customer’s payment', () => {
    expect(reason(transfer({ anchor: anchor(), newest: transaction() }))).toBe('nonce-used');
  });

  it('I4: takes the place of a transfer with the same payments only', () => {
    const paymentOf = paymentSet(['act:1']);
    const newest = transaction({ kind: 'transfer', state: 'SIGNED', pays: [], paymentSet: paymentOf, maxFee: 1n });
    const at = { anchor: anchor({ paymentSet: newest.paymentSet }), newest };
    expect(reason(transfer({ ...at, newestPayments: pays(treasury).payments }))).toBeUndefined();
    expect(reason(transfer({ ...at, newestPayments: pays(treasury, 1n).payments }))).toBe('replacement-differs');
    expect(reason(transfer({ ...at, newestPayments: pays(cold).payments }))).toBe('replacement-differs');
  });
});

describe('I4: a void', () => {
  it.each(['PERMITTED', 'SIGNED', 'WITHHELD', 'DECLINED', 'UNCERTAIN'] as const)(
    'takes the place of one that is %s',
    (state) => {
      expect(reason(voiding({ newest: transaction({ state, maxFee: 1n }) }))).toBeUndefined();
    },
  );

  it('pays more than what was released: nodes would not take it, and it would void nothing', () => {
    expect(reason(voiding({ newest: transaction({ state: 'SIGNED' }) }))).toBe('replacement-underpriced');
  });

  it.each(['REPLACED', 'VOIDED'] as const)('not of one that is %s', (state) => {
    expect(reason(voiding({ newest: transaction({ state }) }))).toBe('anchor-taken');
  });

  it('not while the device shows it', () => {
    expect(reason(voiding({ newest: transaction({ state: 'SENT' }) }))).toBe('replacement-in-flight');
  });

  it('spends exactly the anchor of what it voids, the newest on it', () => {
    const elsewhere = { ...pays(wallet?.address ?? cold, 0n), anchors: ['nonce:1'], nonce: 1 };
    expect(reason(voiding({ effects: elsewhere }))).toBe('void-differs');
    expect(reason(voiding({ anchor: anchor({ transaction: 'e'.repeat(64) as TransactionId }) }))).toBe('anchor-taken');
    expect(reason(voiding({ anchor: undefined }))).toBe('anchor-taken');
    expect(reason(voiding({ newest: undefined }))).toBe('anchor-taken');
    expect(reason(voiding({ newest: transaction({ wallet: 'other' as never }) }))).toBe('void-differs');
  });

  it('pays zero to its own wallet and does nothing else', () => {
    const own = wallet?.address ?? cold;
    expect(reason(voiding({ effects: pays(own, 1n) }))).toBe('void-differs');
    expect(reason(voiding({ effects: pays(treasury, 0n) }))).toBe('void-differs');
    const token = `${chain}/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3` as AssetId;
    expect(reason(voiding({ effects: pays(own, 0n, token) }))).toBe('void-differs');
    expect(reason(voiding({ effects: effects({ payments: [] }) }))).toBe('void-differs');
    const [nothing] = pays(own, 0n).payments;
    if (nothing === undefined) throw new Error('no payment');
    expect(reason(voiding({ effects: effects({ payments: [nothing, nothing] }) }))).toBe('void-differs');
  });

  it('goes before its device again after a person declined it there, in no other state', () => {
    const id = 'd'.repeat(64) as TransactionId;
    const own = (state: 'DECLINED' | 'SIGNED') =>
      voiding({ anchor: anchor({ transaction: id }), newest: transaction({ id, kind: 'void', state }) });
    expect(reason(own('DECLINED'))).toBeUndefined();
    expect(reason(own('SIGNED'))).toBe('transaction-not-retryable');
  });

  it('before its device holds its anchor by its own id', () => {
    const again = { phase: 'again' as const, signatures: signed(...names) };
    const id = 'd'.repeat(64) as TransactionId;
    expect(reason(voiding({ ...again, anchor: anchor({ transaction: id }) }))).toBeUndefined();
    expect(reason(voiding(again))).toBe('anchor-taken');
  });
});

describe('what operators are told before anyone signs', () => {
  it('is what makes the bytes wrong for good, not who signed, nor what passes', () => {
    const passing = transfer({ operators: [], freezes: [freeze], clockSuspect: true, w: 0 as WitnessedMs });
    expect(explainTreasury(passing).approved).toBe(true);
    expect(explainTreasury(transfer({ effects: pays(foreign) })).refusal?.reason).toBe('transfer-elsewhere');
  });
});
