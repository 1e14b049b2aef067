import {
  type ClockReading,
  type ClockRecord,
  day,
  minute,
  second,
  type WallMs,
  type WitnessedMs,
} from '../domain/index.ts';
import { drift, type Finding, wallBehind, wallDrift } from './finding.ts';

// Witnessed time W (design §5, I6): the time that the daemon saw pass. Whoever sets the wall clock can't make it run: within
// a boot it is bounded by CLOCK_MONOTONIC, across boots and suspends by an allowance.

/** Between readings further apart than this nobody looked: not a tick (they come each second) but a gap. */
export const tickMost = 5 * second;
/**
 * A reading closer to the last than this counts nothing yet; the next one covers it. Each tick loses up to the clocks'
 * rounding to whole ms, because W takes the lesser of two; so thousands of readings a second must not each be one.
 */
export const tickLeast = second / 2;
/** Uptime this far ahead of the monotonic clock is a suspend; less is the time between reading the two. */
export const suspendLeast = second;
/** What gaps that nobody saw may count, per 24 h of W. */
export const gapAllowance = 10 * minute;

export interface Witnessed {
  readonly record: ClockRecord;
  /** By how much W grew, ms. */
  readonly gained: number;
  /** What this reading showed; the record's `suspect` also remembers earlier ones. */
  readonly findings: readonly Finding[];
}

/** The clock of a new station: W starts at 0. Throws where the reading isn't one. */
export function found(reading: ClockReading): ClockRecord {
  const at = whole(reading);
  if (at === undefined) throw new RangeError('a station cannot be founded on a clock that does not read');
  return {
    key: 'clock',
    w: witnessed(0),
    highWater: at.wall,
    ...stampsOf(at),
    ...windowFrom(at),
    gapSince: witnessed(0),
    gapUsed: 0,
    suspect: false,
  };
}

/**
 * What one more reading adds. To be asked each second, and with the first reading after a start. Never throws.
 *
 * Same boot, no suspend: a tick counts min(Δwall, Δmono), a gap Δmono. Every other gap counts min(Δwall, what is left of the
 * allowance).
 */
export function witness(record: ClockRecord, reading: ClockReading): Witnessed {
  const at = whole(reading);
  if (at === undefined) {
    return unmoved(record, { kind: 'unreadable', suspicious: true, message: 'The clocks do not read as numbers.' });
  }
  return at.bootId === record.bootId ? withinBoot(record, at) : acrossBoots(record, at);
}

/** An operator vouches for the wall clock as it reads now: the mark and the drift window start anew from it. */
export function acknowledge(record: ClockRecord, reading: ClockReading): ClockRecord {
  const at = whole(reading);
  if (at === undefined) return { ...record, suspect: true };
  const seen = witness(record, at).record;
  return { ...seen, ...stampsOf(at), ...windowFrom(at), highWater: at.wall, suspect: false };
}

/** The time that expiry goes by: it never goes back, whatever the wall clock does (A4). */
export function now(record: ClockRecord, reading: ClockReading): WallMs {
  // Not Math.max: a clock that reads as NaN must not win.
  if (reading.wall > record.highWater) return reading.wall;
  return record.highWater;
}

function withinBoot(record: ClockRecord, at: ClockReading): Witnessed {
  const mono = at.mono - record.mono;
  const uptime = at.uptime - record.uptime;
  const wall = at.wall - record.wall;
  // CLOCK_MONOTONIC can't go back. The old stamps stay, so that no interval counts twice once it is past them again.
  if (mono < 0 || uptime < 0) {
    const message = `The clock since boot went back by ${Math.max(-mono, -uptime)} ms.`;
    return unmoved(record, { kind: 'monotonic-back', suspicious: true, message });
  }
  const slept = uptime - mono;
  const suspended = slept > suspendLeast;
  const findings = [...wallBehind(record, at), ...wallDrift(record, at)];
  const suspect = record.suspect || findings.length > 0;
  // Too soon to count, never too soon to look: whoever asks now would date things by this wall clock (A4).
  if (mono < tickLeast && !suspended) return { record: { ...record, suspect }, gained: 0, findings };

  const moved = { ...record, ...stampsOf(at), suspect };
  // The window stays where it is under suspicion, so that the reason goes on being seen.
  const windowed = !suspect && at.uptime - record.driftUptime >= drift.window ? { ...moved, ...windowFrom(at) } : moved;

  if (suspended) {
    const message = `The machine was suspended for ${slept} ms.`;
    return allowed(windowed, wall, [{ kind: 'suspended', suspicious: false, message }, ...findings]);
  }
  const tick = mono <= tickMost;
  const gained = tick ? Math.max(0, Math.min(wall, mono)) : mono;
  const highWater = tick && !suspect ? now(record, at) : record.highWater;
  return { record: { ...windowed, highWater, w: witnessed(record.w + gained) }, gained, findings };
}

/** Nothing but the wall clock says how long the machine was off. */
function acrossBoots(record: ClockRecord, at: ClockReading): Witnessed {
  const findings = wallBehind(record, at);
  const suspect = record.suspect || findings.length > 0;
  const wall = at.wall - record.wall;
  const message = `The machine was booted; by the wall clock ${wall} ms passed.`;
  return allowed({ ...record, ...stampsOf(at), ...windowFrom(at), suspect }, wall, [
    { kind: 'rebooted', suspicious: false, message },
    ...findings,
  ]);
}

/** Counts a gap that nobody saw, out of the allowance; one begins with the first gap that is 24 h of W after the last began. */
function allowed(record: ClockRecord, wall: number, findings: readonly Finding[]): Witnessed {
  const anew = record.w - record.gapSince >= day;
  const gapSince = anew ? record.w : record.gapSince;
  const used = anew ? 0 : record.gapUsed;
  const gained = Math.max(0, Math.min(wall, gapAllowance - used));
  return { record: { ...record, gapSince, gapUsed: used + gained, w: witnessed(record.w + gained) }, gained, findings };
}

function unmoved(record: ClockRecord, finding: Finding): Witnessed {
  return { record: { ...record, suspect: record.suspect || finding.suspicious }, gained: 0, findings: [finding] };
}

function stampsOf(at: ClockReading): Pick<ClockRecord, 'wall' | 'mono' | 'uptime' | 'bootId'> {
  return { wall: at.wall, mono: at.mono, uptime: at.uptime, bootId: at.bootId };
}

function windowFrom(at: ClockReading): Pick<ClockRecord, 'driftWall' | 'driftUptime'> {
  return { driftWall: at.wall, driftUptime: at.uptime };
}

/** Whole milliseconds, so that sums are exact and rows hold integers; undefined where a clock gave no usable number. */
function whole(reading: ClockReading): ClockReading | undefined {
  const at = {
    bootId: reading.bootId,
    wall: Math.floor(reading.wall) as WallMs,
    mono: Math.floor(reading.mono),
    uptime: Math.floor(reading.uptime),
  };
  const usable = [at.wall, at.mono, at.uptime].every((ms) => Number.isSafeInteger(ms) && ms >= 0);
  return usable && at.bootId !== '' ? at : undefined;
}

function witnessed(ms: number): WitnessedMs {
  return ms as WitnessedMs;
}
