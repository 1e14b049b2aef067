import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ticker } from '../../../simulators/ledger/os/ticker.ts';

let ticker: Ticker;
let seen: string[];

beforeEach(() => {
  vi.useFakeTimers();
  ticker = new Ticker();
  seen = [];
});
afterEach(() => vi.useRealTimers());

const note = (what: string) => () => void seen.push(what);

describe('the device’s time goes by ticks of 100 ms', () => {
  it('calls back when so much time has passed, and once', () => {
    ticker.after(300, note('done'));
    vi.advanceTimersByTime(299);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(seen).toEqual(['done']);
  });

  it('stands still while paused, and goes on where it stood', () => {
    ticker.after(300, note('done'));
    vi.advanceTimersByTime(200);
    ticker.pause();
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual([]);
    ticker.resume();
    vi.advanceTimersByTime(100);
    expect(seen).toEqual(['done']);
  });

  it('is moved on by a step, paused or not', () => {
    ticker.pause();
    ticker.after(200, note('done'));
    ticker.step();
    expect(seen).toEqual([]);
    ticker.step();
    expect(seen).toEqual(['done']);
  });

  it('forgets a wait that is called off, even in the tick that it was due', () => {
    const callOff = ticker.after(100, note('later'));
    callOff();
    ticker.after(100, () => second());
    const second = ticker.after(100, note('called off by the first'));
    vi.advanceTimersByTime(500);
    expect(seen).toEqual([]);
  });

  it('has no timer where nothing waits, nor after it is closed', () => {
    expect(vi.getTimerCount()).toBe(0);
    ticker.after(100, note('one'));
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
    ticker.after(100, note('two'));
    ticker.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(500);
    expect(seen).toEqual(['one']);
  });
});
