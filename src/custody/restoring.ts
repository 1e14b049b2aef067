import { type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Decrypter } from 'age-encryption';
import { codeStep, codeWindow } from '../attestation/index.ts';
import {
  type ActRecord,
  generationOf,
  idOf,
  Malformed,
  nextGeneration,
  type StationRecord,
  type TimeSource,
  toHex,
  type WallMs,
} from '../domain/index.ts';
import { dumpDatabase, loadDatabase } from '../store/backup-format.ts';
import { createDatabase, openDatabase, openForReading, refuseRemains, type Sqlite } from '../store/database.ts';
import { deriveKeys } from '../store/key.ts';
import { Log } from '../store/log.ts';
import { restore } from '../store/restoring.ts';
import { Rows } from '../store/rows.ts';
import { Store } from '../store/store.ts';
import { end } from './acts/settlement.ts';
import { audit } from './audit/audit.ts';
import type { Finding } from './audit/finding.ts';
import { journalOrigin } from './founding.ts';
import { scopeFields } from './freeze.ts';
import { verifierKeyOf } from './journal-key.ts';
import type { FoundNote } from './kept-object.ts';
import { readPolicyDocument } from './policy-document.ts';
import { readPublished } from './published.ts';
import { Reservations, reservedRows } from './reservations.ts';
import { endWithdrawal } from './withdrawals.ts';
import { WitnessedClock } from './witnessed-clock.ts';

export interface RestoreRequest {
  /** Where the database is to be; must not exist. */
  readonly file: string;
  /** A backup's bytes, decrypted. */
  readonly source: AsyncIterable<Uint8Array>;
  /** 32 bytes. */
  readonly stateKey: Uint8Array;
  /** The public halves of the journal's keys that the config names. */
  readonly journalKeys: readonly KeyObject[];
  readonly time: TimeSource;
  /** Files that the station published its checkpoints in: what is there says how much is lost. */
  readonly published: readonly string[];
  /** Checkpoints that were found elsewhere. */
  readonly found?: readonly FoundNote[];
}

export interface Restored {
  readonly station: StationRecord;
  readonly former: string;
  /** Entries that the backup had. */
  readonly size: number;
  /** Of the largest checkpoint of the former log that was found; undefined where none was. */
  readonly publishedSize: number | undefined;
  readonly withdrawalsEnded: number;
  readonly actsEnded: number;
  /** In the order of policy. */
  readonly wallets: readonly string[];
  readonly policyDocument: string;
}

/** The backup is not one that this station's key made, or is damaged: nothing was restored. */
export class RestoreRefused extends Error {
  readonly findings: readonly Finding[];

  constructor(message: string, findings: readonly Finding[] = []) {
    super(message);
    this.name = 'RestoreRefused';
    this.findings = findings;
  }
}

const findingsMost = 20;

/**
 * Brings a station back from a backup, as its next generation, frozen. Whatever was handed out for the former one counts no more: what
 * was prepared, authorized and held is void, and operators' acts that waited. What was permitted keeps its anchor. The whole is
 * checked before, as `verify` does; it comes to its name once it is whole.
 */
export async function restoreStation(request: RestoreRequest): Promise<Restored> {
  const { file } = request;
  refuseRemains(file, 'restore into an empty data folder');
  const building = `${file}.restoring`;
  const clear = (): void => {
    for (const end of ['', '-wal', '-shm', '-journal', '.lock']) rmSync(`${building}${end}`, { force: true });
  };
  // What an earlier try that was broken off left.
  clear();
  try {
    await load(building, request.source);
    check(building, request.stateKey);
    const restored = await raise(building, request);
    sync(building);
    refuseRemains(file, 'restore into an empty data folder');
    // Not renamed: that would take the place of a database that came there meanwhile.
    linkSync(building, file);
    sync(dirname(file));
    return restored;
  } finally {
    clear();
  }
}

/** A backup's plain bytes, for whoever has the identity of one of its recipients. Rejects with `Malformed`. */
export async function openBackup(
  file: ReadableStream<Uint8Array>,
  identities: readonly string[],
): Promise<AsyncIterable<Uint8Array>> {
  const decrypter = new Decrypter();
  identities.forEach((identity, i) => {
    try {
      decrypter.addIdentity(identity);
    } catch {
      // Its own message could quote the identity.
      throw new Malformed('--identity', `line ${i + 1} is no age identity (AGE-SECRET-KEY-…)`);
    }
  });
  const wrong = (error: unknown): Malformed =>
    new Malformed('backup', `it cannot be decrypted: ${error instanceof Error ? error.message : String(error)}`);
  const plain = await decrypter.decrypt(file).catch((error: unknown) => {
    throw wrong(error);
  });
  return (async function* () {
    const reader = plain.getReader();
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw wrong(error);
      });
      if (done) return;
      yield value;
    }
  })();
}

/** An older database, for a station that found itself behind and has no newer one. */
export async function* copyOf(database: string, made: WallMs): AsyncGenerator<Uint8Array> {
  const db = openForReading(database);
  try {
    yield* dumpDatabase(db, made);
  } finally {
    db.close();
  }
}

async function load(building: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  const { db, close } = createDatabase(building);
  try {
    // If this is broken off nothing of it is used.
    db.pragma('synchronous = OFF');
    db.exec('BEGIN');
    await loadDatabase(db, source);
    db.exec('COMMIT');
  } finally {
    close();
  }
}

/** Every row under its code, and the journal that tells of it: whatever `verify` finds is not brought back. */
function check(building: string, stateKey: Uint8Array): void {
  const findings: Finding[] = [];
  const audited = audit({ file: building, stateKey }, (finding) => {
    if (findings.length < findingsMost) findings.push(finding);
  });
  if (audited.findings === 0) return;
  const message = `${audited.findings} thing(s) are wrong with the backup, or this is not its station’s state key: nothing was restored`;
  throw new RestoreRefused(message, findings);
}

/** Makes it the next generation, and ends what cannot be carried over. */
async function raise(building: string, request: RestoreRequest): Promise<Restored> {
  const rowKey = deriveKeys(request.stateKey).row;
  const { db, close } = openDatabase(building);
  try {
    const of = nextOf(db, rowKey, request);
    const { station, former, size, root, published } = of;
    const why = `restored: generation ${generationOf(station.name)}, from a backup of ${size} entries`;
    const now = request.time.read().wall;
    const leaf = {
      restored: station.name,
      former,
      origin: station.origin,
      size: String(size),
      root: toHex(root),
      journal_key: station.journalKey,
      ticket_epoch: String(station.ticketEpoch),
      ...(published && { published_size: String(published.size), published_root: toHex(published.root) }),
    };
    restore(
      db,
      rowKey,
      {
        station,
        now,
        freeze: { scope: 'station', active: true, who: 'station', why, since: now },
        leaves: [
          { kind: 'station-restored', fields: leaf },
          { kind: 'frozen', ...scopeFields('station', 'station', why) },
        ],
        stepUsed: codeStep(now) + codeWindow,
      },
      () => randomBytes(32),
    );
    const clock = new WitnessedClock(request.time);
    const store = new Store({
      db,
      rowKey,
      witness: clock,
      salt: () => randomBytes(32),
      onFatal: (error) => {
        throw error;
      },
    });
    const [withdrawalsEnded, actsEnded] = [await endWithdrawals(store), await endActs(store)];
    const restored = store.look({}).station;
    store.close();
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.pragma('journal_mode = DELETE');
    const { wallets, policyDocument } = of;
    const publishedSize = published?.size;
    return { station: restored, former, size, publishedSize, withdrawalsEnded, actsEnded, wallets, policyDocument };
  } finally {
    close();
  }
}

/** What the station becomes. */
function nextOf(db: Sqlite, rowKey: Uint8Array, { journalKeys, published: files, found, time }: RestoreRequest) {
  const rows = new Rows(db, rowKey);
  const before = rows.get('station', ['station'])?.record;
  const head = rows.get('head', ['head'])?.record;
  if (before === undefined || head === undefined) throw new RestoreRefused('the backup holds no station');
  const simulated = before.origin.startsWith('portcullis/simulated/');
  if (simulated !== time.simulated)
    throw new RestoreRefused('the backup is of an emulated station, or this one is: they never change places');
  const key = journalKeys.find((own) => verifierKeyOf(before.origin, own) === before.journalKey);
  if (key === undefined)
    throw new RestoreRefused(
      `the backup’s journal has the key ${before.journalKey}: name its file in config.keys.journal, behind a newer one if there is`,
    );
  const document = db
    .prepare<[string], string>('SELECT document FROM policies WHERE hash = ?')
    .pluck()
    .get(before.policy);
  if (document === undefined) throw new RestoreRefused(`the backup lacks the policy in force, ${before.policy}`);
  const { policy } = readPolicyDocument(new TextEncoder().encode(document));
  if (policy.operators === undefined)
    throw new RestoreRefused(
      'its policy founds no operators: nobody could state what its wallets used since the backup. Make a new station, and move the coins with the device',
    );
  const name = nextGeneration(before.name);
  const origin = journalOrigin(idOf(name), simulated, generationOf(name));
  const log = new Log(db);
  const { newest } = readPublished(files, { log, size: () => head.size, station: before }, [before.journalKey], found);
  return {
    station: { ...before, name, origin, ticketEpoch: before.ticketEpoch + 1, journalKey: verifierKeyOf(origin, key) },
    former: before.name,
    size: head.size,
    root: head.root,
    published: newest,
    wallets: [...policy.wallets.keys()],
    policyDocument: document,
  };
}

/** Held or authorized: it may have been paid since, or refused, and nothing here tells. Whoever wants it approves it anew (I4). */
async function endWithdrawals(store: Store): Promise<number> {
  for (let ended = 0; ; ) {
    const open = store.find('withdrawalsOverdue', Number.MAX_SAFE_INTEGER, 100);
    if (open.length === 0) return ended;
    const rows = open.flatMap((one) => [['withdrawals', one.id] as const, ...reservedRows(one)]);
    await store.decide({ rows }, (facts) => {
      const reservations = new Reservations(facts);
      const ends = open.map((one, i) => endWithdrawal(one, 'cancel', 'restore', facts, i, reservations));
      return {
        result: undefined,
        writes: [...ends.flatMap(({ writes }) => writes ?? []), ...reservations.writes()],
        leaves: ends.flatMap(({ leaves }) => leaves ?? []),
      };
    });
    ended += open.length;
  }
}

/** Their signatures are for the former generation. */
async function endActs(store: Store): Promise<number> {
  const waiting: readonly ActRecord[] = store.find('actsUnsettled', 10_000);
  for (const act of waiting)
    await store.decide({ rows: [['acts', act.id]] }, (facts) => {
      const { writes, leaves } = end(act, 'LAPSED', 'station-mismatch', 'station', facts);
      return { result: undefined, writes, leaves };
    });
  return waiting.length;
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
