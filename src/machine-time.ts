import { readFileSync } from 'node:fs';
import type { ClockReading, TimeSource, WallMs } from './domain/index.ts';

/**
 * The machine's own clocks, as Linux shows them. `process.hrtime` is CLOCK_MONOTONIC, which stands still in a suspend;
 * /proc/uptime runs on (proc_uptime(5)). The order matters little: `witness` allows for the time between two reads.
 */
export function machineTime(): TimeSource {
  // No process outlives a boot, so this is read once: the rest is read at every commit.
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { simulated: false, read: () => read(bootId) };
}

function read(bootId: string): ClockReading {
  return {
    mono: Number(process.hrtime.bigint() / 1_000_000n),
    uptime: Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]) * 1_000),
    wall: Date.now() as WallMs,
    bootId,
  };
}
