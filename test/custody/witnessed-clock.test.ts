import { beforeEach, describe, expect, it } from 'vitest';
import { acknowledge, found } from '../../src/clock/index.ts';
import { WitnessedClock } from '../../src/custody/witnessed-clock.ts';
import { type ClockRecord, hour, minute, second, type WallMs } from '../../src/domain/index.ts';
import { SimulatedTime } from './simulated-time.ts';

describe('witnessed time between two writes', () => {
  let time: SimulatedTime;
  let clock: WitnessedClock;
  /** The record that the database has. */
  let stands: ClockRecord;
  let notes: string[];
  beforeEach(() => {
    time = new SimulatedTime();
    clock = new WitnessedClock(time);
    stands = found(time.read());
    notes = [];
  });

  const commit = (succeeds = true): ClockRecord => {
    const { clock: record, note } = clock.commit(stands);
    if (succeeds) {
      stands = record;
      if (note !== undefined) notes.push(note.kind);
    }
    return record;
  };
  const seconds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      time.pass(second);
      clock.tick();
    }
  };
  /** Someone sets the wall clock, and nothing else. */
  const setWall = (by: number): void => {
    time.wall = (time.wall + by) as WallMs;
  };

  it('I6: counts each second that passes, in memory, and writes the sum', () => {
    commit();
    seconds(25);
    expect(stands.w).toBe(0);
    expect(clock.look(stands).clock.w).toBe(25 * second);
    expect(commit().w).toBe(25 * second);
  });

  it('I6: a look writes nothing and moves nothing', () => {
    commit();
    seconds(3);
    const before = clock.look(stands);
    expect(clock.look(stands)).toEqual(before);
    expect(stands.w).toBe(0);
  });

  it('F5: a wall clock that is set is suspect at once, and journalled once', () => {
    commit();
    seconds(10);
    setWall(-hour);
    expect(clock.look(stands).clock.suspect).toBe(true);
    seconds(1);
    expect(clock.look(stands).clock.suspect).toBe(true);
    commit();
    expect(stands.suspect).toBe(true);
    seconds(30);
    commit();
    seconds(30);
    commit();
    expect(notes).toEqual(['clock-suspect']);
  });

  it('F5: one that is set and set back between two writes is suspect all the same', () => {
    commit();
    setWall(hour);
    seconds(1);
    setWall(-hour);
    seconds(1);
    commit();
    expect(stands.suspect).toBe(true);
    expect(notes).toEqual(['clock-suspect']);
  });

  it('F2, F5: one that is set and set back while no commit succeeds is suspect all the same, and then journalled', () => {
    commit();
    seconds(5);
    setWall(-hour);
    seconds(1);
    commit(false);
    setWall(hour);
    seconds(1);
    commit(false);
    seconds(1);
    expect(clock.look(stands).clock.suspect).toBe(true);
    commit();
    expect(stands.suspect).toBe(true);
    expect(notes).toEqual(['clock-suspect']);
  });

  it('F2, I6: commits that fail lose no second and count none twice', () => {
    commit();
    for (let i = 0; i < 10; i++) {
      seconds(3);
      commit(false);
    }
    seconds(1);
    commit();
    expect(stands.w).toBe(31 * second);
    commit(false);
    commit();
    expect(stands.w).toBe(31 * second);
  });

  it('F2, I6: while no commit succeeds the wall clock running behind still counts less', () => {
    commit();
    for (let i = 0; i < 20; i++) {
      time.mono += second;
      time.uptime += second;
      time.wall = (time.wall + 900) as WallMs;
      clock.tick();
      commit(false);
    }
    commit();
    expect(stands.w).toBe(20 * 900);
  });

  it('an acknowledgement is not overwritten by what is in memory', () => {
    commit();
    setWall(-hour);
    seconds(1);
    commit();
    expect(stands.suspect).toBe(true);
    // Seconds go on in memory while people look.
    seconds(20);
    commit();
    stands = acknowledge(stands, time.read());
    expect(clock.look(stands).clock.suspect).toBe(false);
    seconds(20);
    expect(clock.look(stands).clock.suspect).toBe(false);
    commit();
    expect(stands.suspect).toBe(false);
    expect(stands.highWater).toBeLessThanOrEqual(time.wall);
    seconds(20);
    commit();
    expect(stands.suspect).toBe(false);
  });

  it('an acknowledgement that was not committed acknowledges nothing', () => {
    commit();
    setWall(-hour);
    seconds(1);
    commit();
    // The group that acknowledged failed: what stood stands.
    acknowledge(commit(false), time.read());
    seconds(1);
    commit();
    expect(stands.suspect).toBe(true);
    expect(notes).toEqual(['clock-suspect']);
  });

  it('a suspicion after an acknowledgement is journalled anew', () => {
    commit();
    setWall(-hour);
    seconds(1);
    commit();
    stands = acknowledge(stands, time.read());
    commit();
    setWall(-hour);
    seconds(1);
    commit();
    expect(notes).toEqual(['clock-suspect', 'clock-suspect']);
  });

  const restart = (): void => {
    clock = new WitnessedClock(time);
  };

  it('I6: a restart in the same boot counts the gap by the monotonic clock, whatever the wall clock says', () => {
    commit();
    seconds(10);
    commit();
    time.pass(2 * hour);
    setWall(1_000);
    restart();
    commit();
    expect(stands.w).toBe(10 * second + 2 * hour);
    expect(stands.suspect).toBe(false);
  });

  it('D3, I6: a restart in another boot counts ten minutes of the gap at most', () => {
    commit();
    time.pass(25 * hour);
    time.bootId = '00000000-0000-4000-8000-000000000002';
    time.mono = 5_000;
    time.uptime = 5_000;
    restart();
    commit();
    expect(stands.w).toBe(10 * minute);
    seconds(10);
    commit();
    expect(stands.w).toBe(10 * minute + 10 * second);
  });

  it('D3: a boot with a wall clock that went back is suspect from the first commit', () => {
    commit();
    seconds(10);
    commit();
    setWall(-hour);
    time.bootId = '00000000-0000-4000-8000-000000000002';
    time.mono = 5_000;
    time.uptime = 5_000;
    restart();
    expect(clock.look(stands).clock.suspect).toBe(true);
    commit();
    expect(stands).toMatchObject({ suspect: true, w: 10 * second });
    expect(notes).toEqual(['clock-suspect']);
  });

  it('a restart keeps the suspicion that stands', () => {
    commit();
    setWall(-hour);
    seconds(1);
    commit();
    restart();
    seconds(1);
    commit();
    expect(stands.suspect).toBe(true);
    expect(notes).toEqual(['clock-suspect']);
  });
});
