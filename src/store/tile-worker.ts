import { parentPort, workerData } from 'node:worker_threads';
import { parseVerifierKey } from '../journal/note.ts';
import { openForReading } from './database.ts';
import { Log } from './log.ts';
import { TileFolder } from './tile-folder.ts';
import { type PublishedHead, writeTiles } from './tile-writer.ts';

const { file, folder, keys } = workerData as { file: string; folder: string; keys: readonly string[] };
const verifiers = keys.map((key) => parseVerifierKey(key));
const tiles = new TileFolder(folder);
const db = openForReading(file);
const log = new Log(db);

parentPort?.on('message', (head: PublishedHead) => {
  try {
    writeTiles(tiles, log, head, verifiers);
    parentPort?.postMessage({});
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
});
