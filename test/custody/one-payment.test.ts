import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Asking,
  type Command,
  coinCount,
  type DeviceAct,
  OnePayment,
  withdrawalCount,
} from './one-payment-station.ts';

const withdrawal = fc.nat({ max: withdrawalCount - 1 });
const bitcoins = fc.uniqueArray(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 });
const act = fc.constantFrom<DeviceAct>('signs', 'signs', 'declines', 'times-out', 'signs-under-freeze');
const acts = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.array(act, { minLength: 1, maxLength: 2 }) },
);
const some = fc.uniqueArray(fc.nat({ max: coinCount - 1 }), { minLength: 1, maxLength: 3 });
const fee = fc.nat({ max: 5 });
const common = { fee, inline: fc.boolean(), acts };
/** Whatever comes to mind. */
const wild: fc.Arbitrary<Asking> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      on: fc.constant('bitcoin' as const),
      pays: bitcoins,
      payments: fc.option(bitcoins, { nil: undefined, freq: 3 }),
      spends: some,
      anchored: fc.boolean(),
      replaces: fc.constantFrom('none' as const, 'newest' as const, 'any' as const),
      ...common,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      on: fc.constant('ethereum' as const),
      pays: fc.constantFrom([4], [5]),
      payments: fc.constant(undefined),
      spends: fc.uniqueArray(fc.nat({ max: 4 }), { minLength: 1, maxLength: 1 }),
      anchored: fc.boolean(),
      replaces: fc.constantFrom('none' as const, 'newest' as const, 'any' as const),
      ...common,
    }),
  },
);
/** What an honest client asks for: the same payments on the same anchor, where there is one. */
const honest: fc.Arbitrary<Asking> = fc.record({
  on: fc.constant('bitcoin' as const),
  pays: fc.constantFrom([0], [1, 2], [3]),
  payments: fc.constant(undefined),
  spends: some,
  anchored: fc.constant(true),
  replaces: fc.constant('newest' as const),
  ...common,
  inline: fc.constant(true),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('authorize' as const), withdrawal }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('sign' as const), of: honest }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('sign' as const), of: wild }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('race' as const), of: honest, and: wild }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('void' as const), withdrawal, fee, acts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('confirm' as const), withdrawal, newest: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), withdrawal }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), withdrawal }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('thaw' as const, 'restart' as const, 'wake' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), hours: fc.constantFrom(1, 25) }) },
);

describe('whatever devices signed', () => {
  it('I4, B7: no two transactions that could both confirm pay one withdrawal, on either chain', async () => {
    const ended = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 35, size: 'max' }), async (commands) => {
        const station = await OnePayment.open();
        try {
          for (const each of commands) await station.run(each);
          expect([...station.problems]).toEqual([]);
          expect(station.audited()).toEqual([]);
          for (const [end, times] of station.ended) ended.set(end, (ended.get(end) ?? 0) + times);
        } finally {
          await station.close();
        }
      }),
      { seed: 20260601, numRuns: Number(process.env['PORTCULLIS_MODEL_RUNS'] ?? 10), endOnFailure: true },
    );
    // It goes deep.
    for (const end of ['released: payment', 'permitted: payment in another’s place', 'released: void', 'retry: done'])
      expect(ended.get(end) ?? 0, end).toBeGreaterThan(0);
  }, 600_000);
});
