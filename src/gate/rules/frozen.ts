import { formatInstant } from '../../domain/index.ts';
import type { Moment } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** Design §3, I3: a freeze acts at once, on whatever it names. */
export const notFrozen: Rule<Moment> = {
  name: 'not-frozen',
  judge({ freezes }) {
    const freeze = freezes.find((f) => f.active);
    if (freeze === undefined) return pass('no freeze is in force on what this touches');
    return refuse('frozen', `${freeze.scope} has been frozen since ${formatInstant(freeze.since)}`, {
      scope: freeze.scope,
    });
  },
};
