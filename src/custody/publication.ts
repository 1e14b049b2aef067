import { JournalBehind } from '../store/failure.ts';
import type { Tiler } from '../store/tiler.ts';
import type { Journal } from './custody.ts';

export interface PublicationParts {
  readonly journal: Pick<Journal, 'head' | 'onGrowth'> & { readonly witnesses: Pick<Journal['witnesses'], 'cosigned'> };
  readonly tiler: Pick<Tiler, 'publish'>;
  /** Checkpoints are published this far apart, ms: a second unless it says otherwise. */
  readonly every?: number;
  /** A published checkpoint is one that the journal does not go on from. */
  readonly behind: (error: JournalBehind) => void;
  /** Calls back after so many ms; returns what stops it. */
  readonly later: (ms: number, run: () => void) => () => void;
  readonly log: (event: string, details?: Readonly<Record<string, string | number>>) => void;
}

/** Each costs a signature, and the files of the tiles that it ends in. */
const second = 1_000;
/** How long after one that failed, ms. */
const again = 30_000;
/** How long the last one may take when the station stops, ms: a key may be on a device that no longer answers. */
const closingMost = 5_000;

/**
 * Publishes the journal as files while it grows: the newest checkpoint, and the tiles that it needs. What can't be written is
 * tried again; no decision waits for it, and no payment.
 */
export class Publication {
  readonly #parts: PublicationParts;
  readonly #every: number;
  readonly #unwatch: () => void;
  /** What is there: size, and cosigned checkpoint. */
  #size = -1;
  #cosigned: string | undefined;
  #armed: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #grown = false;
  #failed = false;
  #closed = false;

  constructor(parts: PublicationParts) {
    this.#parts = parts;
    this.#every = parts.every ?? second;
    this.#unwatch = parts.journal.onGrowth(() => {
      this.#grown = true;
      this.#arm(this.#every);
    });
    this.#arm(0);
  }

  /** Publishes what is there, once more, and ends. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    this.#armed?.();
    let stop = (): void => {};
    const late = new Promise<void>((resolve) => {
      stop = this.#parts.later(closingMost, resolve);
    });
    await Promise.race([(this.#running ?? Promise.resolve()).then(() => this.#publish()), late]);
    stop();
  }

  #arm(ms: number): void {
    if (this.#closed || this.#armed !== undefined) return;
    this.#armed = this.#parts.later(ms, () => {
      this.#grown = false;
      this.#running = this.#publish().then(() => {
        this.#armed = undefined;
        this.#running = undefined;
        if (this.#failed) this.#arm(again);
        else if (this.#grown) this.#arm(this.#every);
      });
    });
  }

  async #publish(): Promise<void> {
    const { journal, tiler, log } = this.#parts;
    try {
      const head = await journal.head();
      const cosigned = (await journal.witnesses.cosigned())?.note;
      if (head.size !== this.#size || cosigned !== this.#cosigned) await tiler.publish({ ...head, cosigned });
      this.#size = head.size;
      this.#cosigned = cosigned;
      if (this.#failed) log('journal-published-again', { size: head.size });
      this.#failed = false;
    } catch (error) {
      if (error instanceof JournalBehind) this.#parts.behind(error);
      // Told once, not each time that it is tried.
      if (!this.#failed)
        log('journal-not-published', { error: error instanceof Error ? error.message : String(error) });
      this.#failed = true;
    }
  }
}
