import type { AccountId, FreezeScope, Refusal } from '../domain/index.ts';
import { BreakerCounts, breakerRows, refusalSighting, type Sighting, type Trip } from '../gate/breaker.ts';
import { breakerName } from '../gate/policy/breaker.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Facts, RowKey } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';
import { scopeFields } from './freeze.ts';
import { breakerTrippedText, type NoticeSeed, noticeSeed, writeNotice } from './notice.ts';
import { freezeRows, type Station } from './station.ts';

/** Who asked for what was refused, as far as it is known. */
export interface Asker {
  readonly account?: AccountId;
  /** The name in a withdrawal service's certificate. */
  readonly client?: string;
}

/** What counting adds to a verdict. */
export interface Counted {
  readonly writes: readonly Write[];
  readonly leaves: readonly LeafDraft[];
}

const nothing: Counted = { writes: [], leaves: [] };

/** S13: rows of refusals that wait in memory; beyond it the one that waited longest is let go. */
const pendingMost = 4_096;

/**
 * The circuit breaker at work (S3): it counts what decisions see, in their own commits, so that the freeze is durable with whatever
 * tripped it. What tripped it stands (I4, I5: its evidence is spent, its leaf is written like any other's) and is not paid: no device is
 * asked but by a later commit, which reads the freeze.
 *
 * Refusals are counted in memory where they leave no leaf of their own (S13): such a row is written with the next refusal that has
 * one, with the trip, or by the sweep. The count is always whole, wherever it lies, and a trip comes by it. A station that is killed in a flood
 * forgets at most what the sweep had not written yet.
 */
export class Breaker {
  readonly #station: Station;
  /** Rows as they are counted here and not written yet. */
  readonly #pending = new Map<string, Uint8Array>();
  /** Drawn before the decision that may send it. */
  #seed: NoticeSeed;

  constructor(station: Station) {
    this.#station = station;
    this.#seed = noticeSeed(station);
  }

  /** What counting these reads, besides the freezes of what they name. */
  rows(sightings: readonly Sighting[]): RowKey[] {
    const { breaker } = this.#station.policy;
    const rows = new Set(sightings.flatMap((sighting) => breakerRows(breaker, sighting)));
    return [...rows].map((row) => ['buckets', row]);
  }

  /** What counting a refusal of this reads. */
  refusalRows(of: Asker): RowKey[] {
    const rows = this.rows([{ kind: 'refusal', ...of, attestation: true }]);
    if (rows.length === 0) return [];
    const { account } = of;
    const accounts: RowKey[] = account === undefined ? [] : [['accounts', account]];
    return [
      ...rows,
      ...accounts,
      ...freezeRows(['station', ...(account === undefined ? [] : ([`account:${account}`] as const))]),
    ];
  }

  /** Counts what a decision sees. `position`: of the next leaf within its verdict; `by`: what it is about, such as `withdrawal w-1`. */
  seen(sightings: readonly Sighting[], facts: Facts, position: number, by: string): Counted {
    const counts = new BreakerCounts((row) => facts.get('buckets', row)?.packed, facts.w);
    const trips = this.#trips(counts, sightings, facts);
    return this.#counted(counts.changed(), trips, facts, position, by);
  }

  /**
   * Counts a refusal, as far as the decision named `refusalRows`. `told`: it has a leaf of its own, so that a row more makes no
   * difference to the disk. An account that never was is nobody's: a flood cannot make rows by making up names.
   */
  refused(of: Asker, refusal: Refusal, facts: Facts, position: number, told: boolean, by: string): Counted {
    const { account, client } = of;
    const known =
      account !== undefined && facts.named('accounts', account) && facts.get('accounts', account) !== undefined;
    const sighting = refusalSighting(refusal, {
      ...(known ? { account } : {}),
      ...(client === undefined ? {} : { client }),
    });
    if (sighting === undefined) return nothing;
    const rows = breakerRows(this.#station.policy.breaker, sighting);
    if (!rows.every((row) => facts.named('buckets', row))) return nothing;
    const counts = new BreakerCounts((row) => this.#pending.get(row) ?? facts.get('buckets', row)?.packed, facts.w);
    const trips = this.#trips(counts, [sighting], facts);
    const changed = counts.changed();
    for (const row of changed.keys()) this.#pending.delete(row);
    if (told || trips.length > 0) return this.#counted(changed, trips, facts, position, by);
    for (const [row, packed] of changed) this.#wait(row, packed);
    return nothing;
  }

  /** Up to `most` of the rows that wait, to be written; they wait again if it fails. */
  flush(most: number): { readonly writes: readonly Write[]; restore(): void } {
    const flushed = [...this.#pending].slice(0, most);
    for (const [row] of flushed) this.#pending.delete(row);
    return {
      writes: writesOf(new Map(flushed)),
      restore: () => {
        for (const [row, packed] of flushed) if (!this.#pending.has(row)) this.#wait(row, packed);
      },
    };
  }

  #wait(row: string, packed: Uint8Array): void {
    this.#pending.set(row, packed);
    const [longest] = this.#pending.keys();
    if (this.#pending.size > pendingMost && longest !== undefined) this.#pending.delete(longest);
  }

  #trips(counts: BreakerCounts, sightings: readonly Sighting[], facts: Facts): Trip[] {
    const { breaker } = this.#station.policy;
    const frozen = (scope: FreezeScope): boolean => facts.get('freezes', scope)?.active === true;
    return sightings.flatMap((sighting) => counts.see(breaker, sighting, frozen));
  }

  #counted(
    changed: ReadonlyMap<string, Uint8Array>,
    trips: readonly Trip[],
    facts: Facts,
    position: number,
    by: string,
  ): Counted {
    const writes = writesOf(changed);
    const leaves: LeafDraft[] = [];
    for (const trip of trips) {
      const { scope, why } = trip;
      const at = position + leaves.length + 1;
      const frozen = scopeFields(scope, 'breaker', why);
      leaves.push(trippedLeaf(trip, facts, by));
      writes.push({
        table: 'freezes',
        record: { scope, active: true, who: 'breaker', why, since: facts.now },
        leaf: at,
      });
      // One notice for all that tripped at once; where no operators are founded there is nobody to address.
      if (leaves.length === 1 && this.#station.policy.operators !== undefined) {
        const text = breakerTrippedText(
          trips.map((t) => [t.scope, t.why]),
          by,
        );
        const notice = writeNotice(this.#seed, facts, {
          account: null,
          kind: 'frozen',
          subject: scope,
          text,
          leaf: at,
        });
        writes.push({ table: 'notices', record: notice, leaf: at });
        leaves.push({ kind: 'frozen', ...frozen, fields: { ...frozen.fields, notice: notice.id } });
        this.#seed = noticeSeed(this.#station);
      } else leaves.push({ kind: 'frozen', ...frozen });
    }
    return { writes, leaves };
  }
}

function writesOf(rows: ReadonlyMap<string, Uint8Array>): Write[] {
  return [...rows].map(([scope, packed]) => ({ table: 'buckets', record: { scope, packed } }));
}

/** The evidence: which rule, what it counted, within what, and what came last. */
function trippedLeaf({ rule, scope, count, why, of }: Trip, facts: Facts, by: string): LeafDraft {
  const { fields, personal } = scopeFields(scope, 'breaker', why);
  return {
    kind: 'breaker-tripped',
    fields: {
      ...fields,
      ...of,
      rule: breakerName(rule),
      watch: rule.watch,
      window: rule.window,
      above: String(rule.above),
      counted: String(count),
      by,
      policy: facts.station.policy,
    },
    ...(personal === undefined ? {} : { personal }),
  };
}
