import { describe, expect, it } from 'vitest';
import { day, hour, minute, Seen, type WitnessedMs } from '../../src/domain/index.ts';

const at = (ms: number): WitnessedMs => ms as WitnessedMs;

describe('who was seen lately', () => {
  it('counts each of them once, however often they were seen', () => {
    let seen = Seen.nobody;
    for (const who of ['alice', 'bob', 'alice', 'alice']) seen = seen.add('a', who, 6, at(hour));
    expect(seen.within('a', 'hour', at(hour))).toBe(2);
    expect(seen.within('b', 'hour', at(hour))).toBe(0);
  });

  it('keeps the newest few and no more: the row is of one size, however many there are', () => {
    let seen = Seen.nobody;
    for (let i = 0; i < 1_000; i++) seen = seen.add('a', `account-${i}`, 6, at(hour));
    expect(seen.within('a', 'hour', at(hour))).toBe(6);
    expect(seen.pack().length).toBe(1 + 2 + 2 + 6 * 12);
  });

  it('forgets by its window, never before it ends, and at most one bucket after', () => {
    const seen = Seen.nobody.add('a', 'alice', 6, at(10 * day));
    const windows = { hour: [hour, 5 * minute], day: [day, hour], week: [7 * day, 6 * hour] } as const;
    for (const [window, [length, width]] of Object.entries(windows)) {
      const within = (w: number) => seen.within('a', window as keyof typeof windows, at(w));
      expect(within(10 * day + length), window).toBe(1);
      expect(within(10 * day + length + width), window).toBe(0);
    }
  });

  it('is the same after it was packed; a thing can be forgotten, and what is too old is', () => {
    const seen = Seen.nobody.add('a', 'alice', 6, at(hour)).add('b', 'bob', 6, at(2 * hour));
    const again = Seen.parse(seen.pack());
    expect(again).toEqual(seen);
    expect(again.without('a').within('a', 'week', at(2 * hour))).toBe(0);
    expect(again.without('a').within('b', 'week', at(2 * hour))).toBe(1);
    expect(again.add('c', 'carol', 6, at(30 * day)).pack().length).toBe(1 + 2 + 2 + 12);
    expect(() => Seen.parse(Uint8Array.of(1))).toThrow('unknown version');
  });
});
