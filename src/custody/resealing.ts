import { Refusal } from '../domain/index.ts';
import type { Facts } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';
import type { SealedPurpose } from './seal.ts';
import { type SealedTable, type SealingState, sealedPurpose, sealingState } from './sealed.ts';
import type { Station } from './station.ts';
import type { Later } from './timing.ts';

/** Rows in one commit: some milliseconds of the deciding thread. */
const rowsAtOnce = 64;
/** Between two of them, ms. */
const pause = 20;
/** After a failure, ms. */
const rest = 60_000;

/**
 * After the sealing key was changed: seals anew, under the newest key, what lies under a former one, a few rows a commit. How far
 * it came is in the rows themselves, so that a start after a kill goes on where it stopped.
 */
export class Resealing {
  readonly #station: Station;
  readonly #later: Later;
  #cancel: () => void = () => {};
  #closed = false;

  constructor(station: Station, later: Later) {
    this.#station = station;
    this.#later = later;
  }

  /** How far it is. */
  state(): SealingState {
    const { store, sealing } = this.#station;
    return this.#station.reading(() => sealingState(store, sealing));
  }

  /** Tells of keys that are missing, and begins if there is a former one. */
  start(): void {
    try {
      for (const { key, missing, sealed } of this.state().former) {
        if (missing) this.#station.log('sealing-key-missing', { key, sealed });
      }
    } catch (error) {
      // What is forged has frozen the station by now; the start goes on, so that people can look.
      if (!(error instanceof Refusal)) throw error;
    }
    if (this.#station.sealing.former.length > 0) this.#wait(0);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** One small commit. Returns how many rows it sealed anew; 0 when nothing is left. */
  async step(): Promise<number> {
    const { store, sealing } = this.#station;
    for (const key of sealing.former) {
      const transactions = this.#station.reading(() => store.find('transactionsSealedUnder', key, rowsAtOnce));
      const codes = this.#station.reading(() => store.find('codesSealedUnder', key, rowsAtOnce));
      const registrations = this.#station.reading(() => store.find('registrationsSealedUnder', key, rowsAtOnce));
      const found = [
        ...transactions.map(({ id }) => ['transactions', id] as const),
        ...codes.map(({ factor }) => ['codes', factor] as const),
        ...registrations.map((record) => ['registrations', record.key] as const),
      ].slice(0, rowsAtOnce);
      if (found.length === 0) continue;
      const committed = await this.#station.decide({ rows: found }, (facts) => {
        const writes = found.flatMap(([table, row]) => this.#anew(facts, table, row));
        return { result: writes.length, writes };
      });
      // Released or used meanwhile, so that nothing was left of it: the next look finds what is.
      return Math.max(1, committed.result);
    }
    return 0;
  }

  /** As the row is now. It keeps the entry that tells of it: what it holds has not changed. */
  #anew(facts: Facts, table: SealedTable, row: string): Write[] {
    if (table === 'transactions') {
      const record = facts.get('transactions', row);
      const sealed = record?.sealed ?? null;
      if (record === undefined || sealed === null) return [];
      return [{ table, record: { ...record, sealed: this.#sealed(sealedPurpose(record), row, sealed) } }];
    }
    if (table === 'registrations') {
      const record = facts.get('registrations', row);
      if (record === undefined) return [];
      return [{ table, record: { ...record, hmac: this.#sealed('wallet-registration', row, record.hmac) } }];
    }
    const record = facts.get('codes', row);
    if (record === undefined) return [];
    return [{ table, record: { ...record, secret: this.#sealed('code-secret', row, record.secret) } }];
  }

  #sealed(purpose: SealedPurpose, row: string, sealed: Uint8Array): Uint8Array {
    return this.#station.seal(purpose, row, this.#station.sealing.unseal(purpose, row, sealed));
  }

  #wait(ms: number): void {
    if (this.#closed) return;
    this.#cancel = this.#later(ms, () => void this.#run());
  }

  async #run(): Promise<void> {
    try {
      if (this.#closed) return;
      if ((await this.step()) > 0) this.#wait(pause);
      else this.#station.log('sealed-anew', { key: this.#station.sealing.current });
    } catch (error) {
      this.#station.log('not-sealed-anew', { error: String(error) });
      this.#wait(rest);
    }
  }
}
