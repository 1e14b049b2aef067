import {
  type AccountId,
  type Address,
  type AssetId,
  Buckets,
  type Flat,
  type FreezeScope,
  type Reason,
  type Refusal,
  reasons,
  Seen,
  type WalletId,
  type WitnessedMs,
} from '../domain/index.ts';
import { type BreakerPolicy, type BreakerWatch, breakerName, payersBeforeShare, tripped } from './policy/breaker.ts';
import { decide, pass, type Rule, refuse, type Verdict } from './rule.ts';

// The circuit breaker (S3): facts in, trips out. It judges what has happened, so it refuses nothing: what trips it stands, and the
// freeze that comes with it, in the same commit, is what stops that and everything like it before its device.

/** Something that happened, as the breaker sees it. */
export type Sighting =
  | { readonly kind: 'refusal'; readonly account?: AccountId; readonly client?: string; readonly attestation: boolean }
  | {
      readonly kind: 'authorization';
      readonly account: AccountId;
      readonly destination: Address;
      readonly first: boolean;
    }
  | {
      readonly kind: 'payment';
      readonly wallet: WalletId;
      readonly account: AccountId;
      readonly asset: AssetId;
      readonly amount: bigint;
    }
  | { readonly kind: 'device-refusal'; readonly wallet: WalletId };

/** A rule that tripped: what it freezes, and what of it the journal keeps. */
export interface Trip {
  readonly rule: BreakerPolicy;
  readonly scope: FreezeScope;
  /** Why, one English sentence of a closed character set. */
  readonly why: string;
  /** How many it counted; of a share, whole percents. */
  readonly count: number;
  /** Of what else than the scope it was: the client that was refused, or wallet and asset of a share. */
  readonly of: Flat;
}

/** What one rule counts of one sighting, and where: rows of `buckets`. */
interface Watched {
  readonly rule: BreakerPolicy;
  readonly scope: FreezeScope;
  readonly count: (counts: BreakerCounts, thing: string) => void;
  readonly found: (counts: BreakerCounts, thing: string) => { readonly above: boolean; readonly count: number };
  readonly forget: (counts: BreakerCounts, thing: string) => void;
}

type Kinds = { readonly [K in Sighting['kind']]: Extract<Sighting, { kind: K }> };

const accountRow = (account: AccountId): string => `breaker:account:${account}`;
const clientRow = (client: string): string => `breaker:client:${client}`;
const destinationRow = (destination: Address): string => `breaker:destination:${destination}`;
const walletRow = (wallet: WalletId): string => `breaker:wallet:${wallet}`;
const payersRow = (wallet: WalletId): string => `breaker:payers:${wallet}`;
const payerRow = (wallet: WalletId, account: AccountId): string => `breaker:payer:${wallet}:${account}`;
const stationRow = 'breaker:station';

/** The rows that counting this reads and writes, under these rules. */
export function breakerRows(rules: readonly BreakerPolicy[], sighting: Sighting): string[] {
  const has = (...watches: readonly BreakerWatch[]): boolean => rules.some(({ watch }) => watches.includes(watch));
  const rows: string[] = [];
  switch (sighting.kind) {
    case 'refusal':
      if (sighting.account !== undefined && has('refusals', 'attestation-failures'))
        rows.push(accountRow(sighting.account));
      if (sighting.client !== undefined && has('client-refusals')) rows.push(clientRow(sighting.client));
      break;
    case 'authorization':
      if (has('shared-destination')) rows.push(destinationRow(sighting.destination));
      if (sighting.first && has('first-withdrawals')) rows.push(stationRow);
      break;
    case 'payment':
      if (has('outflow-share'))
        rows.push(walletRow(sighting.wallet), payersRow(sighting.wallet), payerRow(sighting.wallet, sighting.account));
      break;
    case 'device-refusal':
      if (has('device-refusals')) rows.push(walletRow(sighting.wallet));
      break;
  }
  return rows;
}

/** What tells of the station and its limits, not of who asks: what stops everyone must not freeze anyone. */
const ofTheStation: ReadonlySet<Reason> = new Set<Reason>([
  'frozen',
  'clock-suspect',
  'outside-hours',
  'fact-tampered',
  'policy-changed',
  'operators-unfounded',
  'changed-meanwhile',
  'storage-failed',
  'sealing-key-missing',
  'internal',
]);

/** Attestations that came and did not verify. */
const attestationFailures: ReadonlySet<Reason> = new Set<Reason>([
  'attestation-invalid',
  'code-wrong',
  'challenge-mismatch',
  'origin-mismatch',
  'rp-mismatch',
  'cross-origin',
  'credential-mismatch',
  'user-not-present',
  'user-not-verified',
  'backup-state-invalid',
  'counter-regressed',
  'signature-invalid',
  'factor-unknown',
  'factor-foreign',
]);

/** What a refusal is to the breaker; undefined where it counts for nobody. */
export function refusalSighting(
  { reason, details }: Pick<Refusal, 'reason' | 'details'>,
  of: { readonly account?: AccountId; readonly client?: string },
): Sighting | undefined {
  if (ofTheStation.has(reason) || reasons[reason].code === 'NOT_FOUND') return undefined;
  // Above a limit of all customers together, each of them is refused, and nobody did anything.
  if ((reason === 'limit-exceeded' || reason === 'removal-limit') && details['scope'] !== 'account') return undefined;
  return { kind: 'refusal', ...of, attestation: attestationFailures.has(reason) };
}

/**
 * The breaker's rows within one decision: each read once, counted in by everything that the decision sees, written once, in its
 * commit. So what trips is counted and frozen at once.
 */
export class BreakerCounts {
  readonly #read: (row: string) => Uint8Array | undefined;
  readonly #w: WitnessedMs;
  // A row comes in here once something in it was counted, or forgotten.
  readonly #buckets = new Map<string, Buckets>();
  readonly #seen = new Map<string, Seen>();
  readonly #frozen = new Set<FreezeScope>();

  /** `read`: the row as it was packed; undefined where there is none. */
  constructor(read: (row: string) => Uint8Array | undefined, w: WitnessedMs) {
    this.#read = read;
    this.#w = w;
  }

  /**
   * Counts something that happened. `frozen`: whether a freeze is in force on a scope. Under one, nothing that it stops counts:
   * what happens until it is lifted must not bring it back. What trips is forgotten for that rule: after a thaw it counts from zero.
   */
  see(rules: readonly BreakerPolicy[], sighting: Sighting, frozen: (scope: FreezeScope) => boolean): Trip[] {
    const stopped = (scope: FreezeScope): boolean => this.#frozen.has(scope) || frozen(scope);
    const trips: Trip[] = [];
    for (const rule of rules) {
      const watched = watchedBy(rule, sighting);
      if (watched === undefined || stopped(watched.scope) || stopped('station')) continue;
      const thing = thingOf(rule, sighting);
      watched.count(this, thing);
      const { above, count } = watched.found(this, thing);
      if (!above) continue;
      watched.forget(this, thing);
      this.#frozen.add(watched.scope);
      trips.push({ rule, scope: watched.scope, why: tripped(rule), count, of: subjectOf(rule, sighting) });
    }
    return trips;
  }

  /** How each rule stands on it, with this sighting, which is not counted. A rule that would trip has not passed. */
  explain(rules: readonly BreakerPolicy[], sighting: Sighting): Verdict {
    const of = new BreakerCounts((row) => this.packed(row), this.#w);
    return decide(
      rules.flatMap((rule) => explained(rule, sighting)),
      of,
    );
  }

  /** Rows that counting changed, as they are to be written. */
  changed(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#buckets, ...this.#seen].map(([row, of]) => [row, of.pack()]));
  }

  packed(row: string): Uint8Array | undefined {
    return (this.#buckets.get(row) ?? this.#seen.get(row))?.pack() ?? this.#read(row);
  }

  add(row: string, thing: string, amount: bigint): void {
    this.#buckets.set(row, this.#bucketsOf(row).add(thing, amount, this.#w));
  }

  sum(row: string, thing: string, { window }: BreakerPolicy): bigint {
    return this.#bucketsOf(row).within(thing, window, this.#w);
  }

  forgetSum(row: string, thing: string): void {
    this.#buckets.set(row, this.#bucketsOf(row).without(thing));
  }

  addSeen(row: string, thing: string, who: string, most: number): void {
    this.#seen.set(row, this.#seenOf(row).add(thing, who, most, this.#w));
  }

  seen(row: string, thing: string, { window }: BreakerPolicy): number {
    return this.#seenOf(row).within(thing, window, this.#w);
  }

  forgetSeen(row: string, thing: string): void {
    this.#seen.set(row, this.#seenOf(row).without(thing));
  }

  #bucketsOf(row: string): Buckets {
    const known = this.#buckets.get(row);
    if (known !== undefined) return known;
    const packed = this.#read(row);
    return packed === undefined ? Buckets.empty : Buckets.parse(packed);
  }

  #seenOf(row: string): Seen {
    const known = this.#seen.get(row);
    if (known !== undefined) return known;
    const packed = this.#read(row);
    return packed === undefined ? Seen.nobody : Seen.parse(packed);
  }
}

/**
 * What a rule counts under within its rows. Each rule its own: that one trips, and is forgotten, takes nothing from another. Not by
 * how many it allows: a tighter one goes on from what was counted.
 */
function thingOf({ watch, window, freeze }: BreakerPolicy, sighting: Sighting): string {
  const asset = sighting.kind === 'payment' ? ` ${sighting.asset}` : '';
  return `${watch} ${window} ${freeze}${asset}`;
}

function subjectOf({ watch }: BreakerPolicy, sighting: Sighting): Flat {
  if (watch === 'client-refusals' && sighting.kind === 'refusal') return { client: sighting.client ?? '' };
  if (sighting.kind === 'payment') return { wallet: sighting.wallet, asset: sighting.asset };
  return {};
}

function explained(rule: BreakerPolicy, sighting: Sighting): Rule<BreakerCounts>[] {
  const watched = watchedBy(rule, sighting);
  if (watched === undefined) return [];
  const judge = (counts: BreakerCounts) => {
    const thing = thingOf(rule, sighting);
    watched.count(counts, thing);
    const { above, count } = watched.found(counts, thing);
    const told = `${watched.scope}: ${count} within the ${rule.window}, with this; above ${rule.above} it is frozen`;
    return above ? refuse('frozen', told, { scope: watched.scope }) : pass(told);
  };
  return [{ name: breakerName(rule), judge }];
}

/** What a rule sees in a sighting; undefined where it is none of its. */
function watchedBy(rule: BreakerPolicy, sighting: Sighting): Watched | undefined {
  const scope = scopeOf(rule, sighting);
  if (scope === undefined) return undefined;
  switch (sighting.kind) {
    case 'refusal':
      return refusalWatched(rule, scope, sighting);
    case 'authorization':
      return authorizationWatched(rule, scope, sighting);
    case 'payment':
      return rule.watch === 'outflow-share' ? shareWatched(rule, scope, sighting) : undefined;
    case 'device-refusal':
      return rule.watch === 'device-refusals' ? counted(rule, scope, walletRow(sighting.wallet)) : undefined;
  }
}

function refusalWatched(
  rule: BreakerPolicy,
  scope: FreezeScope,
  { account, client, attestation }: Kinds['refusal'],
): Watched | undefined {
  if (rule.watch === 'client-refusals')
    return client === undefined ? undefined : counted(rule, scope, clientRow(client));
  if (account === undefined) return undefined;
  if (rule.watch === 'refusals' || (rule.watch === 'attestation-failures' && attestation))
    return counted(rule, scope, accountRow(account));
  return undefined;
}

function authorizationWatched(
  rule: BreakerPolicy,
  scope: FreezeScope,
  { account, destination, first }: Kinds['authorization'],
): Watched | undefined {
  if (rule.watch === 'first-withdrawals') return first ? counted(rule, scope, stationRow) : undefined;
  if (rule.watch !== 'shared-destination') return undefined;
  const row = destinationRow(destination);
  return {
    rule,
    scope,
    count: (counts, thing) => counts.addSeen(row, thing, account, rule.above + 1),
    found: (counts, thing) => above(rule, counts.seen(row, thing, rule)),
    forget: (counts, thing) => counts.forgetSeen(row, thing),
  };
}

/** One account's part of what a wallet paid of an asset, once it paid enough accounts for a part to mean anything. */
function shareWatched(rule: BreakerPolicy, scope: FreezeScope, of: Kinds['payment']): Watched {
  const [all, payers, own] = [walletRow(of.wallet), payersRow(of.wallet), payerRow(of.wallet, of.account)];
  return {
    rule,
    scope,
    count(counts, thing) {
      counts.add(all, thing, of.amount);
      counts.add(own, thing, of.amount);
      counts.addSeen(payers, thing, of.account, payersBeforeShare);
    },
    found(counts, thing) {
      const [part, whole] = [counts.sum(own, thing, rule), counts.sum(all, thing, rule)];
      const enough = counts.seen(payers, thing, rule) >= payersBeforeShare;
      if (!enough) return above(rule, 0);
      return { above: part * 100n > BigInt(rule.above) * whole, count: Number((part * 100n) / whole) };
    },
    forget: (counts, thing) => counts.forgetSum(own, thing),
  };
}

function counted(rule: BreakerPolicy, scope: FreezeScope, row: string): Watched {
  return {
    rule,
    scope,
    count: (counts, thing) => counts.add(row, thing, 1n),
    found: (counts, thing) => above(rule, Number(counts.sum(row, thing, rule))),
    forget: (counts, thing) => counts.forgetSum(row, thing),
  };
}

const above = (rule: BreakerPolicy, count: number): { above: boolean; count: number } => ({
  above: count > rule.above,
  count,
});

/** What the rule freezes; undefined where the sighting names none. */
function scopeOf({ freeze }: BreakerPolicy, sighting: Sighting): FreezeScope | undefined {
  const of: { readonly account?: AccountId; readonly wallet?: WalletId; readonly destination?: Address } = sighting;
  switch (freeze) {
    case 'station':
      return 'station';
    case 'account':
      return of.account && `account:${of.account}`;
    case 'wallet':
      return of.wallet && `wallet:${of.wallet}`;
    case 'destination':
      return of.destination && `destination:${of.destination}`;
  }
}
