import { digestOf, type StationRecord, toHex } from '../../domain/index.ts';
import { type Checkpoint, openCheckpoint } from '../../journal/checkpoint.ts';
import { sameBytes } from '../../journal/hash.ts';
import { type NoteVerifier, parseVerifierKey } from '../../journal/note.ts';
import { openForReading, type Sqlite } from '../../store/database.ts';
import { StoreUnusable, sqliteCode } from '../../store/failure.ts';
import { deriveKeys } from '../../store/key.ts';
import { Log } from '../../store/log.ts';
import { foreignSchema } from '../../store/schema.ts';
import { policyHash } from '../founding.ts';
import { auditCosignatures } from './cosignatures.ts';
import type { Found } from './finding.ts';
import { LeafAudit, type PricesTold } from './leaves.ts';
import { countRows, RowAudit } from './rows.ts';

export interface AuditRequest {
  /** The database. */
  readonly file: string;
  /** 32 bytes; without it rows are held against the journal but not authenticated. */
  readonly stateKey?: Uint8Array | undefined;
  /** The journal's verifier key as an auditor pinned it; without it the key in the first leaf is believed. */
  readonly logKey?: string | undefined;
  /** A checkpoint that was kept outside, a signed note. */
  readonly checkpoint?: Uint8Array | undefined;
  /** Told as it goes on: of what, how much is done, of how much. */
  readonly progress?: ((what: 'entries' | 'rows', done: number, all: number) => void) | undefined;
}

export interface Audited {
  readonly station: string | undefined;
  readonly origin: string | undefined;
  readonly size: number;
  /** RFC 9162 root of all leaves, hex; undefined where leaves are missing. */
  readonly root: string | undefined;
  readonly logKey: string | undefined;
  readonly rows: number;
  /** The size of the checkpoint that the journal proved to go on from. */
  readonly consistentWith: number | undefined;
  readonly findings: number;
}

/**
 * Recomputes everything that the database says of itself: every leaf's hash, every node, the root; what each leaf and each row
 * say of the other; and, given a checkpoint from outside, that this journal goes on from it. Reads one snapshot, beside a
 * running daemon, in one pass with flat memory. Throws `StoreUnusable` where the file is no station's database of this release.
 */
export function audit(request: AuditRequest, found: Found): Audited {
  let db: Sqlite | undefined;
  try {
    db = openForReading(request.file);
    // One snapshot for the whole audit, while the daemon goes on writing.
    db.exec('BEGIN');
    return auditSnapshot(db, request, found);
  } catch (error) {
    const code = sqliteCode(error);
    if (code === undefined) throw error;
    throw new StoreUnusable(`${request.file} cannot be read (${code}): restore it from a backup`, { cause: error });
  } finally {
    db?.close();
  }
}

/** As `audit`, of a database that is open for reading, in a transaction of the caller's, who goes on reading the same. */
export function auditSnapshot(db: Sqlite, request: AuditRequest, found: Found): Audited {
  return new Auditor(db, request, found).run();
}

type StationFound = Pick<StationRecord, 'name' | 'policy' | 'origin' | 'journalKey'> & {
  readonly w: number;
  readonly ticket_epoch: number;
  readonly factor_epoch: number;
};

class Auditor {
  readonly #db: Sqlite;
  readonly #request: AuditRequest;
  readonly #log: Log;
  readonly #tell: Found;
  #findings = 0;

  constructor(db: Sqlite, request: AuditRequest, found: Found) {
    this.#db = db;
    this.#request = request;
    this.#tell = found;
    this.#log = new Log(db);
  }

  run(): Audited {
    const { db, file, stateKey } = { db: this.#db, ...this.#request };
    for (const part of foreignSchema(db)) {
      this.#found({ tag: 'schema-altered', where: part, message: `is not as this release makes it in ${file}` });
    }
    const station = this.#station();
    const logKey = this.#logKey(station);
    const checkpoint = this.#checkpoint(logKey);
    const { progress } = this.#request;
    const entries = progress && ((done: number) => progress('entries', done, size));
    const size = progress === undefined ? 0 : this.#log.size();
    const leaves = new LeafAudit(db, this.#log, { station, checkpoint }, this.#found, entries);
    try {
      leaves.run();
    } finally {
      leaves.close();
    }
    this.#journalKeys(station, leaves.journalKeys);
    if (station !== undefined) this.#epochs(station, leaves);
    this.#policies(station, leaves);
    this.#prices(leaves.prices);
    if (stateKey !== undefined) this.#head(leaves);
    if (station !== undefined) auditCosignatures(db, this.#log, station.origin, leaves.size, this.#found);
    const rowKey = stateKey === undefined ? undefined : deriveKeys(stateKey).row;
    const all = progress === undefined ? 0 : countRows(db);
    const told = progress && ((done: number) => progress('rows', done, all));
    const rows = new RowAudit(db, this.#log, leaves.size, rowKey, this.#found, told).run();
    return {
      station: station?.name,
      origin: station?.origin,
      size: leaves.size,
      root: leaves.root === undefined ? undefined : toHex(leaves.root),
      logKey,
      rows,
      consistentWith: leaves.consistent ? checkpoint?.size : undefined,
      findings: this.#findings,
    };
  }

  /** Its code is checked with the other rows'; without the state key it proves nothing. */
  #head({ size, root }: LeafAudit): void {
    const row = this.#db
      .prepare<[], { size: unknown; root: unknown }>("SELECT size, root FROM head WHERE key = 'head'")
      .get();
    if (row?.size === size && row.root instanceof Uint8Array && root !== undefined && sameBytes(row.root, root)) return;
    const message =
      row === undefined ? 'there is no row of it' : `it has another size or root than the journal of ${size} entries`;
    this.#found({ tag: 'head-differs', where: 'head', message });
  }

  readonly #found: Found = (finding) => {
    this.#findings++;
    this.#tell(finding);
  };

  /** A3, A9: what raising an epoch ended comes to life again where it is lowered. */
  #epochs(station: StationFound, { epochs }: LeafAudit): void {
    for (const name of ['ticket_epoch', 'factor_epoch'] as const) {
      if (station[name] >= epochs[name]) continue;
      const message = `its ${name} is ${station[name]}, and the journal tells that it was raised to ${epochs[name]}`;
      this.#found({ tag: 'row-contradicts', where: 'station station', message });
    }
  }

  #station(): StationFound | undefined {
    const row = this.#db
      .prepare<[], StationFound>(
        "SELECT name, policy, origin, journal_key AS journalKey, ticket_epoch, factor_epoch, coalesce((SELECT w FROM clock WHERE key = 'clock'), -1) AS w FROM station WHERE key = 'station'",
      )
      .get();
    if (row === undefined) this.#found({ tag: 'station-missing', where: 'station', message: 'there is no row of it' });
    return row;
  }

  /** The key that auditors know the log by. The database's word for it is only as good as the database. */
  #logKey(station: { readonly journalKey: string } | undefined): string | undefined {
    return this.#request.logKey ?? station?.journalKey;
  }

  /** Which keys are the journal's, the log itself says: each but the first stands under checkpoints of the one before it. */
  #journalKeys(station: { readonly journalKey: string } | undefined, named: readonly string[]): void {
    const { logKey } = this.#request;
    const told = named.at(-1);
    if (told === undefined) return;
    if (logKey !== undefined && !named.includes(logKey)) {
      const message = `it names the journal’s key ${named[0] ?? ''}, not the given one`;
      this.#found({ tag: 'log-key-differs', where: 'leaf 0', message });
    }
    if (station !== undefined && station.journalKey !== told) {
      const message = `it has the journal’s key ${station.journalKey}, the journal names ${told} last`;
      this.#found({ tag: 'row-contradicts', where: 'station station', message });
    }
  }

  /** Of this log, or of the one that it went on from when the station was restored: which, the entries tell. */
  #checkpoint(logKey: string | undefined): Checkpoint | undefined {
    const { checkpoint } = this.#request;
    if (checkpoint === undefined) return undefined;
    const invalid = (message: string): undefined => {
      this.#found({ tag: 'checkpoint-invalid', where: 'checkpoint', message });
    };
    if (logKey === undefined) return invalid('there is no key to check it by: give the journal’s verifier key');
    try {
      const verifiers: NoteVerifier[] = [parseVerifierKey(logKey)];
      return openCheckpoint(checkpoint, verifiers);
    } catch (error) {
      return invalid(error instanceof Error ? error.message : String(error));
    }
  }

  /** S4: without prices no limit in reference currency counts, so their row may neither go nor be an earlier one. */
  #prices(told: PricesTold | undefined): void {
    const row = this.#db
      .prepare<[], { document: unknown; act: unknown }>("SELECT document, act FROM prices WHERE key = 'prices'")
      .get();
    const found = (tag: 'row-missing' | 'row-untold' | 'row-older' | 'row-contradicts', message: string): void =>
      this.#found({ tag, where: 'prices prices', message });
    if (row === undefined) {
      if (told !== undefined) found('row-missing', `act ${told.act} set prices, but they are not there`);
      return;
    }
    if (told === undefined) found('row-untold', 'no entry tells of prices');
    else if (row.act !== told.act)
      found('row-older', `the newest prices are those of act ${told.act}: it was put back`);
    else if (!(row.document instanceof Uint8Array) || digestOf(row.document) !== told.digest)
      found('row-contradicts', `its document is not the one that act ${told.act} was signed for`);
  }

  /**
   * The one in force decides; those before it are what receipts are proven by, and what tells that a wallet had another id (E7). A
   * document speaks for itself, so that what is to be found is that one is gone.
   */
  #policies(
    station: { policy: string } | undefined,
    { policy: told, policies: all }: Pick<LeafAudit, 'policy' | 'policies'>,
  ): void {
    const kept = new Set<string>();
    const policies = this.#db.prepare<[], { hash: string; document: string }>('SELECT hash, document FROM policies');
    for (const { hash, document } of policies.iterate()) {
      kept.add(hash);
      if (policyHash(document) !== hash) {
        const message = 'its document does not have that hash';
        this.#found({ tag: 'policy-altered', where: `policy ${hash}`, message });
      }
    }
    for (const hash of all) {
      if (kept.has(hash) || hash === station?.policy) continue;
      const message = 'it was in force, but its document is not there';
      this.#found({ tag: 'policy-missing', where: `policy ${hash}`, message });
    }
    if (station === undefined) return;
    const where = `policy ${station.policy}`;
    if (!kept.has(station.policy))
      this.#found({ tag: 'policy-missing', where, message: 'it is in force, but its document is not there' });
    if (told !== undefined && told !== station.policy) {
      const message = `the station’s row has it in force, the journal has ${told}`;
      this.#found({ tag: 'policy-altered', where, message });
    }
  }
}
