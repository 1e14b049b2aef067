import { Worker } from 'node:worker_threads';
import { JournalBehind } from './failure.ts';
import type { PublishedHead } from './tile-writer.ts';

/** Writes tiles. */
export interface Tiler {
  /**
   * Resolves once every place is whole up to this head. Rejects where one could not be: nothing that was published there is changed then.
   * With `JournalBehind` where a place has a checkpoint of this log that the database does not go on from.
   */
  publish(head: PublishedHead): Promise<void>;
  close(): Promise<void>;
}

/** Where it reads, and where it writes. */
export interface TilerPlaces {
  /** The database. */
  readonly file: string;
  /** Of the tiles. */
  readonly folder: string;
  /** Files for the checkpoint alone. */
  readonly kept: readonly string[];
  /** Verifier keys of the log: of every key that it named. */
  readonly keys: readonly string[];
}

/** What the worker says of one head. */
export interface TilerAnswer {
  readonly error?: string;
  readonly behind?: boolean;
}

interface Asked {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A worker with a connection of its own writes them, from what is committed: the deciding thread waits for no other file than its
 * database (design §5, "One writer"). One that ends is started again for the next head.
 */
export function startTiler(places: TilerPlaces): Tiler {
  let worker: Worker | undefined;
  let asked: Asked[] = [];
  const settle = (error?: Error): void => {
    const one = asked.shift();
    if (error === undefined) one?.resolve();
    else one?.reject(error);
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./tile-worker.ts', import.meta.url), { workerData: places });
    started.on('message', ({ error, behind }: TilerAnswer) => {
      settle(error === undefined ? undefined : behind === true ? new JournalBehind(error) : new Error(error));
    });
    let reason = 'the worker ended';
    started.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    started.on('exit', () => {
      if (worker === started) worker = undefined;
      const lost = asked;
      asked = [];
      for (const { reject } of lost) reject(new Error(reason));
    });
    return started;
  };
  return {
    publish: (head) =>
      new Promise((resolve, reject) => {
        asked.push({ resolve, reject });
        worker ??= start();
        worker.postMessage(head);
      }),
    close: async () => {
      await worker?.terminate();
    },
  };
}
