import { Worker } from 'node:worker_threads';
import type { PublishedHead } from './tile-writer.ts';

/** Writes tiles. */
export interface Tiler {
  /** Resolves once the folder is whole up to this head. Rejects where it could not be: nothing that was published is changed then. */
  publish(head: PublishedHead): Promise<void>;
  close(): Promise<void>;
}

interface Asked {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A worker with a connection of its own writes them, from what is committed: the deciding thread waits for no other file than its
 * database (design §5, "One writer"). One that ends is started again for the next head.
 */
export function startTiler(file: string, folder: string, keys: readonly string[]): Tiler {
  let worker: Worker | undefined;
  let asked: Asked[] = [];
  const settle = (error?: Error): void => {
    const one = asked.shift();
    if (error === undefined) one?.resolve();
    else one?.reject(error);
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./tile-worker.ts', import.meta.url), { workerData: { file, folder, keys } });
    started.on('message', ({ error }: { readonly error?: string }) => {
      settle(error === undefined ? undefined : new Error(error));
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
