import { describe, expect, it } from 'vitest';
import type { FreezeRecord } from '../../src/domain/index.ts';
import { Reliances } from '../../src/store/reliance.ts';
import type { Write } from '../../src/store/verdict.ts';

const freeze = (scope: FreezeRecord['scope']): Write => ({
  table: 'freezes',
  record: { scope, active: true, who: 'x', why: 'x', since: 0 as FreezeRecord['since'] },
});

describe('what a permit relies on', () => {
  it('stands while other rows are written, and falls for good with one of its own', () => {
    const reliances = new Reliances();
    const reliance = reliances.add([['freezes', 'station']]);
    reliances.written([freeze('wallet:hot-1')], []);
    expect(reliance.stands).toBe(true);
    reliances.written([freeze('station')], []);
    expect(reliance.stands).toBe(false);
  });

  it('falls with a row that is removed, with the station’s, and with time', () => {
    const fallen = (act: (reliances: Reliances) => void): boolean => {
      const reliances = new Reliances();
      const reliance = reliances.add([['listings', 'alice', 'x']]);
      act(reliances);
      return !reliance.stands;
    };
    expect(fallen((r) => r.written([], [['listings', 'alice', 'x']]))).toBe(true);
    expect(fallen((r) => r.written([], [['listings', 'bob', 'x']]))).toBe(false);
    expect(fallen((r) => r.written([{ table: 'station', record: { key: 'station' } } as Write], []))).toBe(true);
    expect(fallen((r) => r.breakAll())).toBe(true);
  });

  it('each falls by itself, and one that was released holds nothing', () => {
    const reliances = new Reliances();
    const [one, two] = [reliances.add([['freezes', 'station']]), reliances.add([['freezes', 'wallet:hot-1']])];
    one.release();
    reliances.written([freeze('station')], []);
    expect([one.stands, two.stands]).toEqual([true, true]);
    reliances.written([freeze('wallet:hot-1')], []);
    expect(two.stands).toBe(false);
  });
});
