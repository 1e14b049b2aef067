import { describe, expect, it } from 'vitest';
import { type CosignatureRecord, day, hour, type WallMs, type WitnessedMs } from '../../src/domain/index.ts';
import type { TransactionCase } from '../../src/gate/cases.ts';
import { checkpointCosigned } from '../../src/gate/rules/checkpoint-cosigned.ts';
import { ether, tokenAsset } from '../custody/station.ts';
import { effects, now, policyOf, transactionCase, w } from './hand-made.ts';
import { witnessKeys } from './whole-policy.ts';

const one = 10n ** 18n;

function cosigned(of: Partial<CosignatureRecord> = {}): CosignatureRecord {
  return {
    witness: witnessKeys[0],
    size: 7,
    root: new Uint8Array(32),
    time: now,
    signature: new Uint8Array(72),
    at: w,
    ...of,
  };
}

/** A case under a policy that asks for a cosigned checkpoint above one ether. */
function judged(of: Partial<TransactionCase> = {}, by = 1, amount = one) {
  const policy = policyOf(
    (document) =>
      `${document}witnesses:\n  keys: ['${witnessKeys[0]}', '${witnessKeys[1]}']\n  large_withdrawals: { cosigned_within: 24h, by: ${by}, above: [{ asset: '${ether}', amount: '${amount}' }] }\n`,
  );
  return checkpointCosigned.judge({ ...transactionCase(), policy, ...of });
}

const payments = (...amounts: bigint[]): TransactionCase['effects'] => {
  const [payment] = effects().payments;
  if (payment === undefined) throw new Error('no payment');
  return effects({ payments: amounts.map((amount) => ({ ...payment, amount })) });
};

const reason = (of: ReturnType<typeof judged>): string => (of.passed ? 'passed' : of.reason);

describe('S4: large withdrawals wait for a cosigned checkpoint', () => {
  it('of one that is above the amount, or of several that are together', () => {
    expect(reason(judged({ effects: payments(one) }))).toBe('passed');
    expect(reason(judged({ effects: payments(one + 1n) }))).toBe('checkpoint-not-cosigned');
    expect(reason(judged({ effects: payments(one, 1n) }))).toBe('checkpoint-not-cosigned');
    const [payment] = payments(one).payments;
    if (payment === undefined) throw new Error('no payment');
    const other = effects({ payments: [payment, { ...payment, asset: tokenAsset, amount: one }] });
    expect(reason(judged({ effects: other }))).toBe('passed');
  });

  it('asks nothing where policy does not', () => {
    expect(checkpointCosigned.judge(transactionCase({ effects: payments(one + 1n) })).passed).toBe(true);
  });

  it('of as many witnesses as policy says', () => {
    const large = { effects: payments(one + 1n) };
    const two = [cosigned(), cosigned({ witness: witnessKeys[1] })];
    expect(reason(judged({ ...large, cosignatures: two.slice(1) }))).toBe('passed');
    expect(judged({ ...large, cosignatures: two.slice(1) }, 2)).toMatchObject({
      reason: 'checkpoint-not-cosigned',
      details: { asset: ether, above: String(one), witnesses: '2', cosigned: '1' },
    });
    expect(reason(judged({ ...large, cosignatures: two }, 2))).toBe('passed');
  });

  it('that is fresh by its own time, and by witnessed time since it came', () => {
    const large = { effects: payments(one + 1n) };
    const at = (time: number, came: number) =>
      reason(judged({ ...large, cosignatures: [cosigned({ time: time as WallMs, at: came as WitnessedMs })] }));
    expect(at(now - day, w)).toBe('passed');
    expect(at(now - day - 1, w)).toBe('checkpoint-not-cosigned');
    expect(at(now, w - day)).toBe('passed');
    expect(at(now, w - day - 1)).toBe('checkpoint-not-cosigned');
    expect(at(now + hour, w)).toBe('passed');
  });

  it('only before it is permitted: what a device has already is not stopped by it', () => {
    expect(reason(judged({ effects: payments(one + 1n), phase: 'again' }))).toBe('passed');
  });
});
