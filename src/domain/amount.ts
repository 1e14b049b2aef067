import { Malformed, shown } from './refusal.ts';

/** The widest amount that any supported chain can state (EVM: uint256). */
export const maxAmount = 2n ** 256n - 1n;

/** An amount in base units (wei, satoshi): decimal, no sign, no leading zero, at most 2²⁵⁶ − 1. */
export function parseAmount(value: string, field: string): bigint {
  if (typeof value !== 'string' || !/^(0|[1-9][0-9]{0,77})$/.test(value)) {
    throw new Malformed(field, `expected a decimal amount in base units, got ${shown(value)}`);
  }
  const amount = BigInt(value);
  if (amount > maxAmount) throw new Malformed(field, 'larger than 2^256 - 1');
  return amount;
}

/** As `parseAmount`, and more than nothing. */
export function parsePositiveAmount(value: string, field: string): bigint {
  const amount = parseAmount(value, field);
  if (amount === 0n) throw new Malformed(field, 'must be more than 0');
  return amount;
}
