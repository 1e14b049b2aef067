import { Refusal, type WallMs } from '../domain/index.ts';
import type { BackupMade } from '../store/backup.ts';
import type { Backups } from './custody.ts';
import type { Station } from './station.ts';

/** Makes what a backup consists of, chunk by chunk; absent: the config names nobody who could open one. */
export type BackupSource = (made: WallMs) => AsyncGenerator<Uint8Array, BackupMade>;

/**
 * Backups of the database, for those whom the config names: whoever asks for one gets what only they can open. The station's keys are
 * not in it.
 */
export class BackupDesk implements Backups {
  readonly #station: Station;
  readonly #source: BackupSource | undefined;
  #busy = false;

  constructor(station: Station, source: BackupSource | undefined) {
    this.#station = station;
    this.#source = source;
  }

  async *create(who: string): AsyncGenerator<Uint8Array, BackupMade> {
    const station = this.#station;
    if (this.#source === undefined) throw new Refusal('backup-unconfigured');
    // Throws where the journal is not the station's own.
    station.reading(() => station.store.head());
    const { tampered } = station.store;
    if (tampered !== undefined)
      throw new Refusal('fact-tampered', `${tampered.told}: a backup of it could not be restored`);
    if (this.#busy) throw new Refusal('overloaded', 'another backup is being made');
    this.#busy = true;
    try {
      const made = yield* this.#source(station.look({}).now);
      station.log('backup-made', { who, size: made.size, rows: made.rows });
      return made;
    } finally {
      this.#busy = false;
    }
  }
}
