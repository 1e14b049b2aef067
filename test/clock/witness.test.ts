import { describe, expect, it } from 'vitest';
import { acknowledge, found, now } from '../../src/clock/index.ts';
import { gapAllowance } from '../../src/clock/witness.ts';
import { type ClockReading, day, hour, minute, second, type WallMs } from '../../src/domain/index.ts';
import { Machine, start } from './machine.ts';

const kinds = (seen: { findings: readonly { kind: string }[] }) => seen.findings.map(({ kind }) => kind);

describe('I6: witnessed time', () => {
  it('starts at nothing', () => {
    expect(new Machine().record).toMatchObject({ w: 0, highWater: start, wall: start, gapUsed: 0, suspect: false });
  });

  it('counts each second that it sees', () => {
    expect(new Machine().run(60).record).toMatchObject({ w: 60 * second, suspect: false });
  });

  it('counts the lesser of wall and monotonic clock in a tick', () => {
    const machine = new Machine();
    expect(machine.pass(1_000, 1_002).look().gained).toBe(1_000);
    expect(machine.pass(1_000, 990).look().gained).toBe(990);
    expect(machine.pass(1_000, -300).look().gained).toBe(0);
  });

  it('counts a gap in the same boot by the monotonic clock, whatever the wall clock says', () => {
    const machine = new Machine();
    expect(machine.pass(3 * hour, 3 * hour).look()).toMatchObject({ gained: 3 * hour, findings: [] });
    expect(machine.pass(3 * hour, 3 * hour - 4_000).look()).toMatchObject({ gained: 3 * hour, findings: [] });
    expect(machine.record.gapUsed).toBe(0);
    // Ticks come each second: after 6, nobody was looking.
    expect(machine.pass(6_000, 5_000).look().gained).toBe(6_000);
    expect(machine.pass(5_000, 4_000).look().gained).toBe(4_000);
  });

  it('raises the high-water mark with ticks only', () => {
    const machine = new Machine().run(10);
    machine.pass(hour).look();
    machine.suspend(hour).look();
    machine.reboot(hour).look();
    expect(machine.record.highWater).toBe(start + 10 * second);
    expect(machine.run(1).record.highWater).toBe(machine.reading().wall);
  });

  it('does not lose to rounding what many readings a second would cost', () => {
    const machine = new Machine();
    // The wall clock shows whole ms a moment before or after the monotonic one.
    for (let i = 0; i < 5_000; i++) machine.pass(2, i % 2 === 0 ? 1 : 3).look();
    expect(machine.record.w).toBeGreaterThanOrEqual(10 * second - 500 - 10);
    expect(machine.record.w).toBeLessThanOrEqual(10 * second);
  });

  it('keeps whole milliseconds, and never more of them than passed', () => {
    const machine = new Machine();
    for (let i = 0; i < 100; i++) machine.pass(1_000.6).look();
    expect(Number.isInteger(machine.record.w)).toBe(true);
    expect(machine.record.w).toBeLessThanOrEqual(100 * 1_000.6);
    expect(machine.record.w).toBeGreaterThan(100 * 1_000.6 - 100);
  });
});

describe('D3: the clock set forward', () => {
  it('by a day gains nothing and is suspect', () => {
    const machine = new Machine().run(10);
    const seen = machine.setWall(day).pass(1_000).look();
    expect(seen.gained).toBe(1_000);
    expect(kinds(seen)).toEqual(['wall-drift']);
    expect(machine.record).toMatchObject({ w: 11 * second, suspect: true });
  });

  it('stays suspect until it is acknowledged, also when it is set back', () => {
    const machine = new Machine().run(10);
    machine.setWall(day).run(1);
    machine.setWall(-day).run(3 * 3_600);
    expect(machine.record.suspect).toBe(true);
    expect(machine.look().findings).toEqual([]);
  });

  it('goes on saying why, hours later', () => {
    const machine = new Machine().run(10).setWall(day);
    machine.run(3 * 3_600);
    expect(kinds(machine.pass(1_000).look())).toEqual(['wall-drift']);
  });

  it('does not raise the high-water mark, so that setting it back locks nobody out', () => {
    const machine = new Machine().run(10);
    const { highWater } = machine.record;
    machine.setWall(day).run(10);
    expect(machine.record.highWater).toBe(highWater);
  });

  it('in a gap of the same boot gains no more than the monotonic clock, and is suspect', () => {
    const machine = new Machine().run(10);
    const seen = machine.setWall(day).pass(minute).look();
    expect(seen.gained).toBe(minute);
    expect(machine.record.suspect).toBe(true);
  });

  it('while the machine is off gains the allowance, once in 24 h of W, however often it is tried', () => {
    const machine = new Machine().run(10);
    for (let i = 0; i < 20; i++) machine.reboot(minute, day).look();
    expect(machine.record.w).toBe(10 * second + gapAllowance);
  });

  it('by little each hour is suspect: more than 500 ppm and 5 s', () => {
    const within = new Machine();
    for (let i = 0; i < 24; i++) within.pass(hour, hour + 6_700).look();
    expect(within.record.suspect).toBe(false);
    const beyond = new Machine();
    beyond.pass(hour, hour + 6_900).look();
    expect(beyond.record.suspect).toBe(true);
  });

  it('slowed down is suspect too', () => {
    expect(new Machine().pass(hour, hour - 6_900).look()).toMatchObject({ record: { suspect: true } });
    expect(new Machine().run(3_600, 999).record.suspect).toBe(false);
    expect(new Machine().run(3_600, 996).record.suspect).toBe(true);
  });
});

describe('D3: suspend and power-off', () => {
  it('a suspend counts out of the allowance of 10 minutes', () => {
    const machine = new Machine().run(10);
    const first = machine
      .suspend(4 * minute)
      .pass(1_000)
      .look();
    expect(kinds(first)).toEqual(['suspended']);
    expect(first.gained).toBe(4 * minute + 1_000);
    expect(machine.suspend(day).pass(1_000).look().gained).toBe(6 * minute - 1_000);
    expect(machine.suspend(day).pass(1_000).look().gained).toBe(0);
    expect(machine.record).toMatchObject({ w: 10 * second + gapAllowance, suspect: false });
  });

  it('is seen however short the time awake', () => {
    expect(kinds(new Machine().suspend(hour).look())).toEqual(['suspended']);
  });

  it('a boot counts out of the same allowance, by the wall clock', () => {
    const machine = new Machine().run(10);
    const seen = machine.reboot(2 * minute).look();
    expect(kinds(seen)).toEqual(['rebooted']);
    expect(seen.gained).toBe(2 * minute);
    expect(machine.reboot(2 * day).look().gained).toBe(8 * minute);
    expect(machine.reboot(2 * day).look().gained).toBe(0);
  });

  it('after a boot the clocks since boot start anew', () => {
    const machine = new Machine().run(10);
    machine.reboot(minute).look();
    expect(machine.record).toMatchObject({ mono: 5_000, uptime: 5_000, bootId: 'boot-2', driftUptime: 5_000 });
    machine.run(10);
    expect(machine.record).toMatchObject({ w: 20 * second + minute, suspect: false });
  });

  it('the allowance comes back after 24 h of W, not of wall time', () => {
    const machine = new Machine();
    machine.reboot(hour).look();
    machine.reboot(30 * day).look();
    expect(machine.record.w).toBe(gapAllowance);
    machine.pass(day - gapAllowance - 1).look();
    expect(machine.reboot(hour).look().gained).toBe(0);
    machine.pass(1_000).look();
    expect(machine.reboot(hour).look().gained).toBe(gapAllowance);
    expect(machine.reboot(hour).look().gained).toBe(0);
  });

  it('booted with a false clock that is behind: nothing is gained, and it is suspect', () => {
    const machine = new Machine().run(10);
    const seen = machine.reboot(minute, -day).look();
    expect(seen.gained).toBe(0);
    expect(kinds(seen)).toEqual(['rebooted', 'wall-behind']);
    expect(machine.record.suspect).toBe(true);
  });
});

describe('F5: clocks that are not as they should be', () => {
  it('the wall clock back by more than a leap second and the reading’s own jitter is suspect', () => {
    const machine = new Machine().run(10);
    expect(machine.setWall(-3_100).pass(1_000).look()).toMatchObject({ record: { suspect: true } });
    // Asked again at once, it still says why.
    expect(kinds(machine.look())).toEqual(['wall-behind']);
  });

  it('A4: a wall clock that is wrong for less than half a second is found by whoever looks in it', () => {
    const machine = new Machine().run(10);
    const glitch = machine
      .setWall(365 * 24 * hour)
      .pass(100)
      .look();
    expect(kinds(glitch)).toEqual(['wall-drift']);
    expect(glitch).toMatchObject({ gained: 0, record: { suspect: true } });
  });

  it('a leap second, stepped, is not', () => {
    const machine = new Machine().run(10);
    expect(machine.setWall(-1_900).pass(500).look().findings).toEqual([]);
    expect(machine.run(4_000).record.suspect).toBe(false);
  });

  it('the high-water mark holds through a step back, so that nothing expired comes to life', () => {
    const machine = new Machine().run(10);
    machine.setWall(-hour).run(1);
    expect(machine.record.highWater).toBe(start + 10 * second);
    expect(now(machine.record, machine.reading())).toBe(start + 10 * second);
  });

  it('a monotonic clock that goes back counts nothing, then or when it catches up', () => {
    const machine = new Machine().run(10);
    const at = machine.reading();
    const back = machine.look({ ...at, mono: at.mono - 5_000, wall: (at.wall + 1_000) as WallMs });
    expect(back.gained).toBe(0);
    expect(kinds(back)).toEqual(['monotonic-back']);
    expect(machine.record.suspect).toBe(true);
    expect(machine.look(at).gained).toBe(0);
    expect(machine.run(1).record.w).toBe(11 * second);
  });

  it('uptime that goes back counts nothing', () => {
    const machine = new Machine().run(10);
    const at = machine.pass(1_000).reading();
    expect(machine.look({ ...at, uptime: at.uptime - 5_000 })).toMatchObject({ gained: 0, record: { suspect: true } });
  });

  it.each(['wall', 'mono', 'uptime'] as const)(
    '%s that is no number counts nothing, is suspect and not kept',
    (clock) => {
      const machine = new Machine().run(10);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300]) {
        const reading: ClockReading = { ...machine.pass(1_000).reading(), [clock]: value };
        const before = machine.record;
        expect(kinds(machine.look(reading))).toEqual(['unreadable']);
        expect(machine.record).toEqual({ ...before, suspect: true });
        expect(acknowledge(machine.record, reading).suspect).toBe(true);
        expect(() => found(reading)).toThrow(RangeError);
      }
      expect(now(machine.record, { ...machine.reading(), wall: Number.NaN as WallMs })).toBe(machine.record.highWater);
    },
  );

  it('an empty boot id is no reading', () => {
    const machine = new Machine();
    expect(kinds(machine.look({ ...machine.reading(), bootId: '' }))).toEqual(['unreadable']);
  });
});

describe('acknowledging the clock', () => {
  it('clears the suspicion and starts mark and drift window anew, without adding time', () => {
    const machine = new Machine().run(10);
    machine.setWall(-day).run(1);
    const { w } = machine.record;
    machine.record = acknowledge(machine.record, machine.reading());
    const { wall, uptime } = machine.reading();
    expect(machine.record).toMatchObject({ suspect: false, highWater: wall, driftWall: wall, driftUptime: uptime, w });
    expect(machine.run(10).record).toMatchObject({ suspect: false, w: w + 10 * second });
  });

  it('counts the time since the last reading as any reading does', () => {
    const machine = new Machine().run(10);
    expect(acknowledge(machine.record, machine.reboot(day).reading()).w).toBe(10 * second + gapAllowance);
    expect(acknowledge(machine.record, machine.reading()).bootId).toBe('boot-2');
  });

  it('takes a monotonic clock that went back as it now is', () => {
    const machine = new Machine().run(10);
    const at = machine.reading();
    const back = { ...at, mono: at.mono - 50_000, uptime: at.uptime - 50_000 };
    machine.record = acknowledge(machine.record, back);
    expect(machine.record).toMatchObject({ suspect: false, w: 10 * second, mono: back.mono });
    const later = {
      ...back,
      mono: back.mono + 1_000,
      uptime: back.uptime + 1_000,
      wall: (back.wall + 1_000) as WallMs,
    };
    expect(machine.look(later)).toMatchObject({ gained: 1_000, findings: [] });
  });
});
