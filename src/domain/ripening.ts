import type { WitnessedMs } from './time.ts';

/**
 * Design §3 I3 and §4, "Ripening": an attested loosening takes effect only after its notice was accepted for delivery and a
 * delay of witnessed time has passed. `w0` and `d0` are those of the acknowledgement; undefined while announcing.
 * Being ripe is computed, never stored.
 */
export type Ripening =
  | { readonly state: 'announcing' }
  | { readonly state: 'pending'; readonly w0: WitnessedMs; readonly d0: number };

export type Ripeness =
  | { readonly ripe: true; readonly w0: WitnessedMs; readonly d0: number }
  | { readonly ripe: false; readonly remaining: number };

/** `delay` is the one in force now: a longer one makes a ripe entry wait again, a shorter one waits out the old. */
export function ripeness(ripening: Ripening, delay: number, w: WitnessedMs): Ripeness {
  if (ripening.state === 'announcing') return { ripe: false, remaining: delay };
  const wait = ripening.w0 + Math.max(ripening.d0, delay) - w;
  return wait <= 0 ? { ripe: true, w0: ripening.w0, d0: ripening.d0 } : { ripe: false, remaining: wait };
}
