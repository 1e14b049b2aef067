import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Buckets,
  type BucketWindow,
  bucketWindows,
  day,
  hour,
  minute,
  type WitnessedMs,
} from '../../src/domain/index.ts';

const windows = ['hour', 'day', 'week'] as const satisfies readonly BucketWindow[];
const at = (w: number): WitnessedMs => w as WitnessedMs;

/** A list of everything that was ever added, with its time: what buckets must never count less than. */
class NaiveList {
  readonly entries: { thing: string; amount: bigint; at: number }[] = [];

  /** What was added later than `since`, or then. */
  since(thing: string, since: number): bigint {
    return this.entries.filter((e) => e.thing === thing && e.at >= since).reduce((sum, e) => sum + e.amount, 0n);
  }
}

type Step =
  | { readonly kind: 'add'; readonly thing: string; readonly amount: bigint; readonly pass: number }
  | { readonly kind: 'back'; readonly which: number; readonly pass: number };

const pass = fc.oneof(
  fc.integer({ min: 0, max: 10 * minute }),
  fc.integer({ min: 0, max: 30 * hour }),
  fc.constantFrom(0, 1, 5 * minute, hour, 6 * hour, day, 7 * day, 40 * day),
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        thing: fc.constantFrom('a', 'b'),
        amount: fc.oneof(fc.bigInt({ min: 1n, max: 10n }), fc.bigInt({ min: 1n, max: 2n ** 256n - 1n })),
        pass,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('back' as const), which: fc.nat(), pass }) },
  ),
  { maxLength: 60 },
);

describe('S3: buckets', () => {
  it('never count less than was added within the window, nor more than what one bucket more could hold', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 100 * day }), (run, start) => {
        let buckets = Buckets.empty;
        let w = start;
        const naive = new NaiveList();
        for (const step of run) {
          w += step.pass;
          if (step.kind === 'add') {
            buckets = buckets.add(step.thing, step.amount, at(w));
            naive.entries.push({ thing: step.thing, amount: step.amount, at: w });
          } else if (naive.entries.length > 0) {
            const [given] = naive.entries.splice(step.which % naive.entries.length, 1);
            if (given !== undefined) buckets = buckets.giveBack(given.thing, given.amount, at(given.at));
          }
          buckets = Buckets.parse(buckets.pack());
          for (const thing of ['a', 'b', 'never']) {
            for (const window of windows) {
              const { length, width } = bucketWindows[window];
              const counted = buckets.within(thing, window, at(w));
              expect(counted >= naive.since(thing, w - length)).toBe(true);
              expect(counted <= naive.since(thing, w - length - width + 1)).toBe(true);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('give back exactly: what was taken back might never have been added', () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 0, max: 30 * day }),
        fc.bigInt({ min: 1n, max: 2n ** 256n }),
        (run, w, amount) => {
          let now = 0;
          let buckets = Buckets.empty;
          for (const step of run) {
            now += step.pass;
            if (step.kind === 'add') buckets = buckets.add(step.thing, step.amount, at(now));
          }
          // Adding forgets what is too old by then, so the comparison starts after an addition at the same time.
          now += w;
          const before = buckets.add('a', 1n, at(now));
          expect(before.add('a', amount, at(now)).giveBack('a', amount, at(now)).pack()).toEqual(before.pack());
        },
      ),
    );
  });

  it('what is given back later leaves what was added since', () => {
    const added = Buckets.empty.add('a', 7n, at(hour)).add('a', 5n, at(2 * hour));
    const back = added.giveBack('a', 7n, at(hour));
    expect(windows.map((window) => back.within('a', window, at(2 * hour)))).toEqual([5n, 5n, 5n]);
    expect(back.giveBack('a', 5n, at(2 * hour)).isEmpty).toBe(true);
  });

  it('what was never counted, or is long forgotten, is not given back', () => {
    const added = Buckets.empty.add('a', 5n, at(10 * day));
    for (const [thing, amount, when] of [
      ['b', 5n, 10 * day],
      ['a', 5n, 2 * day],
      ['a', 6n, 10 * day],
    ] as const) {
      expect(added.giveBack(thing, amount, at(when)).pack()).toEqual(added.pack());
    }
  });

  it('are of one size, however much was counted', () => {
    const filled = (times: number): number => {
      let buckets = Buckets.empty;
      for (let i = 0; i < times; i++) buckets = buckets.add('a', 10n ** 12n, at(Math.floor((i * 14 * day) / times)));
      return buckets.pack().length;
    };
    expect(filled(20_000)).toBe(filled(5_000));
    expect(filled(5_000)).toBeLessThan(67 * 13 + 16);
  });

  it('forget a thing that nothing was added to for a week, once something else is', () => {
    const one = Buckets.empty.add('a', 1n, at(0));
    expect(one.add('b', 1n, at(7 * day)).within('a', 'week', at(7 * day))).toBe(1n);
    const later = at(7 * day + 6 * hour);
    expect(one.add('b', 1n, later).pack()).toEqual(Buckets.empty.add('b', 1n, later).pack());
  });

  it('an amount of nothing, or less, is a mistake', () => {
    expect(() => Buckets.empty.add('a', 0n, at(0))).toThrow('more than nothing');
    expect(() => Buckets.empty.add('a', -1n, at(0))).toThrow('more than nothing');
  });

  it('bytes of another version, cut short or with more after them are not guessed at', () => {
    const packed = Buckets.empty.add('a', 5n, at(hour)).pack();
    expect(() => Buckets.parse(Uint8Array.of(2, ...packed.subarray(1)))).toThrow('version');
    expect(() => Buckets.parse(packed.subarray(0, -1))).toThrow('too early');
    expect(() => Buckets.parse(Uint8Array.of(...packed, 1))).toThrow('too early');
    expect(() => Buckets.empty.add('ä', 1n, at(0)).pack()).toThrow('cannot count');
  });
});
