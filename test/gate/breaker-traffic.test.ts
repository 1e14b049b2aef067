import { describe, expect, it } from 'vitest';
import { breakerOf, hidden, run } from '../../bench/breaker.ts';
import { drain, drainWithoutEvidence, january2022 } from '../../simulators/traffic/drain.ts';
import { addressOf } from '../../simulators/traffic/event.ts';
import { exchange, ordinaryTraffic } from '../../simulators/traffic/ordinary.ts';
import { foundingBreaker } from '../../src/cli/founding-breaker.ts';
import { day, hour } from '../../src/domain/index.ts';

// The breaker's rules of `init`'s policy over simulated traffic (docs/station.md, "Circuit breaker"). Seeds are the first few.

const rules = breakerOf(foundingBreaker);
/** A station whose customers have withdrawn before adds this one. */
const grown = [
  ...rules,
  ...breakerOf('breaker: [{ watch: first-withdrawals, window: hour, above: 8, freeze: station }]'),
];
const few = { ...exchange, days: 4 };
/** In the night, as it was; and when most happens. */
const starts = [3 * day + 46 * 60_000, 3 * day + 15 * hour];

describe('S3: the circuit breaker', () => {
  for (const seed of [1, 2, 3]) {
    it(`does not trip in a month of ordinary traffic (seed ${seed})`, { timeout: 120_000 }, () => {
      expect(run(grown, ordinaryTraffic(seed)).trips).toEqual([]);
    });
  }

  it('S3: trips on the January 2022 pattern before the tenth payment', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      for (const start of starts) {
        const { stolen, trips } = run(rules, drain(seed, { ...january2022, start }));
        expect(stolen, `seed ${seed}`).toBeLessThan(10);
        expect(trips[0]).toMatchObject({ rule: 'shared-destination-hour-destination' });
      }
    }
  });

  it('S3: also where it hides in ordinary traffic', { timeout: 120_000 }, () => {
    for (const seed of [1, 2, 3]) {
      const ordinary = ordinaryTraffic(seed, few);
      for (const start of starts) {
        const { stolen, trips } = run(rules, hidden(ordinary, drain(seed, { ...january2022, start })));
        expect(stolen, `seed ${seed}`).toBeLessThan(10);
        // Nothing else freezes: ordinary customers go on.
        expect(trips.map((trip) => trip.scope)).toEqual([`destination:${addressOf(3, 0)}`]);
      }
    }
  });

  it('S3: on each chain by itself, where the thief has an address on two', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { stolen, trips } = run(rules, drain(seed, { ...january2022, start: 3 * day, destinations: 2 }));
      expect(trips).toHaveLength(2);
      expect(stolen).toBe(2 * 5);
    }
  });

  it('S3: the same night without evidence pays nothing, and freezes the station over who asked', () => {
    for (const seed of [1, 2, 3]) {
      const { stolen, trips } = run(rules, drainWithoutEvidence(seed, { ...january2022, start: 3 * day }));
      expect(stolen).toBe(0);
      expect(trips.map((trip) => trip.rule)).toEqual(['client-refusals-hour-station']);
    }
  });

  it('S3: with an address for each account, first withdrawals tell, where most accounts never withdrew', () => {
    const start = 3 * day;
    const scattered = { ...january2022, start, destinations: 483 };
    for (const seed of [1, 2, 3]) {
      expect(run(grown, drain(seed, { ...scattered, dormant: 1 })).stolen).toBe(8);
      expect(run(grown, drain(seed, { ...scattered, dormant: 0.5 })).stolen).toBeLessThan(40);
      // What the breaker does not see: limits are for that.
      expect(run(grown, drain(seed, { ...scattered, dormant: 0 })).stolen).toBeGreaterThan(400);
    }
  });
});
