import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapAllowance } from '../../src/clock/witness.ts';
import { day, hour } from '../../src/domain/index.ts';
import { Machine } from './machine.ts';

type Step = (machine: Machine) => { readonly mono: number; readonly seen: number; readonly gap: boolean };

/** A step does something to the machine and has the daemon look; it says how far the monotonic clock went. */
const looking = (mono: number, gap: boolean, act: (machine: Machine) => Machine) => (machine: Machine) => ({
  mono,
  gap,
  seen: act(machine).look().gained,
});
const span = fc.oneof(fc.nat(3_000), fc.nat(hour), fc.nat(3 * day));
const shift = fc.oneof(fc.integer({ min: -10_000, max: 10_000 }), fc.integer({ min: -3 * day, max: 3 * day }));
const wallStep: fc.Arbitrary<Step> = fc
  .tuple(span, shift)
  .map(([ms, by]) => looking(ms, false, (machine) => machine.setWall(by).pass(ms)));
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  wallStep,
  fc.tuple(span, span).map(([ms, slept]) => looking(ms, true, (machine) => machine.suspend(slept).pass(ms))),
  fc.tuple(span, shift).map(([ms, by]) => looking(0, true, (machine) => machine.reboot(ms, by))),
);

describe('I6: whatever is done to the clocks', () => {
  it('no sequence of wall-clock changes makes W run faster than the monotonic clock', () => {
    fc.assert(
      fc.property(fc.array(wallStep, { maxLength: 60 }), (steps) => {
        const machine = new Machine();
        let mono = 0;
        for (const step of steps) {
          mono += step(machine).mono;
          expect(machine.record.w).toBeLessThanOrEqual(mono);
        }
      }),
    );
  });

  it('W never decreases, and never grows by more than the monotonic clock or what is left of the allowance', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const machine = new Machine();
        let mono = 0;
        for (const step of steps) {
          const before = machine.record;
          const { mono: passed, seen, gap } = step(machine);
          mono += passed;
          expect(seen).toBeGreaterThanOrEqual(0);
          expect(machine.record.w).toBe(before.w + seen);
          // What an early look left to the next one is at most half a second.
          expect(seen).toBeLessThanOrEqual(gap ? Math.max(gapAllowance, passed + 500) : passed + 500);
          expect(machine.record.gapUsed).toBeLessThanOrEqual(gapAllowance);
          const allowances = Math.floor(machine.record.w / day) + 1;
          expect(machine.record.w).toBeLessThanOrEqual(mono + allowances * gapAllowance);
        }
      }),
    );
  });

  it('suspicion ends only with an acknowledgement, and the mark never goes back without one', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const machine = new Machine();
        for (const step of steps) {
          const before = machine.record;
          step(machine);
          if (before.suspect) expect(machine.record.suspect).toBe(true);
          expect(machine.record.highWater).toBeGreaterThanOrEqual(before.highWater);
          if (machine.record.suspect) expect(machine.record.highWater).toBe(before.highWater);
        }
      }),
    );
  });
});
