import type { ClockReading, TimeSource, WallMs } from './domain/index.ts';

/** The machine's time, moved ahead whenever somebody says so, on every clock alike. Only `dev.ts` may use it. */
export class SimulatedTime implements TimeSource {
  readonly simulated = true;
  readonly #bootId = '51b0ca1e-0000-4000-8000-000000000000';
  #ahead = 0;

  /** Lets `ms` pass at once. */
  advance(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError(`time passes forward, not by ${ms} ms`);
    this.#ahead += ms;
  }

  read(): ClockReading {
    const mono = Math.floor(performance.now()) + this.#ahead;
    return { wall: (Date.now() + this.#ahead) as WallMs, mono, uptime: mono, bootId: this.#bootId };
  }
}
