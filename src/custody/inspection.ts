import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type ClockRecord, generationOf, type StationRecord } from '../domain/index.ts';
import { parseLeaf } from '../journal/leaf.ts';
import { openForReading, type Sqlite } from '../store/database.ts';
import { sqliteCode, TamperedRow } from '../store/failure.ts';
import { deriveKeys } from '../store/key.ts';
import { Log } from '../store/log.ts';
import { Rows } from '../store/rows.ts';
import { foreignSchema } from '../store/schema.ts';
import { policyHash } from './founding.ts';
import type { Keyring } from './seal.ts';
import { type SealedReader, type SealingState, sealingState } from './sealed.ts';

/** How a station's database stands, beside a running daemon or without one. */
export interface Inspection {
  /** Whether a process holds the station's lock. */
  readonly running: boolean;
  /** What SQLite finds wrong with the file's structure, and what isn't in the schema as this release makes it. */
  readonly damage: readonly string[];
  /** Undefined where its row fails its authentication code by the given state key. */
  readonly station: StationRecord | undefined;
  readonly clock: ClockRecord | undefined;
  /** The newest of the journal's verifier keys that it names. */
  readonly journalKey: string | undefined;
  /** SHA-256 of the policies that are kept: the one in force, and those before it. */
  readonly policies: readonly string[];
  /** Scopes of the freezes in force; with the reason, where it is the whole station. */
  readonly frozen: readonly string[];
  /** Wallets whose use before the last restore a quorum has stated; undefined where the station was never restored. */
  readonly stated: ReadonlySet<string> | undefined;
  /** Entries of the journal. */
  readonly size: number;
  /** Whether a courier ever had a notice accepted for delivery. */
  readonly delivered: boolean;
  /** Undefined where no sealing keys were given, or a row that has something sealed fails its authentication code. */
  readonly sealing: SealingState | undefined;
}

/** Throws `StoreUnusable` for a file of another release, and SQLite's own error for one that is no database. */
export function inspectStation(file: string, stateKey: Uint8Array, ring?: Keyring): Inspection {
  const db = openForReading(file);
  try {
    db.exec('BEGIN');
    const rows = new Rows(db, deriveKeys(stateKey).row);
    const read = <T>(look: () => T): T | undefined => {
      try {
        return look();
      } catch (error) {
        if (error instanceof TamperedRow) return undefined;
        throw error;
      }
    };
    return {
      running: isRunning(file),
      damage: [...structure(db), ...foreignSchema(db).map((part) => `${part} is not as this release makes it`)],
      station: read(() => rows.get('station', ['station'])?.record),
      clock: read(() => rows.get('clock', ['clock'])?.record),
      journalKey: read(() => rows.get('station', ['station'])?.record)?.journalKey ?? journalKeyOf(db),
      policies: keptPolicies(db),
      frozen: read(() =>
        rows.all('activeFreezes', []).map(({ scope, why }) => (scope === 'station' ? `${scope} (${why})` : scope)),
      ) ?? ['unreadable'],
      stated: read(() => statedWallets(db, rows)),
      size: new Log(db).size(),
      delivered: db.prepare('SELECT 1 FROM notices WHERE acknowledged_at IS NOT NULL LIMIT 1').get() !== undefined,
      sealing: ring === undefined ? undefined : read(() => sealingState(readerOf(rows), ring)),
    };
  } finally {
    db.close();
  }
}

function readerOf(rows: Rows): SealedReader {
  return {
    find: (lookup, after) => rows.all(lookup, [after]),
    count: (lookup, key, most) => rows.count(lookup, [key, most]),
  };
}

function statedWallets(db: Sqlite, rows: Rows): ReadonlySet<string> | undefined {
  const station = rows.get('station', ['station'])?.record;
  if (station === undefined || generationOf(station.name) === 1) return undefined;
  const wallets = db.prepare<[], string>('SELECT wallet FROM wallets').pluck().all();
  const stated = (wallet: string): boolean =>
    rows.get('wallets', [wallet])?.record.statedFor === generationOf(station.name);
  return new Set(wallets.filter(stated));
}

/** `PRAGMA quick_check`: everything that integrity_check looks at, but for indexes against their tables. */
function structure(db: Sqlite): string[] {
  const found: unknown[] = db.pragma('quick_check(10)', { simple: false }) as unknown[];
  return found.map((row) => String(Object.values(Object(row))[0])).filter((line) => line !== 'ok');
}

/** The daemon's lock is an exclusive one, so that a reader is turned away while it lives. */
export function isRunning(file: string): boolean {
  if (!existsSync(`${file}.lock`)) return false;
  const lock = new Database(`${file}.lock`, { readonly: true, timeout: 0 });
  try {
    lock.prepare('SELECT count(*) FROM sqlite_master').get();
    return false;
  } catch (error) {
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY') === true) return true;
    throw error;
  } finally {
    lock.close();
  }
}

/** By what their documents are, not by what the rows say that they are. */
function keptPolicies(db: Sqlite): string[] {
  const rows = db.prepare<[], { document: string }>('SELECT document FROM policies').all();
  return rows.map(({ document }) => policyHash(document));
}

function journalKeyOf(db: Sqlite): string | undefined {
  try {
    return parseLeaf(new Log(db).leaf(0) ?? new Uint8Array()).fields['journal_key'];
  } catch {
    return undefined;
  }
}
