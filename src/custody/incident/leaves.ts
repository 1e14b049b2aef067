import type { LeafKind } from '../../journal/leaf.ts';
import { leafSentence } from '../../journal/sentences.ts';
import { type Entry, refOf, type StationRecords, words } from './record.ts';
import type { Change, Forgotten, RefusalTold, StationEvent } from './report.ts';

/** A withdrawal whose signature was released in the range, as the entries alone tell it. */
export interface PaidByLeaves {
  readonly withdrawal: string;
  readonly authorized: Entry;
  readonly permitted: Entry;
  readonly released: Entry;
  /** Newer versions that were permitted later, oldest first. */
  readonly replacedBy: readonly string[];
}

/** What the journal tells of a range. */
export interface Told {
  readonly paid: ReadonlyMap<string, PaidByLeaves>;
  /** Authorized in the range, and not released in it. */
  readonly unpaid: readonly Entry[];
  /** Released in the range, but operators state that something else confirmed in its place. */
  readonly voided: readonly string[];
  readonly refusals: readonly RefusalTold[];
  readonly aggregated: ReadonlyMap<string, number>;
  readonly changes: readonly Omit<Change, 'affected'>[];
  readonly events: readonly StationEvent[];
  readonly forgotten: readonly Forgotten[];
  /** What does not hang together. */
  readonly differences: readonly string[];
  readonly newest: Entry | undefined;
}

const eventKinds: ReadonlySet<LeafKind> = new Set<LeafKind>([
  'policy-in-force',
  'journal-key-added',
  'station-restored',
  'wallet-stated',
  'signer-key-created',
  'wallet-registered',
  'breaker-tripped',
  'frozen',
  'thawed',
  'clock-suspect',
  'clock-acknowledged',
  'clock-vouched',
  'operator-acted',
  'act-announced',
  'act-ripening',
  'act-effective',
  'act-ended',
  'operator-suspended',
  'operator-reinstated',
  'transaction-confirmed',
  'transaction-withheld',
  'withdrawal-confirmed',
  'withdrawal-voided',
  'epoch-raised',
  'chunk-imported',
]);

interface Permitted {
  readonly entry: Entry;
  readonly withdrawals: readonly string[];
  /** Undefined for a version that was released before the range, or that only a newer one leads to. */
  readonly released: Entry | undefined;
}

/**
 * Reads the journal from its newest entry back, so that what is remembered is only what the range released: a signature leads to its
 * permit, the permit to the withdrawals and to the version that it replaced, those to their authorizations. It stops before the range once nothing
 * is open. What happened to a payment first counts: a replacement pays nothing again.
 */
export class RangeReading {
  readonly #since: string;
  readonly #until: string;
  /** Signatures of the range by transaction, until their permit is met. */
  readonly #released = new Map<string, Entry>();
  /** Versions that a newer one replaced, by transaction, until their permit is met: the newer ones, oldest first. */
  readonly #former = new Map<string, readonly string[]>();
  /** Such of them as were released before the range. */
  readonly #earlier = new Set<string>();
  readonly #open = new Map<string, { readonly permit: Permitted; readonly replacedBy: readonly string[] }>();
  readonly #paid = new Map<string, PaidByLeaves>();
  readonly #unpaid: Entry[] = [];
  readonly #voidedEver = new Set<string>();
  readonly #voided: string[] = [];
  readonly #refusals: RefusalTold[] = [];
  readonly #aggregated = new Map<string, number>();
  readonly #changes: Omit<Change, 'affected'>[] = [];
  readonly #events: StationEvent[] = [];
  readonly #differences: string[] = [];
  readonly #restored: Entry[] = [];

  /** RFC 3339 UTC to the second, which sort as they stand. */
  constructor(since: string, until: string) {
    this.#since = since;
    this.#until = until;
  }

  run(records: StationRecords): Told {
    // Behind the range, only what says that a payment never confirmed, or that what was done since a backup is forgotten.
    const end = records.firstAt(this.#until);
    const newest = records.entry(records.size - 1);
    const kinds = ['"withdrawal-voided"', '"station-restored"'].map((kind) => Buffer.from(kind));
    const worth = (index: number, bytes: Uint8Array): boolean =>
      index < end || kinds.some((kind) => Buffer.from(bytes).includes(kind));
    for (const entry of records.backwards(worth)) {
      const { time } = entry.leaf;
      if (time < this.#since && this.#settled()) break;
      this.#entry(entry, time >= this.#since, time < this.#until);
    }
    for (const id of [...this.#released.keys(), ...this.#former.keys()])
      this.#differences.push(`transaction ${id} was signed, but no entry permits it`);
    for (const id of this.#open.keys()) this.#differences.push(`withdrawal ${id} was paid, but no entry authorizes it`);
    return {
      paid: new Map([...this.#paid].reverse()),
      unpaid: this.#unpaid.reverse(),
      voided: this.#voided.reverse(),
      refusals: this.#refusals.reverse(),
      aggregated: this.#aggregated,
      changes: this.#changes.reverse(),
      events: this.#events.reverse(),
      forgotten: this.#restored.reverse().flatMap((entry) => this.#forgotten(entry, records)),
      differences: this.#differences,
      newest,
    };
  }

  /** Of the range, what lies between a backup's last entry and the restore. */
  #forgotten(entry: Entry, records: StationRecords): Forgotten[] {
    const [size, published] = ['size', 'published_size'].map((name) => countIn(entry.member(name)));
    const last = size === null || size === undefined ? undefined : records.entry(size - 1);
    if (entry.leaf.time < this.#since || (last !== undefined && last.leaf.time >= this.#until)) return [];
    const from = last === undefined ? null : refOf(last);
    return [{ from, to: refOf(entry), size: size ?? 0, published_size: published ?? null }];
  }

  #settled(): boolean {
    return this.#released.size === 0 && this.#former.size === 0 && this.#open.size === 0;
  }

  #entry(entry: Entry, begun: boolean, within: boolean): void {
    const { kind } = entry.leaf;
    const { member } = entry;
    if (kind === 'withdrawal-voided') this.#voidedEver.add(member('withdrawal') ?? '');
    if (kind === 'station-restored') this.#restored.push(entry);
    if (!within) return;
    const transaction = member('transaction') ?? '';
    if (kind === 'transaction-signed') {
      if (begun) this.#released.set(transaction, entry);
      else if (this.#former.has(transaction)) this.#earlier.add(transaction);
    } else if (kind === 'transaction-permitted') this.#permitted(transaction, entry, begun);
    else if (kind === 'withdrawal-authorized' || kind === 'withdrawal-held') this.#authorized(entry, begun);
    if (begun) this.#ofRange(entry);
  }

  #permitted(id: string, entry: Entry, begun: boolean): void {
    const { member } = entry;
    const kind = member('transaction_kind') ?? 'payment';
    if (kind !== 'payment' && begun)
      this.#events.push({ ...refOf(entry), kind: entry.leaf.kind, sentence: leafSentence(entry.leaf) });
    const released = this.#released.get(id);
    const newer = this.#former.get(id);
    if (released === undefined && newer === undefined) return;
    this.#released.delete(id);
    this.#former.delete(id);
    if (kind !== 'payment') return;
    const withdrawals = words(member('withdrawals'));
    const earlier = this.#earlier.delete(id);
    for (const withdrawal of withdrawals) {
      if (earlier) this.#open.delete(withdrawal);
      else if (released !== undefined) {
        // Of two versions the one that was released first: met last.
        this.#open.set(withdrawal, { permit: { entry, withdrawals, released }, replacedBy: newer ?? [] });
      }
    }
    const replaces = member('replaces') ?? '';
    const leads = !earlier && withdrawals.some((withdrawal) => this.#open.has(withdrawal));
    if (replaces !== '' && leads) this.#former.set(replaces, [id, ...(newer ?? [])]);
  }

  #authorized(entry: Entry, begun: boolean): void {
    const withdrawal = entry.member('withdrawal') ?? '';
    const open = this.#open.get(withdrawal);
    if (open === undefined) {
      if (begun) this.#unpaid.push(entry);
      return;
    }
    this.#open.delete(withdrawal);
    const { permit, replacedBy } = open;
    if (this.#voidedEver.has(withdrawal)) {
      this.#voided.push(withdrawal);
      this.#unpaid.push(entry);
    } else if (permit.released !== undefined) {
      const paid = { withdrawal, authorized: entry, permitted: permit.entry, released: permit.released, replacedBy };
      this.#paid.set(withdrawal, paid);
    }
  }

  #ofRange(entry: Entry): void {
    const { leaf, member } = entry;
    const ref = refOf(entry);
    const known = (name: string): string | null => member(name) ?? null;
    switch (leaf.kind) {
      case 'refused':
        this.#refusals.push({
          ...ref,
          what: member('what') ?? '',
          reason: member('reason') ?? '',
          account: known('account'),
          withdrawal: known('withdrawal'),
          asset: known('asset'),
          amount: known('amount'),
        });
        break;
      case 'refusals-aggregated':
        for (const counted of words(member('counts'))) {
          const [reason = '', count = ''] = counted.split('=');
          if (/^[0-9]{1,15}$/.test(count))
            this.#aggregated.set(reason, (this.#aggregated.get(reason) ?? 0) + Number(count));
        }
        break;
      case 'factor-added':
      case 'factor-revoked':
      case 'destination-added':
      case 'destination-removed': {
        const subject = leaf.kind.startsWith('factor') ? known('factor') : (known('destination') ?? known('entry'));
        this.#changes.push({
          ...ref,
          kind: leaf.kind,
          account: known('account'),
          subject,
          class: known('class'),
          by: admitters(entry),
        });
        break;
      }
      default:
        if (eventKinds.has(leaf.kind)) this.#events.push({ ...ref, kind: leaf.kind, sentence: sentenceOf(entry) });
    }
  }
}

function countIn(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

/** On whose word a factor or destination came or went: an issuer, operators, MFA services, factors; or what ended it. */
export function admitters({ member }: Entry): string[] {
  const issuer = member('admitted_by') ?? '';
  return [
    ...(issuer === '' ? [] : [issuer]),
    ...words(member('operators')),
    ...words(member('services')),
    ...words(member('attested_by')),
    ...words(member('by')),
  ];
}

function sentenceOf({ leaf, member }: Entry): string {
  const opened: Record<string, string> = {};
  for (const name of Object.keys(leaf.fields)) {
    const value = member(name);
    if (value !== undefined) opened[name] = value;
  }
  return leafSentence(leaf, opened);
}
