import {
  type AccountId,
  type Attestation,
  chainOfAddress,
  chainOfAsset,
  type DestinationRecord,
  type FreezeScope,
  formatInstant,
  type ListingRecord,
  Malformed,
  type NoticeId,
  parseIntent,
  payByMost,
  Refusal,
  type Sealed,
  type StationRecord,
  type WallMs,
  type WithdrawalId,
  type WithdrawalIntent,
  type WithdrawalRecord,
} from '../domain/index.ts';
import type { Sighting } from '../gate/breaker.ts';
import type { Evidence, WithdrawalCase } from '../gate/cases.ts';
import { countedPayment } from '../gate/counting.ts';
import { decideWithdrawal, explainWithdrawal } from '../gate/decide.ts';
import { paymentExpected } from '../gate/payment.ts';
import { withdrawalDemand } from '../gate/rules/evidence-sufficient.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Facts, Keys, RowKey } from '../store/facts.ts';
import type { Verdict, Write } from '../store/verdict.ts';
import { accountAfter, seenWrites } from './account.ts';
import type { Breaker } from './breaker.ts';
import { canonicalDestination, chainOf } from './chain.ts';
import { codesTold } from './codes.ts';
import type { Authorization, Prepared, Unwatch, Watcher, Withdrawals } from './custody.ts';
import {
  attesters,
  type Checked,
  checkAttestations,
  evidenceNow,
  evidenceRows,
  factorsAfterUse,
  paymentsShown,
  servicesOf,
  tokenRows,
  tokensSpent,
  wrongCodes,
} from './evidence.ts';
import { historyWith } from './history.ts';
import { evidenceWanted, prepareIntent, ruleOutcomes, spentBy, spentKey } from './intents.ts';
import { encodeEvidence } from './kept-evidence.ts';
import { checkLimit, limitOf } from './limits.ts';
import { canEnd, moveWithdrawal } from './machine.ts';
import { type NoticeSeed, noticeSeed, withdrawalAuthorizedText, writeNotice } from './notice.ts';
import { paymentRequestFor } from './payment-request.ts';
import { type Asked, type Refusals, refusalOf, unwrapped } from './refusals.ts';
import { authorizationRows, PriceBook, Reservations, reservedRows } from './reservations.ts';
import { reliedOn } from './ripened.ts';
import { freezeRows, type Station, toldBy } from './station.ts';
import { watchRecords } from './watch.ts';

/** An authorization whose evidence was verified, ready to be decided. */
export interface ReadyAuthorization {
  readonly intent: Sealed<WithdrawalIntent>;
  readonly attestations: readonly Attestation[];
  readonly checked: readonly Checked[];
  readonly seed: NoticeSeed;
}

/** What authorizing would write, but for its reservations, which `Reservations` gathers: used alone, and inside the commit that also permits a transaction. */
export interface AuthorizationVerdict {
  readonly record: WithdrawalRecord;
  readonly writes: readonly Write[];
  readonly leaves: readonly LeafDraft[];
  /** What approved it: using the factors changes their rows, once for everything in the commit (`factorsAfterUse`). */
  readonly used: readonly Evidence[];
}

export class WithdrawalDesk implements Withdrawals {
  readonly prices = new PriceBook();
  readonly #station: Station;
  readonly #refusals: Refusals;
  readonly #breaker: Breaker;

  constructor(station: Station, refusals: Refusals, breaker: Breaker) {
    this.#station = station;
    this.#refusals = refusals;
    this.#breaker = breaker;
  }

  /** As one client has them: the circuit breaker counts what is refused to it. */
  of(client: string): Withdrawals {
    return {
      prepare: (request) => this.prepare(request),
      authorize: (request) => this.authorize(request, client),
      get: (id) => this.get(id),
      watch: (ids, watcher) => this.watch(ids, watcher),
      cancel: (id) => this.cancel(id, client),
    };
  }

  async prepare(request: Parameters<Withdrawals['prepare']>[0]): Promise<Prepared> {
    const station = this.#station;
    const { account, asset, destination } = request;
    checkForms(request, '');
    const scopes = withdrawalScopes({ account, asset, destination });
    const facts = station.look({
      rows: [...freezeRows(scopes), ...authorizationRows(station.policy, { account, asset })],
      lookups: [['factorsOfAccount', account]],
    });
    const payBy = request.payBy ?? ((facts.now + payByMost) as WallMs);
    if (payBy > facts.now + payByMost) throw new Malformed('pay_by', 'more than 24 hours ahead');
    const members = {
      withdrawal: request.withdrawal,
      account,
      asset,
      amount: String(request.amount),
      destination,
      max_fee: String(request.maxFee),
      pay_by: formatInstant(payBy),
    };
    const { now, station: record } = facts;
    const intent = prepareIntent(station, 'portcullis/withdrawal/v1', members, {
      record,
      now,
      lifetime: request.lifetime,
    });
    const moment = station.moment(facts, scopes);
    const listed = this.#listed(account, destination);
    const of: WithdrawalCase = {
      ...moment,
      intent,
      listed,
      ticketGenuine: true,
      spent: undefined,
      evidence: [],
      account: facts.get('accounts', account),
      prices: this.prices.inForce(facts, station.policy),
      counted: new Reservations(facts).counted(station.policy, { account, asset }),
    };
    const verdict = explainWithdrawal(of);
    return {
      intent,
      rpId: station.policy.rpId,
      paymentRequest: paymentRequestFor(intent, facts.all('factorsOfAccount', account), moment),
      evidenceWanted: evidenceWanted(withdrawalDemand(of), facts.all('factorsOfAccount', account), moment, {
        asset,
        amount: request.amount,
        operators: verdict.held?.operators ?? 0,
      }),
      rules: ruleOutcomes(verdict),
      held: verdict.held,
      warnings: [],
    };
  }

  async authorize(request: Authorization, client?: string): Promise<WithdrawalRecord> {
    const ready = this.ready(request);
    const { digest, intent } = ready.intent;
    const { withdrawal } = intent;
    const asked = {
      ...askedWithdrawal({ ...intent, id: withdrawal, digest }, client),
      wrongCodes: wrongCodes(ready.checked),
    };
    const keys = this.#refusals.keys(asked, this.keys(ready));
    const limit = limitOf('nthWithdrawalLive', intent.account);
    const committed = await this.#station.decide({ ...keys, lookups: [...(keys.lookups ?? []), limit] }, (facts) =>
      this.#refusals.judged<WithdrawalRecord>(asked, facts, () => {
        const existing = sameWithdrawal(facts.get('withdrawals', withdrawal), ready);
        if (existing !== undefined) return { result: existing };
        const reservations = new Reservations(facts);
        const { record, writes, leaves, used } = this.judge(ready, facts, reservations);
        checkLimit(limit, facts);
        const seen = this.#breaker.seen(
          [authorizationSeen(record, facts)],
          facts,
          leaves.length,
          `withdrawal ${withdrawal}`,
        );
        return {
          result: record,
          writes: [...writes, ...reservations.writes(), ...factorsAfterUse(used, facts), ...seen.writes],
          leaves: [...leaves, ...seen.leaves],
        };
      }),
    );
    return unwrapped(committed.result);
  }

  get(id: WithdrawalId): WithdrawalRecord {
    const record = this.#station.reading(() => this.#station.store.read('withdrawals', id));
    if (record === undefined) throw new Refusal('not-found', `there is no withdrawal ${id}`);
    return standing(record, this.#station.look({}).station);
  }

  watch(ids: readonly WithdrawalId[], watcher: Watcher<WithdrawalRecord>): Unwatch {
    return watchRecords(this.#station.store, 'withdrawals', ids, (id) => this.get(id), watcher);
  }

  async cancel(id: WithdrawalId, client?: string): Promise<WithdrawalRecord> {
    const known = this.get(id);
    const rows: RowKey[] = [['withdrawals', id], ...reservedRows(known)];
    const asked = askedWithdrawal(known, client);
    const committed = await this.#station.decide(this.#refusals.keys(asked, { rows }), (facts) => {
      const record = facts.get('withdrawals', id);
      if (record === undefined) throw new Refusal('not-found', `there is no withdrawal ${id}`);
      return this.#refusals.judged(asked, facts, (): Verdict<WithdrawalRecord> => {
        if (record.state === 'CANCELLED') return { result: record };
        if (!canEnd(record.state))
          throw new Refusal('withdrawal-not-cancellable', `withdrawal ${id} is ${record.state}`);
        return endWithdrawal(record, 'cancel', 'client', facts);
      });
    });
    return unwrapped(committed.result);
  }

  /** Verifies the evidence, before and outside any decision. */
  ready(request: Authorization, field = 'intent'): ReadyAuthorization {
    const intent = parseIntent(request.intent, 'portcullis/withdrawal/v1', field);
    checkForms(intent.intent, `${field}.`);
    const station = this.#station;
    const checked = station.reading(() =>
      checkAttestations(
        request.attestations,
        station.approved(intent.digest, intent.intent.account, paymentExpected(intent.intent, station.policy)),
      ),
    );
    return { intent, attestations: request.attestations, checked, seed: noticeSeed(station) };
  }

  /** Everything that deciding an authorization reads. */
  keys(ready: ReadyAuthorization): Keys & { rows: readonly RowKey[] } {
    const { withdrawal, account, asset, destination } = ready.intent.intent;
    const listing = this.#station.reading(() => this.#station.store.read('listings', account, destination));
    const rows: RowKey[] = [
      ['withdrawals', withdrawal],
      ['spent', spentKey(ready.intent.digest)],
      ['listings', account, destination],
      ...freezeRows(withdrawalScopes(ready.intent.intent)),
      ...evidenceRows(ready.attestations),
      ...tokenRows(ready.checked),
      ...authorizationRows(this.#station.policy, { account, asset }),
      ...this.#breaker.rows([{ kind: 'authorization', account, destination, first: true }]),
    ];
    if (listing !== undefined) rows.push(['destinations', listing.entry]);
    return { rows };
  }

  /**
   * Given the facts: what to write, or a refusal thrown. What it counts towards limits is added to `reservations`. `position` is
   * the index of its leaf within the whole verdict.
   */
  judge(ready: ReadyAuthorization, facts: Facts, reservations: Reservations, position = 0): AuthorizationVerdict {
    const station = this.#station;
    const { policy } = station;
    const { intent } = ready;
    const said = intent.intent;
    const listing = facts.get('listings', said.account, said.destination);
    const of: WithdrawalCase = {
      ...station.moment(facts, withdrawalScopes(said)),
      intent,
      ticketGenuine: station.ticketGenuine(facts.station, intent.fields),
      spent: facts.get('spent', spentKey(intent.digest)),
      evidence: evidenceNow(ready.checked, facts),
      listed: { listing, entry: listedEntry(facts, listing) },
      account: facts.get('accounts', said.account),
      prices: this.prices.inForce(facts, policy),
      counted: reservations.counted(policy, said),
    };
    const verdict = decideWithdrawal(of);
    const { held } = verdict;
    if (!verdict.approved && held === undefined) throw refusalOf(verdict);
    const entry = of.listed.entry;
    if (entry === undefined) throw new Refusal('internal', 'approved without a destination');
    const payment = countedPayment({ ...of, asset: said.asset, amount: said.amount, entry });
    const factors = attesters(ready.attestations);
    const record: WithdrawalRecord = {
      id: said.withdrawal,
      account: said.account,
      asset: said.asset,
      amount: said.amount,
      destination: said.destination,
      entry: entry.entry,
      maxFee: said.maxFee,
      payBy: said.payBy,
      digest: intent.digest,
      intent: intent.bytes,
      evidence: encodeEvidence(ready.attestations),
      factors,
      epoch: facts.station.factorEpoch,
      state: held === undefined ? 'AUTHORIZED' : moveWithdrawal('AUTHORIZED', 'hold'),
      wallet: null,
      anchor: null,
      transaction: null,
      authorizedAt: facts.now,
      reservedAt: facts.w,
      reserved: payment.worth.known ? payment.worth.value : null,
      counted: reservations.authorize(policy, said, payment, position),
      operators: held?.operators ?? 0,
      heldBy: held?.by ?? [],
      act: null,
      history: toldBy(facts, position),
    };
    const asset = policy.assets.get(said.asset);
    const notice = writeNotice(ready.seed, facts, {
      account: said.account,
      kind: 'withdrawal-authorized',
      subject: said.withdrawal,
      text: withdrawalAuthorizedText(said, asset?.symbol ?? said.asset, asset?.decimals ?? 0, held !== undefined),
      leaf: position,
    });
    return {
      record,
      writes: [
        { table: 'withdrawals', record, leaf: position },
        { table: 'spent', record: spentBy(intent.digest, `withdrawal ${said.withdrawal}`), leaf: position },
        ...tokensSpent(of.evidence, `withdrawal ${said.withdrawal}`, position),
        { table: 'notices', record: notice, leaf: position },
        ...firstWithdrawal(said.account, of.evidence, facts, position),
      ],
      leaves: [authorizedLeaf(record, entry, of.evidence, notice.id, facts)],
      used: of.evidence,
    };
  }

  #listed(account: string, destination: string): WithdrawalCase['listed'] {
    return this.#station.reading(() => {
      const listing = this.#station.store.read('listings', account, destination);
      const entry = listing === undefined ? undefined : this.#station.store.read('destinations', listing.entry);
      return { listing, entry };
    });
  }
}

/**
 * A9: raising the epoch ends every authorization in flight in one write, which is not one to its row: it is shown as cancelled at
 * once, and the sweep writes that down.
 */
export function standing(
  record: WithdrawalRecord,
  { factorEpoch }: Pick<StationRecord, 'factorEpoch'>,
): WithdrawalRecord {
  const open = record.state === 'HELD' || record.state === 'AUTHORIZED';
  return open && record.epoch !== factorEpoch ? { ...record, state: moveWithdrawal(record.state, 'cancel') } : record;
}

/** An account's first withdrawal is remembered: the breaker counts how many come within a window. */
function firstWithdrawal(account: AccountId, evidence: readonly Evidence[], facts: Facts, leaf: number): Write[] {
  const after = accountAfter(account, evidence, facts);
  return seenWrites({ ...after, firstPaid: after.firstPaid ?? facts.w }, facts, leaf);
}

/** The same id with the same intent is the same withdrawal; with another intent it is a mistake, or an attack (A12). */
export function sameWithdrawal(
  existing: WithdrawalRecord | undefined,
  ready: ReadyAuthorization,
): WithdrawalRecord | undefined {
  if (existing === undefined) return undefined;
  if (existing.digest === ready.intent.digest) return existing;
  throw new Refusal('withdrawal-id-reused', `withdrawal ${existing.id} exists with another intent`);
}

/** What a refusal's leaf tells of it. */
function askedWithdrawal(
  of: Pick<WithdrawalRecord, 'id' | 'digest' | 'asset' | 'amount' | 'account'>,
  client: string | undefined,
): Asked {
  const { id, digest, asset, amount, account } = of;
  const fields = { withdrawal: id, intent: digest, asset, amount: String(amount) };
  const asker = { account, ...(client === undefined ? {} : { client }) };
  return { what: 'withdrawal', fields, personal: { account }, asker };
}

/** What the circuit breaker sees of an authorization: of HELD ones, too, their evidence is there. */
export function authorizationSeen({ account, destination }: WithdrawalRecord, facts: Facts): Sighting {
  const first = (facts.get('accounts', account)?.firstPaid ?? null) === null;
  return { kind: 'authorization', account, destination, first };
}

/**
 * A withdrawal ends before a transaction was permitted that pays it: what it reserved goes back, as far as the decision named
 * `reservedRows`. `reservations` gathers what several of one commit give back; whoever passes it writes it.
 */
export function endWithdrawal(
  record: WithdrawalRecord,
  event: 'cancel' | 'expire' | 'refuse',
  by: string,
  facts: Facts,
  position = 0,
  reservations?: Reservations,
): Verdict<WithdrawalRecord> {
  const ended: WithdrawalRecord = {
    ...record,
    state: moveWithdrawal(record.state, event),
    history: historyWith(record.history, toldBy(facts, position)),
  };
  const given = reservations ?? new Reservations(facts);
  given.giveBack(record);
  return {
    result: ended,
    writes: [
      { table: 'withdrawals', record: ended, leaf: position },
      ...(reservations === undefined ? given.writes() : []),
    ],
    leaves: [
      { kind: 'withdrawal-ended', fields: { withdrawal: record.id, intent: record.digest, state: ended.state, by } },
    ],
  };
}

/** The entry that a listing names. A listing that changed after the decision named its facts is not guessed at. */
export function listedEntry(facts: Facts, listing: ListingRecord | undefined): DestinationRecord | undefined {
  if (listing === undefined) return undefined;
  if (!facts.named('destinations', listing.entry)) {
    throw new Refusal('changed-meanwhile', 'the destination was listed anew while this was decided: ask again');
  }
  return facts.get('destinations', listing.entry);
}

/** Whatever a freeze could name of a withdrawal. */
export function withdrawalScopes(of: Pick<WithdrawalIntent, 'account' | 'asset' | 'destination'>): FreezeScope[] {
  return [
    'station',
    `account:${of.account}`,
    `asset:${of.asset}`,
    `chain:${chainOfAsset(of.asset)}`,
    `destination:${of.destination}`,
  ];
}

/** Asset and destination in their chain's one canonical form, and on the same chain (D7). */
function checkForms({ asset, destination }: Pick<WithdrawalIntent, 'asset' | 'destination'>, prefix: string): void {
  chainOf(chainOfAsset(asset), `${prefix}asset`).canonicalAsset(asset, `${prefix}asset`);
  canonicalDestination(destination, `${prefix}destination`);
  if (chainOfAddress(destination) !== chainOfAsset(asset)) {
    throw new Malformed(
      `${prefix}destination`,
      `is on ${chainOfAddress(destination)}, the asset on ${chainOfAsset(asset)}`,
    );
  }
}

function authorizedLeaf(
  record: WithdrawalRecord,
  entry: DestinationRecord,
  evidence: readonly Evidence[],
  notice: NoticeId,
  facts: Facts,
): LeafDraft {
  const services = servicesOf(evidence);
  const shown = paymentsShown(evidence);
  // Being ripe is computed: the leaf records what it was computed from (design §4, "Ripening").
  const destination = reliedOn([entry]);
  const approved = reliedOn(record.factors.map((id) => facts.get('factors', id)));
  // Why it is held, if it is: all else is the same, since its evidence is spent and judged either way.
  const held = { operators: String(record.operators), held_by: record.heldBy.join(' ') };
  return {
    kind: record.state === 'HELD' ? 'withdrawal-held' : 'withdrawal-authorized',
    fields: {
      ...(record.state === 'HELD' ? held : {}),
      withdrawal: record.id,
      intent: record.digest,
      asset: record.asset,
      amount: String(record.amount),
      max_fee: String(record.maxFee),
      pay_by: formatInstant(record.payBy),
      notice,
      policy: facts.station.policy,
      destination_w0: destination.w0,
      destination_d0: destination.d0,
      destination_leaf: entry.history.at(-1) ?? '',
      factors_w0: approved.w0,
      factors_d0: approved.d0,
      ...(record.counted.length === 0 ? {} : { counted: record.counted.join(',') }),
      ...(record.reserved === null ? {} : { reserved: String(record.reserved) }),
      ...(services === '' ? {} : { services }),
      ...(shown === 0 ? {} : { payments_shown: String(shown) }),
    },
    personal: {
      account: record.account,
      destination: record.destination,
      factors: record.factors.join(' '),
      ...codesTold(evidence),
    },
  };
}
