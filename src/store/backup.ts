import { Worker } from 'node:worker_threads';

/** What the worker makes a backup of, and for whom. */
export interface BackupWork {
  /** The database. */
  readonly file: string;
  /** age recipients. */
  readonly recipients: readonly string[];
  /** The wall clock, ms since 1970. */
  readonly made: number;
}

/** One answer of the worker's for each chunk that it is asked for. */
export type BackupAnswer = { readonly chunk: Uint8Array } | { readonly made: BackupMade } | { readonly error: string };

/** What a whole backup holds. */
export interface BackupMade {
  /** Entries of the journal. */
  readonly size: number;
  readonly rows: number;
  /** Of the whole file, as it was handed out. */
  readonly bytes: number;
  readonly sha256: Uint8Array;
}

/**
 * A station's database as it is when the first chunk is asked for, encrypted (age, C2SP age), chunk by chunk as they are taken; made by
 * a worker with a connection of its own. Whoever stops early has stopped the worker.
 */
export async function* backupOf(work: BackupWork): AsyncGenerator<Uint8Array, BackupMade> {
  const worker = new Worker(new URL('./backup-worker.ts', import.meta.url), { workerData: work });
  let settle: (answer: BackupAnswer) => void = () => {};
  let ended: BackupAnswer | undefined;
  worker.on('message', (answer: BackupAnswer) => settle(answer));
  const end = (error: string): void => {
    ended ??= { error };
    settle(ended);
  };
  worker.on('error', (error) => end(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => end('the worker ended'));
  try {
    for (;;) {
      const answer = await new Promise<BackupAnswer>((resolve) => {
        settle = resolve;
        if (ended !== undefined) resolve(ended);
        else worker.postMessage('more');
      });
      if ('error' in answer) throw new Error(`the backup was not made: ${answer.error}`);
      if ('made' in answer) return answer.made;
      yield answer.chunk;
    }
  } finally {
    await worker.terminate();
  }
}
