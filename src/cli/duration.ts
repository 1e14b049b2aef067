import { UsageError } from './command.ts';

/** Seconds of a duration on the command line: `30s`, `90m`, `24h`, `7d`. Throws `UsageError`. */
export function secondsOf(text: string): bigint {
  const [, digits, unit = ''] = /^([1-9][0-9]{0,8})([smhd])$/.exec(text) ?? [];
  const each = { s: 1n, m: 60n, h: 3_600n, d: 86_400n }[unit];
  if (digits === undefined || each === undefined) {
    throw new UsageError(`expected a duration such as 90m or 24h, got ${JSON.stringify(text)}`);
  }
  return BigInt(digits) * each;
}
