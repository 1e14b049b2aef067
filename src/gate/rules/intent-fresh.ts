import { formatInstant, second } from '../../domain/index.ts';
import type { Intended } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** Threat A4. `now` never goes back: it is the later of the wall clock and its high-water mark. */
export const intentFresh: Rule<Intended> = {
  name: 'intent-fresh',
  judge({ intent: { intent }, now }) {
    // `issued` is rounded down to a second, so an honest intent never lies ahead.
    if (intent.issued > now + second) {
      return refuse(
        'intent-from-future',
        `the intent was issued at ${formatInstant(intent.issued)}, after ${formatInstant(now)}`,
      );
    }
    if (intent.expires <= now) {
      return refuse(
        'intent-expired',
        `the intent expired at ${formatInstant(intent.expires)}; it is ${formatInstant(now)}`,
        {
          expires: formatInstant(intent.expires),
        },
      );
    }
    return pass(`the intent may be authorized until ${formatInstant(intent.expires)}`);
  },
};
