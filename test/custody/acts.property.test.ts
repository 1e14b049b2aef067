import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { day, hour, minute, second } from '../../src/domain/index.ts';
import type { Choice } from './acts-policy.ts';
import { type About, Acted, type Command, type DeviceDoes } from './acts-station.ts';

const index = fc.nat({ max: 11 });
const customer = fc.nat({ max: 3 });
/** Most are below every band. */
const amount = fc.constantFrom(1, 1, 2, 2, 3, 4, 5);
const device = fc.oneof(
  { weight: 4, arbitrary: fc.constant<DeviceDoes>('signs') },
  {
    weight: 3,
    arbitrary: fc.constantFrom<DeviceDoes>('declines', 'times-out', 'answers-wrongly', 'freezes'),
  },
);
const two = fc.nat({ max: 1 });
const three = fc.nat({ max: 2 });
const choice: fc.Arbitrary<Choice> = fc.record({
  destination: two,
  policy: two,
  thaw: three,
  quorum: fc.constantFrom(0, 0, 1),
  ceiling: three,
  limits: three,
  bands: two,
  denied: fc.constantFrom(0, 0, 0, 1),
});
const nonce = fc.nat({ max: 7 });
const about = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ verb: fc.constantFrom('freeze', 'thaw', 'thaw', 'thaw', 'thaw'), scope: index }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ verb: fc.constantFrom('suspend', 'suspend', 'reinstate'), person: fc.nat({ max: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ verb: fc.constantFrom('approve', 'approve', 'refuse-withdrawal'), withdrawal: index }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('refuse-act'), act: index }) },
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('policy'), choice }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('transfer'), to: fc.nat({ max: 3 }), nonce }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('void'), nonce: index, off: fc.constantFrom(0, 0, 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      verb: fc.constant('confirm'),
      nonce: index,
      version: index,
      lie: fc.constantFrom(false, false, true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constantFrom('epoch', 'acknowledge', 'acknowledge') }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('vouch'), hours: fc.constantFrom(1, 24) }) },
) as fc.Arbitrary<About>;
/** One, a quorum, and one who signs twice. */
const signers = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom([0, 1], [1, 2], [0, 1, 2], [2, 3, 0], [3, 1]) },
  { weight: 2, arbitrary: fc.constantFrom([0], [0, 0], [1], [2]) },
  { weight: 1, arbitrary: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 3 }) },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('withdraw', 'withdraw', 'prepare'), customer, amount, to: two }),
  },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('pay'), customer, amount, approved: fc.boolean(), device }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle'), nonce: index, version: index }) },
  {
    weight: 5,
    arbitrary: fc
      .record({
        withdrawal: index,
        nonce: fc.oneof(fc.constantFrom('own', 'own', 'free'), nonce),
        fee: fc.nat({ max: 3 }),
        other: fc.option(index, { freq: 6 }),
        device,
      })
      .map(({ other, ...rest }) => ({ do: 'sign', ...rest, payment: other ?? rest.withdrawal })),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('retry', 'retry', 'cancel'), withdrawal: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('list'), customer, to: two }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unlist'), entry: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('enrol', 'enrol', 'revoke'), customer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('report'), notice: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('deliver'), notice: fc.oneof(fc.constant('all'), index) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass'),
      ms: fc.constantFrom(second, minute, 6 * minute, hour, day - 2 * second, day + second, 2 * day, 7 * day),
      ticks: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'ripen' }) },
  { weight: 3, arbitrary: fc.constant({ do: 'calm' }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('jump'), hours: fc.constantFrom(-1, 48) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('act'),
      about,
      signers,
      held: fc.constantFrom(false, false, false, false, true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('replay'), intent: fc.nat({ max: 99 }), assertion: fc.nat({ max: 99 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bare'), what: fc.constantFrom('thaw', 'freeze', 'clock') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('device'), ready: fc.constantFrom(true, true, false) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('wake', 'wake', 'restart') }) },
) as fc.Arbitrary<Command>;

const runs = Number(process.env['PORTCULLIS_ACTS_RUNS'] ?? 20);
const seed = Number(process.env['PORTCULLIS_ACTS_SEED'] ?? 20220117);

describe('what operators, customers and attackers do, in whatever order', () => {
  it('I1, I3, I4, S3, S5, S11, S12: lets no payment out earlier or larger than the policies in force allowed', async () => {
    const tally = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 60, size: 'max' }), async (commands) => {
        const acted = await Acted.open();
        try {
          for (const each of commands) {
            await acted.run(each);
            expect(acted.problems).toEqual([]);
          }
          expect(acted.audited()).toEqual([]);
        } finally {
          await acted.close();
          for (const [what, times] of acted.tally) tally.set(what, (tally.get(what) ?? 0) + times);
        }
      }),
      { seed, numRuns: runs },
    );
    if (process.env['PORTCULLIS_ACTS_TALLY'] !== undefined)
      console.log(
        [...tally]
          .sort()
          .map(([what, times]) => `${times}\t${what}`)
          .join('\n'),
      );
  }, 3_600_000);
});
