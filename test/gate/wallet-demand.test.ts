import { describe, expect, it } from 'vitest';
import type { FactorId, OperatorName, OperatorRecord, WallMs } from '../../src/domain/index.ts';
import type { Evidence, OperatorSignature, TransactionCase } from '../../src/gate/cases.ts';
import { decideTransaction } from '../../src/gate/decide.ts';
import { walletsDemanding } from '../../src/gate/policy/wallet-demand.ts';
import { evidenceForWallet } from '../../src/gate/rules/evidence-sufficient.ts';
import { ether, tokenAsset, walletId } from '../custody/station.ts';
import { foundOperators } from '../custody/test-operators.ts';
import { evidence, paid, policyOf, transactionCase, withdrawalIntent } from './hand-made.ts';
import { wholePolicy } from './whole-policy.ts';

// Two renderings instead of a screen: what a wallet that signs without a person wants above an amount.

const eth = 10n ** 18n;
const { member } = foundOperators({});

function demanding(demand: string) {
  return policyOf(
    (d) =>
      `${d
        .replace('accepts: [device, synced]', 'accepts: [device, totp]')
        .replace("first_nonce: '0' }", `first_nonce: '0', evidence: ${demand} }`)}${member}`,
  );
}

const above = `above: [{ asset: '${ether}', amount: '${eth}' }]`;
const passkey = evidence();
const codes = evidence({ id: 'C'.repeat(43) as FactorId, kind: 'totp', class: 'totp' });
const lacks = 'needs one more factor of a class other than webauthn';

function signature(name: string, of: Partial<OperatorSignature> = {}): OperatorSignature {
  return { operator: name as OperatorName, verification: passkey.verification, record: undefined, ...of };
}

const suspended: OperatorRecord = {
  name: 'omar' as OperatorName,
  credential: 'A'.repeat(43) as FactorId,
  signCount: 0,
  backupState: false,
  suspended: true,
  by: 'olivia',
  why: '',
  since: 0 as WallMs,
  history: [],
};
const both = [signature('olivia'), signature('omar')];
const forged: OperatorSignature['verification'] = { genuine: false, reason: 'signature-invalid', message: 'no' };

/** A withdrawal of so much, with the evidence and operators' approvals that were kept of it. */
function withdrawal(amount: bigint, kept: readonly Evidence[], approvals: readonly OperatorSignature[] = []) {
  const made = paid({}, withdrawalIntent({ amount: String(amount) }));
  return { ...made, evidence: kept, approvals };
}

function judged(demand: string, ...withdrawals: TransactionCase['withdrawals']) {
  const policy = demanding(demand);
  return evidenceForWallet.judge(transactionCase({ policy, wallet: policy.wallets.get(walletId), withdrawals }));
}

describe('what a wallet demands above an amount', () => {
  it('A5: above it, evidence of one class is refused, and of two is enough', () => {
    const demand = `{ classes: 2, ${above} }`;
    expect(judged(demand, withdrawal(eth, [passkey])).passed).toBe(true);
    expect(judged(demand, withdrawal(eth + 1n, [passkey]))).toMatchObject({
      passed: false,
      reason: 'attestation-insufficient',
      message: lacks,
      details: { wallet: walletId, withdrawal: 'w-1', has: '1 webauthn', takes: 'evidence of 2 different classes' },
    });
    expect(judged(demand, withdrawal(eth + 1n, [passkey, codes])).passed).toBe(true);
    // Each withdrawal of a batch by itself.
    const batch = [withdrawal(eth, [passkey]), withdrawal(eth, [passkey])];
    expect(judged(demand, ...batch).passed).toBe(true);
    expect(judged(demand, ...batch, withdrawal(eth + 1n, [passkey])).passed).toBe(false);
  });

  it('A5: of an asset that has no amount there, it is demanded of every withdrawal', () => {
    const demand = `{ classes: 2, above: [{ asset: '${tokenAsset}', amount: '${10n * eth}' }] }`;
    expect(judged(demand, withdrawal(1n, [passkey])).passed).toBe(false);
    expect(judged(demand, withdrawal(1n, [passkey, codes])).passed).toBe(true);
  });

  it('A5: operators do in its place where policy says so: a quorum, in good standing, who signed exactly this', () => {
    const demand = `{ classes: 2, ${above}, or_operators: true }`;
    const by = (...approvals: OperatorSignature[]) => judged(demand, withdrawal(2n * eth, [passkey], approvals));
    expect(by(...both).passed).toBe(true);
    for (const approvals of [
      [],
      [signature('olivia')],
      [signature('olivia'), signature('olivia')],
      [signature('olivia'), signature('omar', { record: suspended })],
      [signature('olivia'), signature('omar', { verification: forged })],
      [signature('rita'), signature('rolf')],
    ])
      expect(by(...approvals)).toMatchObject({
        passed: false,
        reason: 'attestation-insufficient',
        message: `${lacks}; or the approval of 2 operators`,
        details: { operators: '2', wallet: walletId },
      });
    // Where policy does not, they are no evidence.
    expect(judged(`{ classes: 2, ${above} }`, withdrawal(2n * eth, [passkey], both))).toMatchObject({
      passed: false,
      message: lacks,
    });
    expect(judged(demand, withdrawal(2n * eth, [passkey, codes])).passed).toBe(true);
  });

  it('A5: they stand in for what the wallet demands, not for what every approval takes', () => {
    const policy = demanding(`{ classes: 2, or_operators: true }`);
    const wallet = policy.wallets.get(walletId);
    const decided = (kept: readonly Evidence[]) =>
      decideTransaction(transactionCase({ policy, wallet, withdrawals: [withdrawal(eth, kept, both)] }));
    expect(decided([passkey]).approved).toBe(true);
    expect(decided([codes]).refusal?.reason).toBe('attestation-insufficient');
    expect(decided([]).approved).toBe(false);
  });

  it('says what it found', () => {
    expect(judged(`{ classes: 2, ${above}, or_operators: true }`, withdrawal(eth, [passkey]))).toEqual({
      passed: true,
      explanation: `each withdrawal has what ${walletId} takes: evidence of 2 different classes, for more than 1 ETH and any amount of another asset, or in its place the approval of the operators’ quorum`,
    });
  });
});

describe('the wallets that demand something of a payment', () => {
  it('are those of its chain, above their amounts', () => {
    const of = (asset: typeof ether, amount: bigint) =>
      walletsDemanding({ asset, amount }, wholePolicy()).map(([id]) => id);
    expect(of(ether, 15n * 10n ** 17n)).toEqual(['hot']);
    expect(of(ether, 15n * 10n ** 17n + 1n)).toEqual(['hot', 'desk']);
    expect(of(tokenAsset, 1n)).toEqual(['hot', 'desk']);
    expect(of('bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:0' as typeof ether, 1n)).toEqual([]);
  });
});
