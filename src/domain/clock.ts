import type { WallMs } from './time.ts';

/** One look at the machine's clocks. */
export interface ClockReading {
  readonly wall: WallMs;
  /** CLOCK_MONOTONIC in ms: stands still in a suspend. */
  readonly mono: number;
  /** Time since boot in ms, suspends included (/proc/uptime). */
  readonly uptime: number;
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
}

/** Where time comes from: the machine, or in an emulated station a simulation. */
export interface TimeSource {
  /** True for a simulation: the journal's origin says so. */
  readonly simulated: boolean;
  read(): ClockReading;
}
