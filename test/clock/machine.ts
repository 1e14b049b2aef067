import { found, type Witnessed, witness } from '../../src/clock/index.ts';
import type { ClockReading, ClockRecord, WallMs } from '../../src/domain/index.ts';

/** 2022-01-17T00:46:00Z */
export const start = 1_642_380_360_000 as WallMs;

/** A machine whose clocks behave as Linux's do, and the record of a daemon that reads them. */
export class Machine {
  record: ClockRecord;
  #mono = 100_000;
  #uptime = 100_000;
  #wall: number = start;
  #boot = 1;

  constructor() {
    this.record = found(this.reading());
  }

  reading(): ClockReading {
    return { wall: this.#wall as WallMs, mono: this.#mono, uptime: this.#uptime, bootId: `boot-${this.#boot}` };
  }

  /** Time passes, awake. `wall` is how far the wall clock goes meanwhile. */
  pass(ms: number, wall = ms): this {
    this.#mono += ms;
    this.#uptime += ms;
    this.#wall += wall;
    return this;
  }

  setWall(by: number): this {
    this.#wall += by;
    return this;
  }

  suspend(ms: number): this {
    this.#uptime += ms;
    this.#wall += ms;
    return this;
  }

  /** Off for so long; `wall` is how far the hardware clock went, or was set, meanwhile. */
  reboot(ms: number, wall = ms): this {
    this.#boot += 1;
    this.#mono = 5_000;
    this.#uptime = 5_000;
    this.#wall += wall;
    return this.pass(0);
  }

  /** The daemon looks. */
  look(reading = this.reading()): Witnessed {
    const seen = witness(this.record, reading);
    this.record = seen.record;
    return seen;
  }

  /** So many seconds pass, the daemon looking after each. */
  run(seconds: number, wallPerSecond = 1_000): this {
    for (let i = 0; i < seconds; i++) this.pass(1_000, wallPerSecond).look();
    return this;
  }
}
