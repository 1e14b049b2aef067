import type { Timers } from '../../src/signers/timers.ts';

interface Timer {
  readonly milliseconds: number;
  readonly callback: () => void;
}

/** Timers that go off by hand. */
export class HandTimers implements Timers {
  readonly #timers = new Set<Timer>();
  readonly #waiting = new Set<() => void>();

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { milliseconds, callback };
    this.#timers.add(timer);
    for (const wake of [...this.#waiting]) wake();
    return () => this.#timers.delete(timer);
  }

  /** How long those that are set would run. */
  get set(): readonly number[] {
    return [...this.#timers].map(({ milliseconds }) => milliseconds);
  }

  /** Resolves when a timer of this duration is set. */
  async isSet(milliseconds: number): Promise<void> {
    while (!this.set.includes(milliseconds)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  /** Waits for a timer of this duration to be set, and lets it go off. */
  async goOff(milliseconds: number): Promise<void> {
    await this.isSet(milliseconds);
    const timer = [...this.#timers].find((one) => one.milliseconds === milliseconds);
    if (timer === undefined) throw new Error(`no timer of ${milliseconds} ms`);
    this.#timers.delete(timer);
    timer.callback();
  }
}
