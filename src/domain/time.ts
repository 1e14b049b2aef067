import type { Branded } from './ids.ts';
import { Malformed, shown } from './refusal.ts';

/** Wall-clock time: milliseconds since 1970-01-01T00:00:00Z. */
export type WallMs = Branded<number, 'WallMs'>;
/** Witnessed time W (design §5): milliseconds that the daemon saw pass. Ripening counts in nothing else. */
export type WitnessedMs = Branded<number, 'WitnessedMs'>;

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** RFC 3339 in UTC to the second, the one form that intents use: `2022-01-17T00:46:00Z`. */
export function formatInstant(time: WallMs): string {
  const whole = Math.floor(time / second) * second;
  // All that is told within a second is told at the same one.
  if (whole !== last.time) last = { time: whole, text: `${new Date(whole).toISOString().slice(0, 19)}Z` };
  return last.text;
}

let last = { time: Number.NaN, text: '' };

/** The inverse of `formatInstant`; refuses every other spelling of the same instant. */
export function parseInstant(value: string, field: string): WallMs {
  const expected = 'expected RFC 3339 in UTC to the second, such as 2022-01-17T00:46:00Z';
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) {
    throw new Malformed(field, `${expected}, got ${shown(value)}`);
  }
  const time = Date.parse(value) as WallMs;
  if (Number.isNaN(time) || formatInstant(time) !== value)
    throw new Malformed(field, `${expected}, got ${shown(value)}`);
  return time;
}
