import { type ClockRecord, formatInstant, type HeadRecord, type StationRecord, type WallMs } from '../domain/index.ts';
import { sameBytes } from '../journal/hash.ts';
import { encodeLeaf, type LeafDraft } from '../journal/leaf.ts';
import { MerkleError } from '../journal/merkle.ts';
import { CommitGroup } from './commit-group.ts';
import type { Sqlite } from './database.ts';
import { Facts, factId, type Keys } from './facts.ts';
import { type JournalBehind, StorageFailed, StoreUnusable, sqliteCode, TamperedRow } from './failure.ts';
import { Frontier, headOf } from './frontier.ts';
import { Log } from './log.ts';
import { type Permit, takeMint } from './permit.ts';
import { type Reliance, Reliances } from './reliance.ts';
import { Rows } from './rows.ts';
import { SchemaWatch } from './schema.ts';
import { keyOf } from './table.ts';
import { type LookupName, type LookupRecord, type Records, type TableName, tables } from './tables.ts';
import type { PermitRequest, Verdict, Write } from './verdict.ts';

const mint = takeMint();

/** What the clocks say at one moment. `note` tells of what was found, and goes into the same commit. */
export interface Witnessed {
  readonly clock: ClockRecord;
  readonly now: WallMs;
  readonly note?: LeafDraft;
}

/** Witnessed time, as the clock room computes it, from the record that the database has. */
export interface Witness {
  /** For a commit: what it returns is written. */
  commit(last: ClockRecord): Witnessed;
  /** For a look: nothing is written. */
  look(last: ClockRecord): Witnessed;
}

export interface StoreOptions {
  readonly db: Sqlite;
  readonly rowKey: Uint8Array;
  readonly witness: Witness;
  /** 32 fresh random bytes a call. */
  readonly salt: () => Uint8Array;
  /** The disk may have lost what it acknowledged: the process must end at once, and recover by reading. */
  readonly onFatal: (error: StorageFailed) => void;
  /** A watcher threw when it was told of a commit. */
  readonly onListenerFailed?: (error: unknown) => void;
}

/** What a commit yielded. */
export interface Committed<R> {
  readonly result: R;
  /** Index of the verdict's first leaf. */
  readonly firstLeaf: number;
  readonly permit: Permit | undefined;
  /** Of a permit that named what it relies on. Whoever takes it releases it. */
  readonly reliance: Reliance | undefined;
}

/** What was written by one decision; told to watchers after it is durable. */
export type CommitListener = (writes: readonly Write[]) => void;

/** The part of the store that decisions use. */
export interface DecisionStore {
  decide<R>(keys: Keys, judge: (facts: Facts) => Verdict<R>): Promise<Committed<R>>;
}

interface Job {
  readonly keys: Keys;
  readonly judge: (facts: Facts) => Verdict<unknown>;
  readonly resolve: (committed: Committed<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

interface Decided {
  readonly job: Job;
  readonly verdict: Verdict<unknown>;
  readonly firstLeaf: number;
  readonly reliance: Reliance | undefined;
}

/** Station and time, for the decisions of one group. */
interface Moment {
  station: StationRecord;
  readonly clock: ClockRecord;
  readonly now: WallMs;
  /** `now`, as leaves tell it. */
  readonly time: string;
  /** Leaves of this commit so far. */
  readonly leaves: Uint8Array[];
}

/**
 * What the station remembers. `decide` reads the named facts, asks a pure function for its verdict, and writes rows and
 * journal leaves in one transaction; decisions that come together share a commit. Permits are minted here alone, after the
 * outer COMMIT, from the committed row.
 */
export class Store implements DecisionStore {
  readonly log: Log;
  readonly #db: Sqlite;
  readonly #rows: Rows;
  readonly #options: StoreOptions;
  readonly #group: CommitGroup<Job>;
  readonly #listeners = new Set<CommitListener>();
  readonly #schema: SchemaWatch;
  readonly #reliances = new Reliances();
  /** Whether reads see one state of the database now (`snapshot`). */
  #snapshot = false;
  #frontier: Frontier;
  #tampered: TamperedRow | undefined;
  /** The journal or the schema is not this station's: nothing is written any more, so that no fork is ever made authentic. */
  #halted: TamperedRow | undefined;
  /** What was published of the journal does not lead to what the database has: likewise. */
  #behind: JournalBehind | undefined;
  #fatal: StorageFailed | undefined;
  #closed = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#db = options.db;
    this.#rows = new Rows(options.db, options.rowKey);
    this.log = new Log(options.db);
    this.#schema = new SchemaWatch(options.db);
    this.#frontier = this.#begin();
    this.#group = new CommitGroup((jobs) => this.#commit(jobs));
  }

  /** Number of leaves that are durable. */
  get size(): number {
    return this.#frontier.size;
  }

  /** The tampered row that was met last, if any: from the first on nothing is permitted. */
  get tampered(): TamperedRow | undefined {
    return this.#halted ?? this.#tampered;
  }

  /** Set once the journal was found not to go on from what was published of it: from then on nothing is decided. */
  get behind(): JournalBehind | undefined {
    return this.#behind;
  }

  /** A published checkpoint shows it. Only people at the database come back from that, and a start on what they left. */
  fallBehind(error: JournalBehind): void {
    this.#behind ??= error;
    this.#reliances.breakAll();
  }

  /** People have looked at this one: permits are minted again, unless another was met since. Returns whether they are. */
  forgetTampered(seen: TamperedRow | undefined): boolean {
    if (this.#tampered === seen) this.#tampered = undefined;
    return this.tampered === undefined;
  }

  /**
   * What a checkpoint may say: the journal's size and root as this process grew it, held against the authentic row and the
   * stored tree. Throws `TamperedRow` where they differ, and `JournalBehind`.
   */
  head(): HeadRecord {
    return this.#watched(() => {
      const { size } = this.#frontier;
      if (this.#halted !== undefined) throw this.#halted;
      // Signed over, a fork would be the log's own word against itself.
      if (this.#behind !== undefined) throw this.#behind;
      this.#checkHead(this.#storedFrontier(size));
      return headOf(this.#frontier);
    });
  }

  /**
   * Rejects with what `judge` throws, with `TamperedRow` for a forged row, with `JournalBehind` or with `StorageFailed`: in each case
   * nothing of this decision was written.
   */
  decide<R>(keys: Keys, judge: (facts: Facts) => Verdict<R>): Promise<Committed<R>> {
    if (this.#fatal !== undefined) return Promise.reject(this.#fatal);
    if (this.#closed) return Promise.reject(new StorageFailed('SQLITE_MISUSE', new Error('the store is closed')));
    return new Promise((resolve, reject) => {
      this.#group.add({ keys, judge, resolve: resolve as Job['resolve'], reject });
    });
  }

  /**
   * Several reads outside a decision, all of one state of the database, whose schema is looked at once. Should a decision be committed
   * meanwhile, what is read afterwards is of the state after it.
   */
  snapshot<T>(read: () => T): T {
    if (this.#snapshot || this.#db.inTransaction) return read();
    try {
      this.#db.exec('BEGIN');
    } catch (error) {
      throw this.#failure(error);
    }
    this.#snapshot = true;
    try {
      this.#watched(() => this.#schema.check());
      return read();
    } finally {
      this.#endSnapshot();
    }
  }

  /** Nothing was written in it. */
  #endSnapshot(): void {
    if (!this.#snapshot) return;
    this.#snapshot = false;
    if (this.#db.inTransaction) this.#db.exec('COMMIT');
  }

  /** Reads a row outside a decision: for answers, and to find out what a decision must name. */
  read<T extends TableName>(table: T, ...key: string[]): Records[T] | undefined {
    return this.#watched(() => this.#rows.get(table, key)?.record);
  }

  find<L extends LookupName>(lookup: L, ...values: (string | number)[]): LookupRecord<L>[] {
    return this.#watched(() => this.#rows.all(lookup, values));
  }

  /** How many there are, for people to read: nothing is decided by it. */
  count(lookup: LookupName, ...values: (string | number)[]): number {
    return this.#watched(() => this.#rows.count(lookup, values));
  }

  /** The journal entry that a row's newest fact went into. */
  leafOf(table: TableName, ...key: string[]): number | undefined {
    return this.#watched(() => this.#rows.get(table, key)?.leaf);
  }

  /** The facts that a decision would see now; writes nothing. */
  look(keys: Keys): Facts {
    return this.#watched(() => {
      const station = this.#rows.get('station', ['station'])?.record;
      const last = this.#rows.get('clock', ['clock'])?.record;
      if (station === undefined || last === undefined) throw new StoreUnusable('the database holds no station');
      const { clock, now } = this.#options.witness.look(last);
      return this.#facts(keys, station, clock, now, this.size);
    });
  }

  policy(hash: string): string | undefined {
    return this.#db.prepare<[string], { document: string }>('SELECT document FROM policies WHERE hash = ?').get(hash)
      ?.document;
  }

  /** The documents of all policies that ever were in force here. */
  policies(): string[] {
    return this.#db
      .prepare<[], { document: string }>('SELECT document FROM policies ORDER BY rowid')
      .all()
      .map((row) => row.document);
  }

  /** Calls back after each commit with what it wrote. Returns the unsubscriber. */
  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Commits what waits and lets go of the database; the caller closes it. */
  close(): void {
    this.#group.flush();
    this.#closed = true;
  }

  /** The journal as it was left. One that isn't the station's own can be read, but is never written again. */
  #begin(): Frontier {
    try {
      const stored = this.#storedFrontier(this.log.size());
      this.#checkHead(stored);
      return stored;
    } catch (error) {
      if (!(error instanceof TamperedRow)) throw error;
      this.#halted = error;
      return Frontier.at(0, this.log.readNode);
    }
  }

  #storedFrontier(size: number): Frontier {
    try {
      return Frontier.at(size, this.log.readNode);
    } catch (error) {
      if (error instanceof MerkleError) throw this.#headTampered();
      throw error;
    }
  }

  #checkHead({ size, root }: Frontier): void {
    const head = this.#rows.get('head', ['head'])?.record;
    if (head === undefined || head.size !== size || !sameBytes(head.root, root)) throw this.#headTampered();
  }

  #headTampered(): TamperedRow {
    return new TamperedRow(
      'head',
      'head',
      'the journal is not the one that this station wrote: stop the station, run "portcullis verify", and restore a backup',
    );
  }

  /** From a changed journal or schema only people at the database come back, and a start on what they left. */
  #met(error: unknown): void {
    if (!(error instanceof TamperedRow)) return;
    if (error.table === 'head' || error.table === 'sqlite_schema') this.#halted ??= error;
    else this.#tampered = error;
  }

  #watched<T>(read: () => T): T {
    try {
      if (!this.#snapshot) this.#schema.check();
      return read();
    } catch (error) {
      this.#met(error);
      throw this.#failure(error);
    }
  }

  /** What SQLite failed with, as the store's own error; after one that leaves the disk in doubt, nothing more is decided. */
  #failure(error: unknown): unknown {
    const code = sqliteCode(error);
    if (code === undefined) return error;
    const failure = new StorageFailed(code, error);
    // After a failed fsync the kernel may have dropped the pages: only a fresh read of the disk tells what stands.
    if (this.#fatal === undefined && /^SQLITE_(IOERR|CORRUPT|NOTADB)/.test(code)) {
      this.#fatal = failure;
      this.#options.onFatal(failure);
    }
    return failure;
  }

  #commit(jobs: readonly Job[]): void {
    const decided: Decided[] = [];
    const failed: { job: Job; error: unknown }[] = [];
    const { size } = this.#frontier;
    let grown = this.#frontier;
    try {
      this.#endSnapshot();
      this.#db.exec('BEGIN IMMEDIATE');
      this.#rows.beginWriting();
      if (this.#halted !== undefined) throw this.#halted;
      if (this.#behind !== undefined) throw this.#behind;
      this.#schema.check();
      const moment = this.#moment();
      const leaves: Uint8Array[] = moment.leaves;
      for (const job of jobs) {
        this.#db.exec('SAVEPOINT decision');
        const before = leaves.length;
        try {
          const verdict = this.#apply(job, moment, size, leaves);
          this.#db.exec('RELEASE decision');
          const relied = verdict.permit?.relied;
          const reliance = relied && this.#reliances.add(relied);
          decided.push({ job, verdict, firstLeaf: size + before, reliance });
        } catch (error) {
          // An error such as SQLITE_FULL rolls back the whole transaction, not the savepoint: then no member of the group
          // has been decided, whatever it thought.
          if (sqliteCode(error) !== undefined || !this.#db.inTransaction) throw error;
          // At once: neither a later decision of this group nor a permit of an earlier one goes past it.
          this.#met(error);
          this.#db.exec('ROLLBACK TO decision; RELEASE decision');
          this.#rows.forgetSeen(true);
          leaves.length = before;
          failed.push({ job, error });
        }
      }
      if (leaves.length > 0) {
        const { frontier, nodes } = this.#frontier.grown(leaves);
        this.log.addNodes(nodes);
        this.#rows.put('head', headOf(frontier), -1);
        grown = frontier;
      }
      this.#db.exec('COMMIT');
      this.#rows.forgetSeen();
      this.#frontier = grown;
    } catch (error) {
      for (const { reliance } of decided) reliance?.release();
      this.#abandon(jobs, error);
      return;
    }
    // Durable from here on: everyone is answered before anyone is told.
    for (const { job, error } of failed) job.reject(error);
    this.#answerAll(decided);
    const written = decided.map(({ verdict }) => verdict.writes ?? []).filter((writes) => writes.length > 0);
    // Leaves alone (a refusal's, the clock's) are growth of the journal too.
    if (written.length === 0 && this.size > size) written.push([]);
    for (const writes of written) this.#tell(writes);
  }

  #answerAll(decided: readonly Decided[]): void {
    // Permits are made from the rows that were committed: where there are several, from one reading of them.
    if (decided.filter(({ verdict }) => verdict.permit !== undefined).length > 1) {
      try {
        this.#db.exec('BEGIN');
        this.#snapshot = true;
      } catch {
        // Then each reads by itself, and says what it meets.
      }
    }
    try {
      for (const one of decided) this.#answer(one);
    } finally {
      this.#endSnapshot();
    }
  }

  /** A listener's own failure is not the decision's, which stands, nor its neighbours'. */
  #tell(writes: readonly Write[]): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(writes);
      } catch (error) {
        this.#options.onListenerFailed?.(error);
      }
    }
  }

  /** Station and time for one group: read once, and written with it. */
  #moment(): Moment {
    const station = this.#rows.get('station', ['station'])?.record;
    const last = this.#rows.get('clock', ['clock']);
    if (station === undefined || last === undefined) throw new StoreUnusable('the database holds no station');
    const { clock, now, note } = this.#options.witness.commit(last.record);
    const time = formatInstant(now);
    const leaves: Uint8Array[] = [];
    let leaf = last.leaf;
    if (note !== undefined) {
      leaf = this.size;
      leaves.push(this.#record(note, this.size, { station, clock, time }));
    }
    this.#rows.put('clock', clock, leaf);
    if (clock.suspect) this.#reliances.breakAll();
    return { station, clock, now, time, leaves };
  }

  #record(draft: LeafDraft, index: number, { station, clock, time }: Omit<Moment, 'now' | 'leaves'>): Uint8Array {
    const context = { station: station.name, w: clock.w, time };
    const { bytes, openings } = encodeLeaf(draft, context, this.#options.salt);
    this.log.addLeaf(index, bytes, openings);
    return bytes;
  }

  #apply(job: Job, moment: Moment, size: number, leaves: Uint8Array[]): Verdict<unknown> {
    const { station, clock, now } = moment;
    const first = size + leaves.length;
    const verdict = job.judge(this.#facts(job.keys, station, clock, now, first));
    for (const [i, draft] of (verdict.leaves ?? []).entries()) {
      leaves.push(this.#record(draft, first + i, moment));
    }
    for (const [table, ...key] of verdict.removals ?? []) this.#rows.remove(table, key);
    for (const write of verdict.writes ?? []) this.#write(write, first);
    this.#reliances.written(verdict.writes ?? [], verdict.removals ?? []);
    if (verdict.policy !== undefined) this.#keepPolicy(verdict.policy);
    // The group's later decisions see what this one made of the station's own row. Nothing below can undo it any more.
    for (const write of verdict.writes ?? []) if (write.table === 'station') moment.station = write.record;
    return verdict;
  }

  /** One that was in force before is written again: nobody vouches for the row that lay there meanwhile. */
  #keepPolicy({ hash, document }: { readonly hash: string; readonly document: string }): void {
    this.#db.prepare('INSERT OR REPLACE INTO policies (hash, document) VALUES (?, ?)').run(hash, document);
  }

  #facts(keys: Keys, station: StationRecord, clock: ClockRecord, now: WallMs, nextLeaf: number): Facts {
    const rows = new Map<string, unknown>();
    for (const named of keys.rows ?? []) {
      const id = factId(named);
      // Two parts of a decision may name the same row.
      if (rows.has(id)) continue;
      const [table, ...key] = named;
      rows.set(id, this.#rows.get(table, key)?.record);
    }
    const lookups = new Map<string, readonly unknown[]>();
    for (const [name, ...values] of keys.lookups ?? []) {
      lookups.set(factId([name, ...values]), this.#rows.all(name, values));
    }
    return new Facts(station, clock, now, nextLeaf, rows, lookups);
  }

  #write(write: Write, firstLeaf: number): void {
    const { table, record } = write;
    const leaf = write.leaf === undefined ? this.#leafBefore(write) : firstLeaf + write.leaf;
    this.#rows.put(table, record, leaf);
  }

  /** A write that no new leaf tells of (a counter, a cursor) keeps the leaf that its row had. */
  #leafBefore({ table, record }: Write): number {
    const found = this.#rows.get(table, keyOf(tables[table], record));
    return found?.leaf ?? -1;
  }

  #answer({ job, verdict, firstLeaf, reliance }: Decided): void {
    try {
      const permit = verdict.permit === undefined ? undefined : this.#permit(verdict.permit);
      job.resolve({ result: verdict.result, firstLeaf, permit, reliance });
    } catch (error) {
      reliance?.release();
      this.#met(error);
      job.reject(this.#failure(error));
    }
  }

  /** From the committed row and nothing else: what a restart would find is what gets signed. */
  #permit(request: PermitRequest): Permit {
    if (this.tampered !== undefined) throw this.tampered;
    if (this.#behind !== undefined) throw this.#behind;
    const row = this.#rows.get('transactions', [request.transaction])?.record;
    if (
      row === undefined ||
      row.state !== 'SENT' ||
      row.wallet !== request.wallet.id ||
      row.signer !== request.signer
    ) {
      throw new Error(`no permit: transaction ${request.transaction} is not committed as SENT on ${request.wallet.id}`);
    }
    return mint({
      transaction: row.id,
      wallet: request.wallet,
      signer: request.signer,
      unsigned: row.unsigned,
      psbt: row.psbt,
      digests: request.digests,
      registration: request.registration,
      tokenDescriptors: request.tokenDescriptors,
    });
  }

  /** The whole group failed: nothing of it was decided. */
  #abandon(jobs: readonly Job[], error: unknown): void {
    this.#rows.forgetSeen();
    if (this.#db.inTransaction) {
      try {
        this.#db.exec('ROLLBACK');
      } catch {
        // The transaction is gone already; the reason why is `error`.
      }
    }
    this.#met(error);
    const failure = this.#failure(error);
    for (const job of jobs) job.reject(failure);
  }
}
