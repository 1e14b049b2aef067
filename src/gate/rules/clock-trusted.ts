import type { Moment } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** Design §5, "Witnessed time": on a suspect clock nothing is authorized or signed. */
export const clockTrusted: Rule<Moment> = {
  name: 'clock-trusted',
  judge({ clockSuspect }) {
    if (!clockSuspect) return pass('the station trusts its clock');
    return refuse(
      'clock-suspect',
      'the wall clock went back, or drifted from the monotonic clock, and nobody has acknowledged it yet',
    );
  },
};
