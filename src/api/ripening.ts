import type { Ripened, RipeningState } from '../custody/custody.ts';
import { RipeningState as State } from '../generated/portcullis/v1/destination.ts';

const states: Readonly<Record<RipeningState, State>> = {
  announcing: State.ANNOUNCING,
  pending: State.PENDING,
  ripe: State.RIPE,
  cancelled: State.CANCELLED,
  removed: State.REMOVED,
};

/** How far something has ripened, as the two messages that say so have it. */
export function ripeningFields({ state, notBefore }: Ripened<unknown>): {
  readonly state: State;
  readonly notBefore: Date | undefined;
} {
  return { state: states[state], notBefore: notBefore === undefined ? undefined : new Date(notBefore) };
}
