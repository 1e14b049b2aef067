import { closeSync, existsSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { StoreUnusable, sqliteCode } from './failure.ts';
import { migrations } from './migrations.ts';
import { foreignSchema } from './schema.ts';

export type Sqlite = Database.Database;

/**
 * Opens a station's database for its one writer: WAL, every commit synced, and a lock that dies with the process.
 * Brings an older schema up to date; refuses a newer one.
 */
export function openDatabase(file: string): { readonly db: Sqlite; close(): void } {
  if (!existsSync(file)) throw new StoreUnusable(`${file} does not exist: make a station with "portcullis init"`);
  return openOrCreate(file);
}

/** As `openDatabase`, for a file that must not exist yet. */
export function createDatabase(file: string): { readonly db: Sqlite; close(): void } {
  if (file !== ':memory:') refuseRemains(file, 'a station is never overwritten');
  // SQLite gives the files beside it the same mode.
  if (file !== ':memory:') closeSync(openSync(file, 'wx', 0o600));
  return openOrCreate(file);
}

/**
 * Throws where there is a database, or what SQLite would take for a part of one that comes to this name: it plays a `-wal` file into
 * whatever lies beside it, and every row of it may be authentic.
 */
export function refuseRemains(file: string, why: string): void {
  for (const end of ['', '-wal', '-journal', '-shm']) {
    if (!existsSync(`${file}${end}`)) continue;
    throw new StoreUnusable(
      end === ''
        ? `${file} exists: ${why}`
        : `${file}${end} is left of another database: move it away with that; ${why}`,
    );
  }
}

/** For an auditor beside a running station: reads only, and takes no lock. */
export function openForReading(file: string): Sqlite {
  if (!existsSync(file)) throw new StoreUnusable(`${file} does not exist`);
  const db = new Database(file, { readonly: true, fileMustExist: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version !== migrations.length) {
    db.close();
    throw new StoreUnusable(`${file} has schema version ${version}, this program reads version ${migrations.length}`);
  }
  return db;
}

function openOrCreate(file: string): { readonly db: Sqlite; close(): void } {
  const lock = file === ':memory:' ? undefined : takeLock(`${file}.lock`);
  try {
    const db = new Database(file);
    try {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.pragma('foreign_keys = ON');
      db.pragma('trusted_schema = OFF');
      // What a savepoint would need to be undone: in a file, each page that a decision changes would be written there first.
      db.pragma('temp_store = MEMORY');
      // The checkpointer copies the log off this thread; this is only what happens should it be gone.
      db.pragma('wal_autocheckpoint = 16000');
      migrate(db, file);
      refuseForeign(db, file);
    } catch (error) {
      db.close();
      throw error;
    }
    return {
      db,
      close: () => {
        db.close();
        lock?.close();
      },
    };
  } catch (error) {
    lock?.close();
    throw error;
  }
}

/**
 * One writer (design §5). The lock is SQLite's own, on a file beside the database, so that the operating system drops it
 * with the process however that ends, while readers of the database itself stay free to read.
 */
function takeLock(file: string): Sqlite {
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY') === true) {
      throw new StoreUnusable(`another process runs this station (it holds ${file}): stop it first`, { cause: error });
    }
    throw error;
  }
}

/** Threat H: a trigger in the file would undo what decisions write, under authentic rows. */
function refuseForeign(db: Sqlite, file: string): void {
  const foreign = foreignSchema(db);
  if (foreign.length === 0) return;
  throw new StoreUnusable(
    `${file} has a schema that is not this release's own: ${foreign.join(', ')}. Another hand changed it: find out who, and restore a backup`,
  );
}

function migrate(db: Sqlite, file: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > migrations.length) {
    throw new StoreUnusable(
      `${file} was written by a newer release (schema ${version}; this one knows ${migrations.length}): run that release, or restore a backup`,
    );
  }
  for (const [i, sql] of migrations.entries()) {
    if (i < version) continue;
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`user_version = ${i + 1}`);
    }).immediate();
  }
}
