import { day, hour, minute, second } from '../../domain/index.ts';

/** `24 hours`, `7 days`, `90 minutes`: in the largest unit that leaves no remainder; a day is 24 hours. */
export function lasting(ms: number): string {
  const units = [
    [day, 'day', 2],
    [hour, 'hour', 1],
    [minute, 'minute', 1],
    [second, 'second', 0],
  ] as const;
  for (const [length, name, least] of units) {
    const count = ms / length;
    if (Number.isInteger(count) && count >= least) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return `${ms} ms`;
}

/** Base units as a decimal number: exact, without trailing zeros. */
export function inUnits(amount: bigint, decimals: number): string {
  const digits = String(amount).padStart(decimals + 1, '0');
  const [whole, fraction] = [digits.slice(0, digits.length - decimals), digits.slice(digits.length - decimals)];
  const significant = fraction.replace(/0+$/, '');
  return significant === '' ? whole : `${whole}.${significant}`;
}

/** `a, b and c`; `none` for an empty list. */
export function together(items: Iterable<string>, none = 'none'): string {
  const all = [...items];
  const last = all.pop();
  if (last === undefined) return none;
  return all.length === 0 ? last : `${all.join(', ')} and ${last}`;
}

/** `1 operator`, `3 operators`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
