import type { ClockReading, TimeSource, WallMs } from '../../src/domain/index.ts';

/** Time that passes when a test says so. Starts on the day that the exchange was robbed. */
export class SimulatedTime implements TimeSource {
  readonly simulated = true;
  wall = Date.parse('2022-01-17T00:46:00Z') as WallMs;
  mono = 1_000_000;
  uptime = 1_000_000;
  bootId = '00000000-0000-4000-8000-000000000001';

  read(): ClockReading {
    return { wall: this.wall, mono: this.mono, uptime: this.uptime, bootId: this.bootId };
  }

  /** Lets `ms` pass on every clock. */
  pass(ms: number): void {
    this.wall = (this.wall + ms) as WallMs;
    this.mono += ms;
    this.uptime += ms;
  }
}
