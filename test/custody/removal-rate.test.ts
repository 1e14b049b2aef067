import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RemovalRate } from '../../src/custody/removal-rate.ts';
import {
  type AccountId,
  day,
  hour,
  minute,
  Refusal,
  second,
  type WallMs,
  type WitnessedMs,
} from '../../src/domain/index.ts';

const began = 1_700_000_000_000;
const at = (w: number) => ({ w: w as WitnessedMs, now: (began + w) as WallMs });
const of = (name: string | number) => `account-${name}` as AccountId;

/** What kept it from being counted. */
function taken(rate: RemovalRate, account: AccountId, w: number): Refusal | undefined {
  try {
    rate.take(account, at(w));
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

describe('how fast may be removed', () => {
  it('fifty of an account at once, and one more in each fiftieth of a day', () => {
    const rate = new RemovalRate();
    for (let i = 0; i < 50; i++) expect(taken(rate, of('a'), 0)).toBeUndefined();
    const refusal = taken(rate, of('a'), 0);
    expect(refusal).toMatchObject({ reason: 'removal-limit', details: { scope: 'account' } });
    const wait = day / 50;
    expect(refusal?.details['not_before']).toBe(new Date(began + wait).toISOString().replace('.000Z', 'Z'));
    expect(taken(rate, of('a'), wait - 1)).toMatchObject({ reason: 'removal-limit' });
    // A refused one counts for nothing, of the account or of the station; another account has its own.
    expect(taken(rate, of('b'), wait - 1)).toBeUndefined();
    expect(taken(rate, of('a'), wait)).toBeUndefined();
    expect(taken(rate, of('a'), wait)).toMatchObject({ reason: 'removal-limit' });
    // All have come back a day after the last.
    for (let i = 0; i < 50; i++) expect(taken(rate, of('a'), wait + day)).toBeUndefined();
    expect(taken(rate, of('a'), wait + day)).toMatchObject({ reason: 'removal-limit' });
  });

  it('a thousand of all accounts at once, and one more every 3.6 seconds; who is refused for that has lost nothing', () => {
    const rate = new RemovalRate();
    for (let i = 0; i < 1_000; i++) expect(taken(rate, of(i), minute)).toBeUndefined();
    for (let i = 0; i < 60; i++)
      expect(taken(rate, of('last'), minute)).toMatchObject({ reason: 'removal-limit', details: { scope: 'station' } });
    expect(taken(rate, of('last'), minute + 3_600)).toBeUndefined();
    expect(taken(rate, of('last'), minute + 3_600)).toMatchObject({ reason: 'removal-limit' });
    for (let i = 0; i < 50; i++) expect(taken(rate, of('last'), minute + 3_600 + hour)).toBeUndefined();
    expect(taken(rate, of('last'), minute + 3_600 + hour)).toMatchObject({ details: { scope: 'account' } });
  });

  it('whatever comes when: never more than twice the burst within the time, and what is told as the next moment is one', () => {
    const step = fc.record({ wait: fc.integer({ min: 0, max: 2 * hour }), account: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const rate = new RemovalRate();
        const done: { account: number; w: number }[] = [];
        let w = 0;
        for (const { wait, account } of steps) {
          w += wait;
          const refusal = taken(rate, of(account), w);
          if (refusal === undefined) done.push({ account, w });
          else {
            const next = Date.parse(refusal.details['not_before'] ?? '') - began;
            expect(next).toBeGreaterThan(w);
            expect(next - w).toBeLessThanOrEqual(day / 50 + second);
          }
          const lately = done.filter((one) => one.account === account && one.w > w - day);
          expect(lately.length).toBeLessThanOrEqual(100);
        }
      }),
      { seed: 20_220_117 },
    );
  });
});
