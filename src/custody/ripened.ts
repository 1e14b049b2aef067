import {
  type DestinationRecord,
  type FactorRecord,
  ripeness,
  type StationRecord,
  type WallMs,
  type WitnessedMs,
} from '../domain/index.ts';
import type { Ripened, RipeningState } from './custody.ts';
import { wallAfter } from './station.ts';

interface At {
  readonly now: WallMs;
  readonly w: WitnessedMs;
  readonly station: StationRecord;
}

/** How far a record has ripened, as answers show it. A factor epoch that has passed cancels whatever it left behind. */
export function ripened<R extends FactorRecord | DestinationRecord>(record: R, delay: number, at: At): Ripened<R> {
  const view = (state: RipeningState, notBefore?: WallMs): Ripened<R> => ({ record, state, notBefore });
  if (record.state === 'cancelled' || record.state === 'removed') return view(record.state);
  if (record.epoch !== at.station.factorEpoch) return view('cancelled');
  if (record.state === 'announcing' || record.w0 === null || record.d0 === null) return view('announcing');
  const now = ripeness({ state: 'pending', w0: record.w0, d0: record.d0 }, delay, at.w);
  return now.ripe ? view('ripe') : view('pending', wallAfter(at.now, now.remaining));
}

/**
 * What a leaf records of the ripeness that its decision relied on (design §4, "Ripening"): W₀ and d₀ of each, in this order,
 * joined by spaces. W is the leaf's own `w`.
 */
export function reliedOn(records: readonly (FactorRecord | DestinationRecord | undefined)[]): {
  readonly w0: string;
  readonly d0: string;
} {
  const all = (of: 'w0' | 'd0'): string => records.map((record) => String(record?.[of] ?? '')).join(' ');
  return { w0: all('w0'), d0: all('d0') };
}

/** Whether a record still ripens: what an objection or a revocation can still cancel. */
export function stillRipening(record: FactorRecord | DestinationRecord, delay: number, at: At): boolean {
  const { state } = ripened(record, delay, at);
  return state === 'announcing' || state === 'pending';
}
