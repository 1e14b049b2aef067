import { Worker } from 'node:worker_threads';

/** How often the write-ahead log is copied into the database, ms. */
const every = 1_000;

/**
 * SQLite copies its write-ahead log into the database now and then. Left to itself it does so inside a commit, and a request
 * pays for it; here a worker with a connection of its own does it, off the deciding thread (design §5, "One writer").
 */
export function startCheckpointer(
  file: string,
  log: (event: string, details?: Readonly<Record<string, string | number>>) => void,
): { close(): Promise<void> } {
  const worker = new Worker(new URL('./checkpointer-worker.ts', import.meta.url), { workerData: { file, every } });
  let closing = false;
  worker.on('error', (error) => log('checkpointer-failed', { error: error.message }));
  worker.on('exit', (code) => {
    if (!closing) log('checkpointer-ended', { code });
  });
  return {
    close: async () => {
      closing = true;
      await worker.terminate();
    },
  };
}
