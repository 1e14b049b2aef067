import { parentPort, workerData } from 'node:worker_threads';
import { parseVerifierKey } from '../journal/note.ts';
import { openForReading } from './database.ts';
import { JournalBehind } from './failure.ts';
import { Log } from './log.ts';
import { TileFolder } from './tile-folder.ts';
import { type PublishedHead, writeKept, writeTiles } from './tile-writer.ts';
import type { TilerAnswer, TilerPlaces } from './tiler.ts';

const { file, folder, kept, keys } = workerData as TilerPlaces;
const verifiers = keys.map((key) => parseVerifierKey(key));
const tiles = new TileFolder(folder);
const db = openForReading(file);
const log = new Log(db);

/** Each place by itself: what one disk lacks keeps no checkpoint from the others. */
function publish(head: PublishedHead): TilerAnswer {
  const writes = [
    () => writeTiles(tiles, log, head, verifiers),
    ...kept.map((path) => () => writeKept(path, log, head, verifiers)),
  ];
  const errors: string[] = [];
  let behind = false;
  for (const write of writes) {
    try {
      write();
    } catch (error) {
      behind ||= error instanceof JournalBehind;
      errors.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }
  return errors.length === 0 ? {} : { error: errors.join('; '), behind };
}

parentPort?.on('message', (head: PublishedHead) => {
  parentPort?.postMessage(publish(head));
});
