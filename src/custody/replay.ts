import {
  Buckets,
  type DestinationRecord,
  type FactorId,
  type FactorRecord,
  type PricesInForce,
  parseIntent,
  parsePrices,
  Refusal,
  type Sealed,
  type StationName,
  type VerifiedEvidence,
  type WallMs,
  type WithdrawalIntent,
  type WithdrawalRecord,
} from '../domain/index.ts';
import type { Evidence, WithdrawalCase } from '../gate/cases.ts';
import { countedPayment, thingsCounted } from '../gate/counting.ts';
import { decideWithdrawal } from '../gate/decide.ts';
import type { Policy } from '../gate/policy.ts';
import type { Verdict } from '../gate/rule.ts';
import type { Replay, ReplayChange, ReplayOutcome } from './custody.ts';
import { checkAttestations } from './evidence.ts';
import { decodeEvidence } from './kept-evidence.ts';
import type { Station } from './station.ts';

/** Requests decided again at most, and as many without a pause: others wait for their decisions meanwhile. */
const decidedMost = 5_000;
const slice = 50;
const examplesMost = 20;

/** What no replay can know. */
const unknowns = [
  'Only requests that were authorized or held are recorded whole: one that was refused, and would be approved now, does not show.',
  'Each is decided at the time at which it was, with its destination, its account and its factors as they stand now; assertions, clock and freezes are taken for good.',
  'Limits count what is replayed, from nothing; prices are the present ones.',
  'Transactions are not decided again: what changes for fees, nonces, batches and wallets’ limits does not show.',
] as const;

/**
 * Decides recorded withdrawals again, under the policy in force and under another, by the gate's own rules. In slices: what is asked
 * of the station meanwhile is decided in between.
 */
export function replayPolicy(station: Station, will: Policy, back: number): Promise<Replay> {
  // One after the other: each holds up to as many rows in memory as it decides.
  const before = running.get(station) ?? Promise.resolve();
  const run = before.then(() => replayed(station, will, back));
  running.set(
    station,
    run.catch(() => {}),
  );
  return run;
}

const running = new WeakMap<Station, Promise<unknown>>();

async function replayed(station: Station, will: Policy, back: number): Promise<Replay> {
  const was = station.policy;
  const since = (station.look({}).now - back) as WallMs;
  const { records, cut } = await recordedSince(station, since);
  const prices = pricesNow(station);
  const [before, after] = [new Replayer(station, was, prices), new Replayer(station, will, prices)];
  const byRule = new Map<string, number>();
  const examples: ReplayChange[] = [];
  let changed = 0;
  for (const [i, record] of records.entries()) {
    if (i % slice === slice - 1) await pause();
    const change = compared(record, before.decide(record), after.decide(record));
    if (change === undefined) continue;
    changed++;
    byRule.set(change.rule, (byRule.get(change.rule) ?? 0) + 1);
    if (examples.length < examplesMost) examples.push(change);
  }
  return { since, decided: records.length, cut, changed, byRule, examples, unknowns };
}

/** In English, a line each. */
export function sayReplay({ decided, cut, changed, byRule, examples, unknowns: told }: Replay): string[] {
  const scope = cut ? `the newest ${decided}` : `${decided}`;
  return [
    `Replay of ${scope} recorded withdrawal(s): ${changed} would end otherwise.`,
    ...[...byRule].map(([rule, count]) => `  ${rule}: ${count}`),
    ...examples.map((e) => `  ${e.withdrawal}: ${e.was} -> ${e.will} by ${e.rule}: ${e.message}`),
    ...told,
  ];
}

/** Oldest first. */
async function recordedSince(
  station: Station,
  since: WallMs,
): Promise<{ readonly records: readonly WithdrawalRecord[]; readonly cut: boolean }> {
  const found = new Map<string, WithdrawalRecord>();
  let cut = false;
  for (let offset = 0; ; offset += slice) {
    const page = station.reading(() => station.store.find('withdrawalsNewest', slice, offset));
    // What was authorized meanwhile moves the pages on: a record may come twice.
    for (const record of page) if (record.authorizedAt >= since) found.set(record.id, record);
    if (page.length < slice || page.some((record) => record.authorizedAt < since)) break;
    if (found.size >= decidedMost) {
      cut = true;
      break;
    }
    await pause();
  }
  return { records: [...found.values()].reverse(), cut };
}

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function pricesNow(station: Station): PricesInForce | undefined {
  const record = station.reading(() => station.store.read('prices', 'prices'));
  return record === undefined ? undefined : { prices: parsePrices(record.document), since: record.since };
}

/** One policy's run over the requests, with what its limits have counted so far. */
class Replayer {
  readonly #station: Station;
  readonly #policy: Policy;
  readonly #prices: PricesInForce | undefined;
  readonly #buckets = new Map<string, Buckets>();

  constructor(station: Station, policy: Policy, prices: PricesInForce | undefined) {
    this.#station = station;
    this.#policy = policy;
    this.#prices = prices;
  }

  decide(record: WithdrawalRecord): Verdict {
    const of = this.#caseOf(record);
    const verdict = decideWithdrawal(of);
    // What is held counts as what is approved does: it was reserved, too.
    if (verdict.approved || verdict.held !== undefined) this.#count(record, of);
    return verdict;
  }

  #caseOf(record: WithdrawalRecord): WithdrawalCase {
    const { store } = this.#station;
    const intent: Sealed<WithdrawalIntent> = parseIntent(record.intent, 'portcullis/withdrawal/v1');
    const facts = this.#station.look({ rows: [['accounts', record.account]] });
    const entry = this.#station.reading(() => store.read('destinations', record.entry));
    return {
      policy: this.#policy,
      // As they were: of its own epoch, on its own station's name.
      station: { ...facts.station, name: intent.intent.station, factorEpoch: record.epoch },
      now: record.authorizedAt,
      w: record.reservedAt,
      clockSuspect: false,
      freezes: [],
      intent,
      ticketGenuine: true,
      spent: undefined,
      evidence: [
        ...record.factors.map((id) => this.#evidence(id as FactorId, record.epoch)),
        ...this.#tokens(record, intent.intent.station),
      ],
      listed: {
        listing: { account: record.account, destination: record.destination, entry: record.entry },
        entry: entry === undefined ? undefined : standing(entry, record.epoch),
      },
      account: facts.get('accounts', record.account),
      prices: this.#pricesAt(record),
      counted: {
        account: this.#counted(`account:${record.account}`),
        asset: this.#counted(`asset:${record.asset}`),
        station: this.#counted('station'),
      },
    };
  }

  /** The present table, as if it had been set then: its age then is not known. */
  #pricesAt({ reservedAt }: WithdrawalRecord): PricesInForce | undefined {
    return this.#prices === undefined ? undefined : { ...this.#prices, since: reservedAt };
  }

  #evidence(id: FactorId, epoch: number): Evidence {
    const found = this.#station.reading(() => this.#station.store.read('factors', id));
    if (found === undefined)
      return { verification: { genuine: false, reason: 'factor-unknown', message: 'it is gone' }, factor: undefined };
    const factor: FactorRecord = standing(found, epoch);
    const { class: class_, signCount, backupState } = factor;
    const evidence: VerifiedEvidence =
      class_ === 'totp'
        ? { kind: 'totp', factor: id, step: 0 }
        : {
            kind: 'webauthn',
            factor: id,
            class: class_,
            ceremony: 'webauthn.get',
            userVerified: true,
            signCount,
            backupState,
          };
    return { verification: { genuine: true, evidence }, factor };
  }

  /** Tokens of MFA services, verified under the keys that this policy pins. */
  #tokens({ evidence, digest, account, authorizedAt: now }: WithdrawalRecord, station: StationName): Evidence[] {
    const tokens = decodeEvidence(evidence).filter(({ kind }) => kind === 'mfa-token');
    const present = () => ({ station, now });
    const of = { ...this.#station.approved(digest, account), policy: this.#policy, present };
    return checkAttestations(tokens, of, true).map((checked) => checked.evidence);
  }

  #counted(scope: string): Buckets {
    return this.#buckets.get(scope) ?? Buckets.empty;
  }

  #count(record: WithdrawalRecord, of: WithdrawalCase): void {
    const { asset, amount, account } = record;
    const payment = countedPayment({ ...of, asset, amount, entry: of.listed.entry });
    const rows = { account: `account:${account}`, asset: `asset:${asset}`, station: 'station' } as const;
    for (const scope of ['account', 'asset', 'station'] as const) {
      for (const [thing, counted] of thingsCounted(this.#policy, scope, payment)) {
        this.#buckets.set(rows[scope], this.#counted(rows[scope]).add(thing, counted, record.reservedAt));
      }
    }
  }
}

/** As it was when it was relied on: what was revoked or removed since then does not matter. */
function standing<R extends DestinationRecord | FactorRecord>(record: R, epoch: number): R {
  return { ...record, epoch, state: 'pending' };
}

function outcomeOf({ approved, held }: Verdict): ReplayOutcome {
  if (approved) return 'approved';
  return held === undefined ? 'refused' : 'held';
}

function compared(record: WithdrawalRecord, before: Verdict, after: Verdict): ReplayChange | undefined {
  const [was, will] = [outcomeOf(before), outcomeOf(after)];
  if (was === will && before.held?.operators === after.held?.operators) return undefined;
  const decisive = will === 'approved' || (was === 'refused' && will === 'held') ? before : after;
  const failed = decisive.outcomes.filter((o) => !o.judgement.passed);
  const first = failed.find((o) => o.judgement === decisive.refusal) ?? failed[0];
  if (first === undefined || first.judgement.passed) throw new Refusal('internal', 'a verdict without a cause');
  return { withdrawal: record.id, was, will, rule: first.rule, message: first.judgement.message };
}
