import { type ClockReading, type ClockRecord, hour, second } from '../domain/index.ts';

/** What a reading of the clocks showed. A suspicious one stops authorizing and signing until operators acknowledge it. */
export interface Finding {
  readonly kind: 'rebooted' | 'suspended' | 'monotonic-back' | 'wall-behind' | 'wall-drift' | 'unreadable';
  readonly suspicious: boolean;
  /** One English sentence with the values. */
  readonly message: string;
}

/**
 * How far wall time may lie behind its high-water mark. A leap second that is stepped takes 1 s back and one that is smeared
 * nothing; a daemon that keeps the time steps only before it is in use, and slews below 1 s. Twice the leap second is room
 * for the reading itself. Nothing is revived by it: expiry goes by the mark (`now`).
 */
export const behindMost = 2 * second;

/**
 * How far wall time may leave uptime within a window: the kernel slews by 500 ppm at most (adjtimex(2)), and 5 s is room for
 * a leap second and a step or two.
 */
export const drift = { window: hour, ratio: 500e-6, steps: 5 * second } as const;

/** The wall clock against its own past. */
export function wallBehind(record: ClockRecord, reading: ClockReading): Finding[] {
  const behind = record.highWater - reading.wall;
  if (behind <= behindMost) return [];
  const message = `The wall clock is ${behind} ms behind the latest time that it has shown.`;
  return [{ kind: 'wall-behind', suspicious: true, message }];
}

/** The wall clock against the time since boot, within one boot. */
export function wallDrift(record: ClockRecord, reading: ClockReading): Finding[] {
  const passed = reading.uptime - record.driftUptime;
  const off = reading.wall - record.driftWall - passed;
  if (Math.abs(off) <= passed * drift.ratio + drift.steps) return [];
  const message = `The wall clock moved ${off} ms against ${passed} ms of uptime.`;
  return [{ kind: 'wall-drift', suspicious: true, message }];
}
