import { workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { sqliteCode } from './failure.ts';

const { file, every } = workerData as { file: string; every: number };
const db = new Database(file, { fileMustExist: true });
db.pragma('synchronous = FULL');

setInterval(() => {
  try {
    // PASSIVE never waits for a reader or the writer, and never makes them wait.
    db.pragma('wal_checkpoint(PASSIVE)');
  } catch (error) {
    // Busy: the next round does it. Anything else the writer will meet, and report, itself.
    if (sqliteCode(error) === undefined) throw error;
  }
}, every);
