import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { Encrypter } from 'age-encryption';
import type { WallMs } from '../domain/index.ts';
import type { BackupAnswer, BackupWork } from './backup.ts';
import { dumpDatabase } from './backup-format.ts';
import { openForReading } from './database.ts';

const { file, recipients, made } = workerData as BackupWork;

/** What the database holds, read as fast as it is taken and no faster. Never on a disk, but encrypted. */
function plain(done: (of: { size: number; rows: number }) => void): ReadableStream<Uint8Array<ArrayBuffer>> {
  const db = openForReading(file);
  const lines = dumpDatabase(db, made as WallMs);
  return new ReadableStream(
    {
      pull(controller) {
        const next = lines.next();
        if (next.done === true) {
          db.close();
          done(next.value);
          controller.close();
        } else controller.enqueue(new Uint8Array(next.value));
      },
    },
    { highWaterMark: 0 },
  );
}

async function serve(answer: (of: BackupAnswer) => void, asked: AsyncIterable<unknown>): Promise<void> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  const sha256 = createHash('sha256');
  let bytes = 0;
  let whole: { size: number; rows: number } | undefined;
  const reader = (
    await encrypter.encrypt(
      plain((of) => {
        whole = of;
      }),
    )
  ).getReader();
  for await (const _ of asked) {
    const { done, value } = await reader.read();
    if (!done) {
      sha256.update(value);
      bytes += value.length;
      answer({ chunk: value });
    } else if (whole !== undefined)
      return answer({ made: { ...whole, bytes, sha256: new Uint8Array(sha256.digest()) } });
  }
}

/** One message from the parent is one chunk asked for. */
async function* requests(): AsyncGenerator<undefined> {
  let waiting = 0;
  let wake = (): void => {};
  parentPort?.on('message', () => {
    waiting++;
    wake();
  });
  for (;;) {
    if (waiting === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    waiting--;
    yield undefined;
  }
}

serve((of) => parentPort?.postMessage(of), requests()).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  parentPort?.postMessage({ error: message } satisfies BackupAnswer);
});
