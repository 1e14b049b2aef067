import type { Checkpoint } from '../../journal/checkpoint.ts';
import { sameBytes } from '../../journal/hash.ts';
import { commitment, type Leaf, type Opening, parseLeaf } from '../../journal/leaf.ts';
import type { Sqlite } from '../../store/database.ts';
import type { Log } from '../../store/log.ts';
import type { Found } from './finding.ts';
import { membersOf, RowLeaves } from './rows.ts';
import { rowsToldBy } from './tellings.ts';
import { TreeAudit } from './tree.ts';

/** What the station's own rows say that the journal must agree with. */
export interface StationFacts {
  readonly name: string;
  /** Witnessed time, ms. */
  readonly w: number;
}

export interface PricesTold {
  readonly act: string;
  readonly digest: string;
}

/**
 * Reads the journal front to back: that no leaf is missing and the tree is theirs, that each is this station's, that witnessed
 * time never went back, that openings open, that every row which a leaf tells of stands at that leaf or later.
 */
export class LeafAudit {
  readonly #log: Log;
  readonly #found: Found;
  readonly #progress: (entries: number) => void;
  readonly #station: StationFacts | undefined;
  readonly #checkpoint: Checkpoint | undefined;
  /** The log's name as far as it was read: a restored station goes on under another (formats.md, "Station"). */
  #name: string | undefined;
  /** Whether the checkpoint is of the log under a name that it had. */
  #known = false;
  /** Whether it can still be met: it is of the log under today's name, or none was told yet. */
  #expected = true;
  /** Whether what it says was held against the entries. */
  #compared = false;
  readonly #tree: TreeAudit;
  readonly #rowLeaves: RowLeaves;
  readonly #openings: Openings;
  #size = 0;
  #consistent = false;
  #w = 0;
  #generation = 0;
  #policy: string | undefined;
  readonly #policies = new Set<string>();
  /** Price tables that were signed and have not taken effect: digest by act. */
  readonly #pricing = new Map<string, string>();
  #prices: PricesTold | undefined;
  readonly #journalKeys: string[] = [];
  readonly #epochs = { ticket_epoch: 1, factor_epoch: 1 };

  constructor(
    db: Sqlite,
    log: Log,
    of: { readonly station: StationFacts | undefined; readonly checkpoint: Checkpoint | undefined },
    found: Found,
    progress: (entries: number) => void = () => {},
  ) {
    this.#progress = progress;
    this.#log = log;
    this.#found = found;
    this.#station = of.station;
    this.#checkpoint = of.checkpoint;
    this.#tree = new TreeAudit(db, found);
    this.#rowLeaves = new RowLeaves(db);
    this.#openings = new Openings(db, found);
  }

  get size(): number {
    return this.#size;
  }

  /** RFC 9162 root over all leaves; undefined where some are missing and their hashes too. */
  get root(): Uint8Array | undefined {
    return this.#tree.root();
  }

  /** Whether the journal goes on from the checkpoint. */
  get consistent(): boolean {
    return this.#consistent;
  }

  /** The policy that the newest entry about one put in force: its hash, as it stands there. */
  get policy(): string | undefined {
    return this.#policy;
  }

  /** Every policy that was ever in force: their hashes. */
  get policies(): ReadonlySet<string> {
    return this.#policies;
  }

  /** The journal's keys, as the log names them: verifier keys, the newest last. */
  get journalKeys(): readonly string[] {
    return this.#journalKeys;
  }

  /** As high as entries say that they were raised. */
  get epochs(): { readonly ticket_epoch: number; readonly factor_epoch: number } {
    return this.#epochs;
  }

  /** The act that the newest entry about prices says set them, and the digest of its price table. */
  get prices(): PricesTold | undefined {
    return this.#prices;
  }

  run(): void {
    this.#compare();
    for (const { index, bytes } of this.#log.leaves(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
      if (index < 0) {
        this.#found({ tag: 'leaf-foreign', where: `leaf ${index}`, message: 'a journal has no such entry' });
        continue;
      }
      if (index > this.#size) this.#gap(index);
      this.#size++;
      if (this.#tree.whole) this.#tree.add(bytes);
      this.#leaf(index, bytes, this.#openings.of(index));
      this.#compare();
      this.#progress(this.#size);
    }
    this.#openings.finish();
    this.#tree.finish();
    this.#ends();
  }

  /** Lets go of what a run that was broken off left open. */
  close(): void {
    this.#openings.close();
    this.#tree.close();
  }

  #ends(): void {
    const station = this.#station;
    if (station !== undefined && station.w < this.#w) {
      const message = `witnessed time stands at ${station.w} ms, and the journal saw ${this.#w} ms`;
      this.#found({ tag: 'time-reversed', where: 'clock', message });
    }
    if (this.#checkpoint !== undefined && !this.#known) {
      const message = `it is of the log ${this.#checkpoint.origin}, this one is ${this.#name ?? 'unknown'}`;
      this.#found({ tag: 'checkpoint-invalid', where: 'checkpoint', message });
      return;
    }
    const size = this.#checkpoint?.size ?? 0;
    if (this.#checkpoint !== undefined && !this.#compared && size <= this.#size) {
      const message = `under the name ${this.#checkpoint.origin} the log never was of ${size} entries`;
      this.#found({ tag: 'journal-forked', where: 'journal', message });
    }
    if (!this.#compared && size > this.#size) {
      const message = `the station is behind its checkpoint: it has ${this.#size} entries, and once signed for ${size}`;
      this.#found({ tag: 'station-behind', where: 'journal', message });
    }
  }

  #gap(to: number): void {
    const from = this.#size;
    const where = to - from === 1 ? `leaf ${from}` : `leaves ${from} to ${to - 1}`;
    this.#found({ tag: 'leaf-missing', where, message: 'the journal goes on after it, but it is not there' });
    while (this.#size < to && this.#tree.whole) {
      this.#tree.addMissing();
      this.#size++;
      if (this.#tree.whole) this.#compare();
    }
    this.#size = to;
  }

  /** RFC 9162 §2.1.4 without its proof: with every leaf at hand, the older root is computed, not proven. */
  #compare(): void {
    if (!this.#expected || this.#checkpoint?.size !== this.#size) return;
    this.#compared = true;
    const root = this.#tree.root();
    this.#consistent = root !== undefined && sameBytes(root, this.#checkpoint.root);
    if (this.#consistent) return;
    const message = `its first ${this.#size} entries are not those of the checkpoint: it was forked or rewritten`;
    this.#found({ tag: 'journal-forked', where: 'journal', message });
  }

  #leaf(index: number, bytes: Uint8Array, openings: readonly Opening[]): void {
    const where = `leaf ${index}`;
    let leaf: Leaf;
    try {
      leaf = parseLeaf(bytes);
    } catch (error) {
      this.#found({ tag: 'leaf-malformed', where, message: error instanceof Error ? error.message : String(error) });
      return;
    }
    this.#origin(where, leaf, index);
    if (leaf.w < this.#w) {
      const message = `its witnessed time ${leaf.w} ms is earlier than the ${this.#w} ms of an entry before it`;
      this.#found({ tag: 'time-reversed', where, message });
    }
    this.#w = Math.max(this.#w, leaf.w);
    for (const opening of openings) {
      if (leaf.fields[opening.field] === commitment(opening)) continue;
      const message = `its ${opening.field} is not what the leaf committed to`;
      this.#found({ tag: 'opening-wrong', where: `opening of ${where}`, message });
    }
    this.#nameIn(leaf, index);
    this.#policyIn(leaf);
    this.#pricesIn(leaf);
    this.#epochsIn(leaf);
    const key = namesKey.has(leaf.kind) ? leaf.fields['journal_key'] : '';
    if (key !== undefined && key !== '') this.#journalKeys.push(key);
    for (const [table, ...key] of rowsToldBy(
      leaf,
      membersOf(leaf, () => openings),
    )) {
      const at = this.#rowLeaves.of(table, key);
      const row = `${table} ${key.join(' ')}`;
      if (at === undefined) {
        const message = `${where} (${leaf.kind}) tells of it, but it is not there`;
        this.#found({ tag: 'row-missing', where: row, message });
      } else if (at < index) {
        const message = `it stands as of entry ${at}, but ${where} (${leaf.kind}) tells of it: it was put back`;
        this.#found({ tag: 'row-older', where: row, message });
      }
    }
  }

  /** What is under a former name ends with the backup: whatever that log had afterwards is not in this one. */
  #nameIn({ kind, fields }: Leaf, index: number): void {
    const checkpoint = this.#checkpoint;
    if (kind === 'station-founded') this.#name = fields['journal_key']?.split('+')[0];
    else if (kind !== 'station-restored') return;
    else {
      if (checkpoint !== undefined && checkpoint.origin === this.#name && checkpoint.size > index) {
        const message = `it was restored from a backup of ${index} entries, and its log had ${checkpoint.size}: what it had beyond is in the former log alone`;
        this.#found({ tag: 'station-behind', where: 'journal', message });
        this.#compared = true;
      }
      this.#name = fields['origin'];
    }
    if (checkpoint === undefined) return;
    this.#expected = checkpoint.origin === this.#name;
    this.#known ||= this.#expected;
  }

  #policyIn({ kind, fields }: Leaf): void {
    if (kind !== 'policy-in-force') return;
    this.#policy = fields['policy'];
    if (this.#policy !== undefined) this.#policies.add(this.#policy);
  }

  #epochsIn({ fields }: Leaf): void {
    for (const name of ['ticket_epoch', 'factor_epoch'] as const) {
      const epoch = Number(fields[name] ?? 0);
      if (epoch > this.#epochs[name]) this.#epochs[name] = epoch;
    }
  }

  /** No entry of their own tells of prices: operators' signatures say what an act is about, and another entry that it took effect. */
  #pricesIn({ kind, fields }: Leaf): void {
    const { act, verb, subject, digest } = fields;
    if (act === undefined) return;
    if (kind === 'operator-acted' && verb === 'policy' && subject === 'prices' && digest !== undefined)
      this.#pricing.set(act, digest);
    const told = this.#pricing.get(act);
    if (told === undefined || (kind !== 'act-effective' && kind !== 'act-ended')) return;
    this.#pricing.delete(act);
    if (kind === 'act-effective') this.#prices = { act, digest: told };
  }

  /** A station keeps its id; a restore raises its generation. Its first leaf, and no other, founds it. */
  #origin(where: string, leaf: Leaf, index: number): void {
    const foreign = (message: string): void => this.#found({ tag: 'leaf-foreign', where, message });
    const [id, generation] = leaf.station.split('/');
    const [ownId, ownGeneration] = (this.#station?.name ?? leaf.station).split('/');
    const g = Number(generation);
    if (id !== ownId) foreign(`it is of the station ${leaf.station}, not ${this.#station?.name ?? ''}`);
    else if (!(g >= this.#generation && g <= Number(ownGeneration))) foreign(`its generation ${g} is out of order`);
    else if (
      g > Math.max(1, this.#generation) &&
      (leaf.kind !== 'station-restored' || leaf.fields['restored'] !== leaf.station)
    )
      foreign(`nothing tells that the station was restored as its generation ${g}`);
    else this.#generation = g;
    if ((leaf.kind === 'station-founded') !== (index === 0)) {
      foreign(
        index === 0 ? 'the first entry does not found the station' : 'a station is founded by its first entry only',
      );
    }
  }
}

/** Entries that name a key of the journal's. */
const namesKey: ReadonlySet<Leaf['kind']> = new Set(['station-founded', 'journal-key-added', 'station-restored']);

/** The openings of commitments, read once beside the leaves. */
class Openings {
  readonly #rows: IterableIterator<Opening & { leaf: number }>;
  readonly #found: Found;
  #next: (Opening & { leaf: number }) | undefined;

  constructor(db: Sqlite, found: Found) {
    this.#found = found;
    this.#rows = db
      .prepare<[], Opening & { leaf: number }>('SELECT leaf, field, salt, value FROM openings ORDER BY leaf, field')
      .iterate();
    this.#advance();
  }

  /** To be asked for leaf after leaf. */
  of(leaf: number): Opening[] {
    this.#orphans(leaf);
    const openings: Opening[] = [];
    for (; this.#next?.leaf === leaf; this.#advance()) openings.push(this.#next);
    return openings;
  }

  finish(): void {
    this.#orphans(Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#rows.return?.();
  }

  #orphans(before: number): void {
    for (; this.#next !== undefined && this.#next.leaf < before; this.#advance()) {
      const where = `opening of leaf ${this.#next.leaf}`;
      this.#found({ tag: 'opening-wrong', where, message: 'there is no such leaf' });
    }
  }

  #advance(): void {
    const { done, value } = this.#rows.next();
    this.#next = done === true ? undefined : value;
  }
}
