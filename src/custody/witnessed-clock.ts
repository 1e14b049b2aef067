import { now as nowOf, witness } from '../clock/index.ts';
import { type ClockRecord, formatInstant, type TimeSource } from '../domain/index.ts';
import type { Witness, Witnessed } from '../store/store.ts';

/**
 * Witnessed time between two writes: the daemon counts every second in memory and writes with each commit. A commit that
 * fails loses nothing of what was seen, suspicion above all: a wall clock that was set and set back while the disk was full
 * is suspect still.
 */
export class WitnessedClock implements Witness {
  readonly #time: TimeSource;
  /** The record as of the last tick, ahead of what is written. */
  #current: ClockRecord | undefined;
  /** What stood before the last commit, and what that was given to write: one of the two stands now. */
  #stood: ClockRecord | undefined;
  #written: ClockRecord | undefined;

  constructor(time: TimeSource) {
    this.#time = time;
  }

  /** A second has passed: counted in memory. */
  tick(): void {
    if (this.#current !== undefined) this.#current = witness(this.#current, this.#time.read()).record;
  }

  commit(last: ClockRecord): Witnessed {
    const witnessed = this.#step(last);
    this.#current = witnessed.clock;
    this.#stood = last;
    this.#written = witnessed.clock;
    return witnessed;
  }

  /** A clock that was found wrong stays so until people have acknowledged it, however briefly it was: it may have dated an intent. */
  look(last: ClockRecord): Witnessed {
    const seen = this.#step(last);
    if (seen.clock.suspect && !last.suspect) {
      this.#current = seen.clock;
      this.#stood = last;
    }
    return seen;
  }

  #step(last: ClockRecord): Witnessed {
    // Neither of the two: another hand of this station wrote the record (an acknowledgement), and then the record counts.
    const ours = [this.#written, this.#stood].some((record) => record !== undefined && same(last, record));
    const base = this.#current !== undefined && ours ? this.#current : last;
    const reading = this.#time.read();
    const { record: clock, findings } = witness(base, reading);
    const now = nowOf(clock, reading);
    if (!clock.suspect || last.suspect) return { clock, now };
    const why = findings.filter((f) => f.suspicious).map((f) => f.kind);
    const fields = { findings: why.join(' ') || 'seen before', wall: formatInstant(reading.wall) };
    return { clock, now, note: { kind: 'clock-suspect', fields } };
  }
}

function same(a: ClockRecord, b: ClockRecord): boolean {
  const keys = Object.keys(a) as (keyof ClockRecord)[];
  return keys.every((key) => a[key] === b[key]);
}
