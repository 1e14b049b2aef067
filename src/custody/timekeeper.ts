import { minute, second } from '../domain/index.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { RowKey } from '../store/facts.ts';
import type { Verdict, Write } from '../store/verdict.ts';
import type { ActDesk } from './acts/desk.ts';
import type { Breaker } from './breaker.ts';
import type { Refusals } from './refusals.ts';
import { Reservations, reservedRows } from './reservations.ts';
import type { SpaceWatch } from './space-watch.ts';
import type { Station } from './station.ts';
import { endWithdrawal } from './withdrawals.ts';
import type { WitnessedClock } from './witnessed-clock.ts';

/** S13: rows of the circuit breaker that a sweep writes; what is left waits for the next. */
const rowsPerSweep = 64;
/** How often time is written when nothing else is (design §5). */
const writeEvery = 30 * second;

/**
 * Once a second: counts time, so that what the daemon saw pass is never taken for a gap; every half minute writes it; every
 * minute ends withdrawals whose time to be paid has passed and tells of refusals that had no leaf of their own. Operators' acts
 * that are due are moved on each second.
 */
export class Timekeeper {
  readonly #station: Station;
  readonly #refusals: Refusals;
  readonly #breaker: Breaker;
  readonly #clock: WitnessedClock;
  readonly #acts: Pick<ActDesk, 'sweep'>;
  readonly #space: Pick<SpaceWatch, 'look'>;
  /** The first tick writes: what passed since the last process ended is settled before seconds are counted again. */
  #sinceWrite: number = writeEvery;
  #sinceSweep = 0;
  /** The epoch under which no open withdrawal of an earlier one is left. */
  #noneDead: number | undefined;

  constructor(
    station: Station,
    refusals: Refusals,
    breaker: Breaker,
    clock: WitnessedClock,
    acts: Pick<ActDesk, 'sweep'>,
    space: Pick<SpaceWatch, 'look'>,
  ) {
    this.#station = station;
    this.#refusals = refusals;
    this.#breaker = breaker;
    this.#clock = clock;
    this.#acts = acts;
    this.#space = space;
  }

  /** One second has passed, or `elapsed` ms. */
  async tick(elapsed: number = second): Promise<void> {
    this.#clock.tick();
    // What is not the station's own journal is not written.
    if (this.#station.store.behind !== undefined) return;
    this.#sinceWrite += elapsed;
    this.#sinceSweep += elapsed;
    if (this.#sinceSweep >= minute) {
      this.#sinceSweep = 0;
      this.#sinceWrite = 0;
      await this.#space.look();
      await this.sweep();
    } else if (this.#sinceWrite >= writeEvery) {
      this.#sinceWrite = 0;
      await this.#station.decide({}, () => ({ result: undefined }));
    }
    await this.#acts.sweep();
  }

  /** Tells of the refusals that were counted and not told: their count lives in this process only. */
  async close(): Promise<void> {
    const aggregate = this.#refusals.aggregate();
    const counted = this.#breaker.flush(Number.POSITIVE_INFINITY);
    if (aggregate === undefined && counted.writes.length === 0) return;
    const leaves = aggregate === undefined ? [] : [aggregate.leaf];
    await this.#station.decide({}, () => ({ result: undefined, writes: counted.writes, leaves }));
  }

  async sweep(): Promise<void> {
    const overdue = this.#station.reading(() => {
      const { now, station } = this.#station.look({});
      const { store } = this.#station;
      // Once none is left there are none until the next epoch: all that are open are not read each minute.
      const dead =
        this.#noneDead === station.factorEpoch ? [] : store.find('withdrawalsDead', station.factorEpoch, 100);
      if (dead.length === 0) this.#noneDead = station.factorEpoch;
      const gone = new Set(dead.map(({ id }) => id));
      return [...dead, ...store.find('withdrawalsOverdue', now, 100).filter(({ id }) => !gone.has(id))];
    });
    const rows = overdue.flatMap((w): RowKey[] => [['withdrawals', w.id], ...reservedRows(w)]);
    const aggregate = this.#refusals.aggregate();
    let counted: ReturnType<Breaker['flush']> | undefined;
    const decided = this.#station.decide({ rows }, (facts): Verdict<undefined> => {
      // Taken in the decision: what another one counts meanwhile must not be written over.
      counted = this.#breaker.flush(rowsPerSweep);
      const writes: Write[] = [...counted.writes];
      const leaves: LeafDraft[] = [];
      const reservations = new Reservations(facts);
      for (const { id } of overdue) {
        const record = facts.get('withdrawals', id);
        // On a suspect clock nothing ends either: what is overdue can't be signed, and what isn't would be lost.
        if (record === undefined) continue;
        if (record.state !== 'HELD' && record.state !== 'AUTHORIZED') continue;
        const dead = record.epoch !== facts.station.factorEpoch;
        if (!dead && (record.payBy > facts.now || facts.clock.suspect)) continue;
        const [event, by] = dead ? (['cancel', 'epoch'] as const) : (['expire', 'pay-by'] as const);
        const ended = endWithdrawal(record, event, by, facts, leaves.length, reservations);
        writes.push(...(ended.writes ?? []));
        leaves.push(...(ended.leaves ?? []));
      }
      writes.push(...reservations.writes());
      if (aggregate !== undefined) leaves.push(aggregate.leaf);
      return { result: undefined, writes, leaves };
    });
    await decided.catch((error: unknown) => {
      // Not told: it is counted again.
      aggregate?.restore();
      counted?.restore();
      throw error;
    });
  }
}
