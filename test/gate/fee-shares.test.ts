import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feeShares } from '../../src/gate/rules/fees-bounded.ts';

const total = fc.bigInt({ min: 0n, max: 2n ** 300n });
const weights = fc.array(fc.bigInt({ min: 0n, max: 2n ** 80n }), { minLength: 1, maxLength: 20 });
const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

describe('shares of a fee (design §4, “Sign”)', () => {
  it('I2: they add up to the fee, to the last wei', () => {
    fc.assert(
      fc.property(total, weights, (fee, of) => {
        fc.pre(sum(of) > 0n);
        expect(sum(feeShares(fee, of))).toBe(fee);
      }),
    );
  });

  it('I2: each but the first is its weight’s part rounded down, and the first bears what is left, less than one wei each', () => {
    fc.assert(
      fc.property(total, weights, (fee, of) => {
        const whole = sum(of);
        fc.pre(whole > 0n);
        const floors = of.map((weight) => (fee * weight) / whole);
        const [first = 0n, ...others] = feeShares(fee, of);
        expect(others).toEqual(floors.slice(1));
        const remainder = first - (floors[0] ?? 0n);
        expect(remainder).toBe(fee - sum(floors));
        expect(remainder >= 0n && remainder < BigInt(of.length)).toBe(true);
      }),
    );
  });

  it('I2: one payment bears it all', () => {
    expect(feeShares(7n, [1n])).toEqual([7n]);
    expect(feeShares(7n, [3n])).toEqual([7n]);
  });

  it('I2: nothing is shared by weights of nothing: then each could be charged the whole', () => {
    expect(feeShares(7n, [0n, 0n])).toEqual([7n, 7n]);
    expect(feeShares(7n, [])).toEqual([]);
  });

  it('I2: the remainder falls to the first, not to the largest', () => {
    expect(feeShares(10n, [1n, 1n, 1n])).toEqual([4n, 3n, 3n]);
    expect(feeShares(5n, [1n, 5n])).toEqual([1n, 4n]);
  });
});
