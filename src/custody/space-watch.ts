import type { FreezeRecord } from '../domain/index.ts';
import type { Verdict, Write } from '../store/verdict.ts';
import { noticeSeed, spaceLowText, writeNotice } from './notice.ts';
import type { Station } from './station.ts';

/** Below this many free bytes the station freezes itself: enough to record that, and what is in flight, many times over. */
export const spaceLeast = 64 * 1024 * 1024;

/**
 * S13: a disk that fills, by whoever's doing, ends in a station that can record nothing and so does nothing, without a word. While it
 * can still write it, it says so and freezes. Operators make room and thaw; where there is no room by then, it freezes again.
 */
export class SpaceWatch {
  readonly #station: Station;
  readonly #free: () => number;

  /** `free`: bytes that the station may still write beside its database. */
  constructor(station: Station, free: () => number) {
    this.#station = station;
    this.#free = free;
  }

  async look(): Promise<void> {
    const free = this.#free();
    if (free >= spaceLeast) return;
    const seed = noticeSeed(this.#station);
    await this.#station.decide({ rows: [['freezes', 'station']] }, (facts): Verdict<undefined> => {
      if (facts.get('freezes', 'station')?.active === true) return { result: undefined };
      const why = `disk-nearly-full: ${Math.floor(free / 1024 / 1024)} MiB are left for the station`;
      const record: FreezeRecord = { scope: 'station', active: true, who: 'station', why, since: facts.now };
      const writes: Write[] = [{ table: 'freezes', record, leaf: 0 }];
      // Where no operators are founded there is nobody to address.
      const notice =
        this.#station.policy.operators === undefined
          ? undefined
          : writeNotice(seed, facts, { account: null, kind: 'frozen', subject: 'station', text: spaceLowText(why) });
      if (notice !== undefined) writes.push({ table: 'notices', record: notice, leaf: 0 });
      const fields = { scope: 'station', who: 'station', why, ...(notice === undefined ? {} : { notice: notice.id }) };
      return { result: undefined, writes, leaves: [{ kind: 'frozen', fields }] };
    });
  }
}
