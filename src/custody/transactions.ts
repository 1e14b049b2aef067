import {
  type AnchorRecord,
  type Decoded,
  type Effects,
  equalBytes,
  type FreezeScope,
  Malformed,
  parseIntent,
  paymentSet,
  Refusal,
  type Sealed,
  type StationName,
  type TransactionId,
  type TransactionRecord,
  transactionId,
  type UnsignedTransaction,
  type Wallet,
  type WithdrawalIntent,
  type WithdrawalRecord,
} from '../domain/index.ts';
import type { Sighting } from '../gate/breaker.ts';
import type { PaidWithdrawal, Phase, TransactionCase } from '../gate/cases.ts';
import { countedPayment } from '../gate/counting.ts';
import { decideTransaction } from '../gate/decide.ts';
import { paymentExpected } from '../gate/payment.ts';
import type { Verdict as GateVerdict } from '../gate/rule.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Facts, Keys, RowKey } from '../store/facts.ts';
import type { Committed } from '../store/store.ts';
import type { TableName } from '../store/tables.ts';
import type { PermitRequest, Verdict, Write } from '../store/verdict.ts';
import { accountsOnce } from './account.ts';
import { approvalRows, approvalsNow, type ReadyApprovals, readyApprovals } from './acts/approvals.ts';
import type { JudgedAgain, Judges } from './attempts.ts';
import type { AutomaticLane } from './automatic-lane.ts';
import type { Breaker } from './breaker.ts';
import { chainOf } from './chain.ts';
import { refuseSharedCodes } from './codes.ts';
import type { Authorization, RuleOutcome, TransactionRequest, Transactions, Unwatch, Watcher } from './custody.ts';
import {
  type Checked,
  checkAttestations,
  evidenceNow,
  evidenceRows,
  factorsAfterUse,
  refuseSharedTokens,
  wrongCodes,
} from './evidence.ts';
import { historyWith } from './history.ts';
import { ruleOutcomes } from './intents.ts';
import { decodeEvidence } from './kept-evidence.ts';
import { moveTransaction, moveWithdrawal } from './machine.ts';
import { type Asked, type Refusals, refusalOf, unwrapped } from './refusals.ts';
import { accountOf, permitRows, Reservations } from './reservations.ts';
import { reliedOn } from './ripened.ts';
import { freezeRows, type Station, toldBy } from './station.ts';
import { anchorsBeside, walletAfter } from './wallet-state.ts';
import { watchRecords } from './watch.ts';
import {
  type AuthorizationVerdict,
  authorizationSeen,
  listedEntry,
  type ReadyAuthorization,
  sameWithdrawal,
  type WithdrawalDesk,
  withdrawalScopes,
} from './withdrawals.ts';
import { cosignatureRows, cosignaturesNow } from './witnesses.ts';

/** A withdrawal that is to be paid, with its kept evidence verified once more, before and outside the decision. */
interface ReadyPayment {
  readonly record: WithdrawalRecord;
  readonly intent: Sealed<WithdrawalIntent>;
  readonly checked: readonly Checked[];
  /** Operators' signatures under it, likewise. */
  readonly approvals: ReadyApprovals;
}

/** Unsigned bytes, decoded, and what they are to pay. */
export interface ReadyTransaction {
  readonly id: TransactionId;
  readonly wallet: Wallet;
  readonly transaction: UnsignedTransaction;
  readonly effects: Effects;
  readonly anchor: string;
  readonly replaces: TransactionId | undefined;
  readonly payments: readonly ReadyPayment[];
  /** Withdrawals that are authorized in the same commit. */
  readonly inline: readonly ReadyAuthorization[];
}

const mostPayments = 500;

/**
 * What the verdict on a permitted transaction may still turn on (its later phase, `again`): limits, nonces, gaps and prices were
 * settled with its anchor, and evidence is spent.
 */
const reliedOnTables: ReadonlySet<TableName> = new Set([
  'transactions',
  'anchors',
  'freezes',
  'withdrawals',
  'destinations',
  'listings',
  'factors',
  'codes',
  'operators',
  'acts',
]);

export class TransactionDesk implements Transactions, Judges {
  readonly #station: Station;
  readonly #withdrawals: WithdrawalDesk;
  readonly #refusals: Refusals;
  readonly #breaker: Breaker;
  readonly #permitted: (wallet: Wallet) => void;
  readonly #automatic: AutomaticLane;

  /** `permitted` is told of each wallet that has a new transaction for its device, which no automatic signer took at once. */
  constructor(
    station: Station,
    withdrawals: WithdrawalDesk,
    refusals: Refusals,
    breaker: Breaker,
    permitted: (wallet: Wallet) => void,
    automatic: AutomaticLane,
  ) {
    this.#station = station;
    this.#withdrawals = withdrawals;
    this.#refusals = refusals;
    this.#breaker = breaker;
    this.#permitted = permitted;
    this.#automatic = automatic;
  }

  async explain(request: TransactionRequest): Promise<{ effects: Effects | undefined; rules: readonly RuleOutcome[] }> {
    const ready = this.#ready(request, this.#decoded(request), []);
    const facts = this.#station.look(this.keys(ready));
    const verdict = this.judge(ready, facts, 'first');
    return { effects: ready.effects, rules: ruleOutcomes(verdict) };
  }

  async sign(
    request: TransactionRequest & { readonly authorizations: readonly Authorization[] },
    client?: string,
  ): Promise<TransactionRecord> {
    const decoded = this.#decoded(request);
    // Asking again prompts nobody, whatever else the request says: the id names wallet and unsigned transaction.
    const id = transactionId(request.wallet, decoded?.ok === true ? decoded.transaction.unsigned : request.unsigned);
    const asked = askedTransaction(id, request.wallet, request.pays, client);
    const found = this.#station.snapshot(() => {
      const known = this.#station.store.read('transactions', id);
      if (known !== undefined) return { known };
      try {
        const ready = this.#ready(request, decoded, request.authorizations);
        return { ready, keys: this.keys(ready) };
      } catch (error) {
        return { error };
      }
    });
    if (found.known !== undefined) return found.known;
    if (found.ready === undefined) return this.#refusals.told(this.#station, asked, found.error);
    const { ready, keys } = found;
    const counted = this.#breaker.rows(paymentsMade(ready));
    const judged: Asked = { ...asked, wrongCodes: wrongCodes(ready.inline.flatMap(({ checked }) => checked)) };
    const named = this.#refusals.keys(asked, { ...keys, rows: [...keys.rows, ...counted] });
    const committed = await this.#decide(ready, named, (facts, signer) =>
      this.#refusals.judged<TransactionRecord>(judged, facts, () => {
        const existing = facts.get('transactions', ready.id);
        if (existing !== undefined) return { result: existing };
        const reservations = new Reservations(facts);
        const inline = this.#authorizeInline(ready, facts, reservations);
        const of = this.#caseOf(
          ready,
          facts,
          'first',
          inline.map((a) => a.record),
        );
        const verdict = decideTransaction(of);
        if (!verdict.approved) throw refusalOf(verdict);
        const walletCounted = of.anchor === undefined ? countPayments(of, reservations, inline.length) : [];
        const permitted = permit(ready, facts, inline, signer, walletCounted);
        const leaves = permitted.leaves ?? [];
        const sightings = [
          ...authorizationsSeen(inline, facts),
          ...(of.anchor === undefined ? paymentsMade(ready) : []),
        ];
        const seen = this.#breaker.seen(sightings, facts, leaves.length, `transaction ${ready.id}`);
        return {
          ...permitted,
          writes: [...(permitted.writes ?? []), ...reservations.writes(), ...seen.writes],
          leaves: [...leaves, ...seen.leaves],
          ...(signer !== undefined && { permit: this.#permitRequest(ready, signer, keys.rows) }),
        };
      }),
    );
    const record = unwrapped(committed.result);
    if (committed.permit !== undefined && committed.reliance !== undefined)
      this.#automatic.carry(committed.permit, committed.reliance);
    else this.#permitted(ready.wallet);
    return record;
  }

  /** Decides with the automatic signer, if any, that takes what is permitted from the very commit. */
  async #decide<R>(
    { id, wallet }: ReadyTransaction,
    keys: Keys,
    judge: (facts: Facts, signer: string | undefined) => Verdict<R>,
  ): Promise<Committed<R>> {
    let expected = false;
    try {
      const committed = await this.#station.decide(keys, (facts) => {
        const verdict = judge(facts, this.#automatic.takes(wallet));
        expected = verdict.permit !== undefined;
        if (expected) this.#automatic.expect(id);
        return verdict;
      });
      return committed;
    } catch (error) {
      if (expected) this.#automatic.expectNot(id);
      throw error;
    }
  }

  #permitRequest(ready: ReadyTransaction, signer: string, rows: readonly RowKey[]): PermitRequest {
    const relied = rows.filter(([table]) => reliedOnTables.has(table));
    const { id, wallet, transaction } = ready;
    const digests = chainOf(wallet.chain, 'wallet').digests(transaction, wallet);
    return { transaction: id, wallet, signer, registration: null, tokenDescriptors: [], digests, relied };
  }

  async retry(id: TransactionId, client?: string): Promise<TransactionRecord> {
    const { wallet: of, pays } = this.get(id);
    const asked = askedTransaction(id, of, pays, client);
    const keys = this.#refusals.keys(asked, { rows: [['transactions', id]] });
    const committed = await this.#station.decide(keys, (facts) => {
      const record = facts.get('transactions', id);
      if (record === undefined) throw new Refusal('not-found', `there is no transaction ${id}`);
      return this.#refusals.judged(asked, facts, (): Verdict<TransactionRecord> => {
        if (record.kind !== 'payment')
          throw new Refusal('transaction-not-retryable', `transaction ${id} is the operators’: they ask for it again`);
        if (record.state !== 'DECLINED')
          throw new Refusal('transaction-not-retryable', `transaction ${id} is ${record.state}`);
        const again: TransactionRecord = {
          ...record,
          state: moveTransaction(record.state, 'retry'),
          declinedBy: [],
          blockedBy: null,
          history: historyWith(record.history, toldBy(facts, 0)),
        };
        return {
          result: again,
          writes: [{ table: 'transactions', record: again, leaf: 0 }],
          leaves: [{ kind: 'transaction-retried', fields: { transaction: id } }],
        };
      });
    });
    const again = unwrapped(committed.result);
    const wallet = this.#station.policy.wallets.get(again.wallet);
    if (wallet !== undefined) this.#permitted(wallet);
    return again;
  }

  get(id: TransactionId): TransactionRecord {
    const record = this.#station.reading(() => this.#station.store.read('transactions', id));
    if (record === undefined) throw new Refusal('not-found', `there is no transaction ${id}`);
    return record;
  }

  watch(ids: readonly TransactionId[], watcher: Watcher<TransactionRecord>): Unwatch {
    return watchRecords(this.#station.store, 'transactions', ids, (id) => this.get(id), watcher);
  }

  /** Its payments' evidence is verified once more, here and now. */
  again(record: TransactionRecord): JudgedAgain {
    const wallet = this.#station.policy.wallets.get(record.wallet);
    if (wallet === undefined) throw new Refusal('wallet-unknown', `policy names no wallet ${record.wallet}`);
    const request = {
      wallet: record.wallet,
      unsigned: record.psbt ?? record.unsigned,
      pays: record.pays as TransactionRequest['pays'],
      replaces: record.replaces ?? undefined,
    };
    const ready = this.#ready(request, this.#decoded(request), []);
    // The row holds both, under one code; what was permitted is what its id names.
    if (ready.id !== record.id) throw new Error(`transaction ${record.id} no longer decodes to what its id names`);
    const { assets } = this.#station.policy;
    const descriptors = ready.effects.payments.flatMap((p) => assets.get(p.asset)?.ledgerDescriptor ?? []);
    return {
      wallet,
      tokenDescriptors: [...new Set(descriptors)],
      keys: this.keys(ready),
      judge: (facts) => this.judge(ready, facts, 'again'),
    };
  }

  /** Everything that deciding the transaction reads. */
  keys(ready: ReadyTransaction): Keys & { rows: readonly RowKey[] } {
    const { wallet, effects } = ready;
    const rows: RowKey[] = [
      ['transactions', ready.id],
      ...effects.anchors.map((anchor): RowKey => ['anchors', wallet.id, anchor]),
      ['wallets', wallet.id],
      ...freezeRows(transactionScopes(ready)),
      ...cosignatureRows(this.#station.policy),
    ];
    if (ready.replaces !== undefined) rows.push(['transactions', ready.replaces]);
    for (const { record, checked, approvals } of ready.payments) {
      rows.push(...approvalRows(approvals));
      rows.push(
        ['withdrawals', record.id],
        ['destinations', record.entry],
        ['listings', record.account, record.destination],
      );
      rows.push(...evidenceRows(checked.map(({ attestation }) => attestation)));
    }
    for (const authorization of ready.inline) rows.push(...this.#withdrawals.keys(authorization).rows);
    const accounts = new Set(ready.payments.map(({ record }) => record.account));
    rows.push(...permitRows(this.#station.policy, wallet.id, accounts));
    return { rows };
  }

  /** Pure, given the facts. `inline` are withdrawals that the same commit authorizes. */
  judge(ready: ReadyTransaction, facts: Facts, phase: Phase, inline: readonly WithdrawalRecord[] = []): GateVerdict {
    return decideTransaction(this.#caseOf(ready, facts, phase, inline));
  }

  #caseOf(ready: ReadyTransaction, facts: Facts, phase: Phase, inline: readonly WithdrawalRecord[]): TransactionCase {
    const { wallet, effects, replaces, anchor } = ready;
    const { policy } = this.#station;
    const paid = ready.payments.map(({ record, intent, checked, approvals }): PaidWithdrawal => {
      const now = facts.get('withdrawals', record.id);
      if (now === undefined) throw new Refusal('withdrawal-unknown', `withdrawal ${record.id} is gone`);
      return this.#paid(now, intent, facts, evidenceNow(checked, facts), approvalsNow(approvals, now, facts));
    });
    const fresh = inline.map((record): PaidWithdrawal => {
      const ready_ = ready.inline.find((a) => a.intent.intent.withdrawal === record.id);
      // What needs operators is held: nobody can have approved it yet.
      return this.#paid(record, ready_?.intent, facts, evidenceNow(ready_?.checked ?? [], facts), []);
    });
    return {
      ...this.#station.moment(facts, transactionScopes(ready)),
      phase,
      id: ready.id,
      wallet,
      effects,
      withdrawals: [...paid, ...fresh],
      anchorId: anchor,
      anchor: facts.get('anchors', wallet.id, anchor),
      otherAnchors: anchorsBeside(anchor, effects, wallet, facts),
      walletState: facts.get('wallets', wallet.id),
      prices: this.#withdrawals.prices.inForce(facts, policy),
      cosignatures: cosignaturesNow(policy, facts),
      walletCounted: new Reservations(facts).ofWallet(policy, wallet.id),
      replaces: replaces === undefined ? undefined : facts.get('transactions', replaces),
    };
  }

  /** `parsed`: of the same bytes, if it was parsed before. */
  #paid(
    record: WithdrawalRecord,
    parsed: Sealed<WithdrawalIntent> | undefined,
    facts: Facts,
    evidence: PaidWithdrawal['evidence'],
    approvals: PaidWithdrawal['approvals'],
  ): PaidWithdrawal {
    const listing = facts.get('listings', record.account, record.destination);
    return {
      record,
      intent:
        parsed !== undefined && equalBytes(parsed.bytes, record.intent)
          ? parsed
          : parseIntent(record.intent, 'portcullis/withdrawal/v1'),
      evidence,
      listed: { listing, entry: listing?.entry === record.entry ? listedEntry(facts, listing) : undefined },
      account: accountOf(facts, record.account),
      approvals,
    };
  }

  #authorizeInline(ready: ReadyTransaction, facts: Facts, reservations: Reservations): AuthorizationVerdict[] {
    const verdicts = ready.inline.map((authorization, i) => {
      const { withdrawal } = authorization.intent.intent;
      if (sameWithdrawal(facts.get('withdrawals', withdrawal), authorization) !== undefined) {
        throw new Refusal('changed-meanwhile', `withdrawal ${withdrawal} was authorized meanwhile: ask again`);
      }
      // One that would be HELD is refused with the whole call, by the rule on anchors: a HELD member is settled first.
      return this.#withdrawals.judge(authorization, facts, reservations, i);
    });
    refuseSharedTokens(verdicts.map(({ used }) => used));
    refuseSharedCodes(verdicts.map(({ used }) => used));
    return verdicts;
  }

  #wallet(request: TransactionRequest): Wallet {
    const wallet = this.#station.policy.wallets.get(request.wallet);
    if (wallet === undefined) throw new Refusal('wallet-unknown', `policy names no wallet ${request.wallet}`);
    return wallet;
  }

  /** Decodes the bytes, finds the withdrawals, verifies their kept evidence again. Throws `Refusal` for what can't be. */
  #ready(
    request: TransactionRequest,
    decoded: Decoded | undefined,
    authorizations: readonly Authorization[],
  ): ReadyTransaction {
    const wallet = this.#wallet(request);
    const { pays } = request;
    if (pays.length === 0) throw new Malformed('withdrawal_ids', 'names no withdrawal');
    if (pays.length > mostPayments)
      throw new Malformed('withdrawal_ids', `names more than ${mostPayments} withdrawals`);
    if (new Set(pays).size !== pays.length) throw new Malformed('withdrawal_ids', 'names a withdrawal twice');
    if (decoded === undefined) throw new Error(`wallet ${wallet.id} came to policy while its bytes were decoded`);
    if (decoded.ok !== true) throw new Malformed('unsigned', decoded.message, decoded.reason);
    const { effects, transaction } = decoded;
    // Before any evidence is verified: what cannot match one to one must not cost as much as what can (S2).
    const made = effects.payments.length;
    if (made !== pays.length)
      throw new Refusal('payment-unmatched', `${made} payment(s) are made, ${pays.length} withdrawal(s) are named`);
    if (authorizations.length > pays.length)
      throw new Malformed('authorizations', 'are more than the withdrawals of withdrawal_ids');

    const given = new Map(
      authorizations.map((a, i) => {
        const ready = this.#withdrawals.ready(a, `authorizations[${i}].intent`);
        return [ready.intent.intent.withdrawal, ready] as const;
      }),
    );
    if (given.size !== authorizations.length) throw new Malformed('authorizations', 'two are for the same withdrawal');
    const payments: ReadyPayment[] = [];
    const inline: ReadyAuthorization[] = [];
    for (const id of pays) {
      const record = this.#station.reading(() => this.#station.store.read('withdrawals', id));
      const authorization = given.get(id);
      given.delete(id);
      if (record !== undefined) {
        if (authorization !== undefined) sameWithdrawal(record, authorization);
        const intent = parseIntent(record.intent, 'portcullis/withdrawal/v1');
        const approvals = readyApprovals(this.#station, record);
        payments.push({ record, intent, checked: this.#checkKept(record, intent.intent.station), approvals });
      } else if (authorization !== undefined) inline.push(authorization);
      else throw new Refusal('withdrawal-unknown', `no withdrawal ${id} is authorized`);
    }
    for (const id of given.keys()) throw new Malformed('authorizations', `withdrawal ${id} is not in withdrawal_ids`);
    return {
      id: transactionId(wallet.id, transaction.unsigned),
      wallet,
      transaction,
      effects,
      anchor: anchorAmong(effects, payments),
      replaces: request.replaces,
      payments,
      inline,
    };
  }

  /** What the bytes would do; undefined where policy names no such wallet. */
  #decoded(request: TransactionRequest): Decoded | undefined {
    const wallet = this.#station.policy.wallets.get(request.wallet);
    return wallet && chainOf(wallet.chain, 'wallet').decodeUnsigned(request.unsigned, wallet);
  }

  /** A token names the generation that it was made for; whether that still counts is the gate's to say. */
  #checkKept(record: WithdrawalRecord, name: StationName): Checked[] {
    const station = this.#station;
    const approved = station.approved(record.digest, record.account, paymentExpected(record, station.policy));
    const present = (): ReturnType<typeof approved.present> => ({ ...approved.present(), station: name });
    return station.reading(() => checkAttestations(decodeEvidence(record.evidence), { ...approved, present }, true));
  }
}

/** The anchor that a withdrawal of it is bound to, where it spends that; else the first that it could have. */
function anchorAmong({ anchors }: Effects, payments: readonly ReadyPayment[]): string {
  const bound = payments.flatMap(({ record }) => record.anchor ?? []);
  const anchor = anchors.find((candidate) => bound.includes(candidate)) ?? anchors[0];
  if (anchor === undefined) throw new Error('a transaction has nothing that its versions could have in common');
  return anchor;
}

/** What the circuit breaker sees of a transaction that takes an anchor. */
function paymentsMade({ wallet, payments, inline }: ReadyTransaction): Sighting[] {
  return [...payments.map(({ record }) => record), ...inline.map(({ intent }) => intent.intent)].map(
    ({ account, asset, amount }) => ({ kind: 'payment', wallet: wallet.id, account, asset, amount }),
  );
}

/** Likewise of what is authorized with it: an account's first withdrawal is one, even where two of its come together. */
function authorizationsSeen(inline: readonly AuthorizationVerdict[], facts: Facts): Sighting[] {
  const accounts = new Set<string>();
  return inline.map(({ record }) => {
    const seen = authorizationSeen(record, facts);
    const again = accounts.has(record.account);
    accounts.add(record.account);
    return again && seen.kind === 'authorization' ? { ...seen, first: false } : seen;
  });
}

/** The wallet's limits count the first version of an anchor; a replacement makes the same payments, and counts for nothing more. */
function countPayments(of: TransactionCase, reservations: Reservations, leaf: number): string[] {
  const { wallet } = of;
  if (wallet === undefined) return [];
  const counted = of.withdrawals.flatMap(({ record, account, listed }) => {
    const { asset, amount } = record;
    const payment = countedPayment({ ...of, asset, amount, account, entry: listed.entry });
    return reservations.permit(of.policy, wallet.id, payment, leaf);
  });
  return [...new Set(counted)];
}

/** What permitting writes: the transaction, its anchor, the withdrawals' claim on it, and what it replaces. */
function permit(
  ready: ReadyTransaction,
  facts: Facts,
  inline: readonly AuthorizationVerdict[],
  signer: string | undefined,
  counted: readonly string[],
): Verdict<TransactionRecord> {
  const { wallet, effects } = ready;
  const position = inline.length;
  // An automatic signer has it by the same commit.
  const sent = signer === undefined ? undefined : position + 1;
  const known = ready.payments.map(({ record }) => facts.get('withdrawals', record.id) ?? record);
  const withdrawals = [...known, ...inline.map((a) => a.record)];
  const pays = withdrawals.map((w) => w.id);
  const set = paymentSet(pays);
  const listed = reliedOn(withdrawals.map((w) => facts.get('destinations', w.entry)));
  const record: TransactionRecord = {
    id: ready.id,
    kind: 'payment',
    act: null,
    wallet: wallet.id,
    chain: wallet.chain,
    unsigned: ready.transaction.unsigned,
    psbt: ready.transaction.psbt,
    pays,
    paymentSet: set,
    anchor: ready.anchor,
    maxFee: effects.maxFee,
    replaces: ready.replaces ?? null,
    state: signer === undefined ? 'PERMITTED' : moveTransaction('PERMITTED', 'send'),
    blockedBy: null,
    signed: null,
    sealed: null,
    signer: signer ?? null,
    signedBy: [],
    declinedBy: [],
    attempts: signer === undefined ? 0 : 1,
    permittedAt: facts.now,
    history: toldBy(facts, position, ...(sent === undefined ? [] : [sent])),
  };
  const anchor: AnchorRecord = { wallet: wallet.id, anchor: ready.anchor, paymentSet: set, transaction: ready.id };
  const writes: Write[] = [
    // An inline authorization's own row is written below, in the state that permitting gives it.
    ...accountsOnce(inline.flatMap((a) => a.writes.filter((w) => w.table !== 'withdrawals'))),
    // Of all together: two of them may have been approved by one factor, and its counter never goes back.
    ...factorsAfterUse(
      inline.flatMap((a) => a.used),
      facts,
    ),
    { table: 'transactions', record, leaf: sent ?? position },
    { table: 'anchors', record: anchor, leaf: position },
    { table: 'wallets', record: walletAfter(wallet, effects, facts), leaf: position },
    ...withdrawals.map((w): Write => {
      const claimed: WithdrawalRecord = {
        ...w,
        state: w.state === 'AUTHORIZED' ? moveWithdrawal(w.state, 'commit') : w.state,
        wallet: wallet.id,
        anchor: ready.anchor,
        transaction: ready.id,
        history: historyWith(w.history, toldBy(facts, position)),
      };
      return { table: 'withdrawals', record: claimed, leaf: position };
    }),
  ];
  const leaves: LeafDraft[] = [
    ...inline.flatMap((a) => a.leaves),
    {
      kind: 'transaction-permitted',
      fields: {
        transaction: ready.id,
        wallet: wallet.id,
        anchor: ready.anchor,
        payment_set: set,
        withdrawals: pays.join(' '),
        max_fee: String(effects.maxFee),
        policy: facts.station.policy,
        replaces: ready.replaces ?? '',
        destinations_w0: listed.w0,
        destinations_d0: listed.d0,
        ...(counted.length === 0 ? {} : { counted: counted.join(',') }),
      },
    },
  ];
  if (signer !== undefined)
    leaves.push({ kind: 'transaction-sent', fields: { transaction: ready.id, attempt: '1', signer } });
  const old = ready.replaces === undefined ? undefined : facts.get('transactions', ready.replaces);
  if (old !== undefined) {
    const replaced: TransactionRecord = {
      ...old,
      state: moveTransaction(old.state, 'replace'),
      history: historyWith(old.history, toldBy(facts, leaves.length)),
    };
    writes.push({ table: 'transactions', record: replaced, leaf: leaves.length });
    leaves.push({ kind: 'transaction-replaced', fields: { transaction: old.id, by: ready.id } });
  }
  return { result: record, writes, leaves };
}

/** What a refusal's leaf tells of it: of a size that no caller chooses (S13). */
export function askedTransaction(
  transaction: TransactionId,
  wallet: string,
  pays: readonly string[],
  client: string | undefined,
): Asked {
  const fields = { transaction, wallet, payment_set: paymentSet(pays), withdrawals: String(pays.length) };
  return { what: 'transaction', fields, personal: {}, ...(client === undefined ? {} : { asker: { client } }) };
}

/** Whatever a freeze could name of a transaction. */
export function transactionScopes(ready: ReadyTransaction): FreezeScope[] {
  const own: FreezeScope[] = ['station', `wallet:${ready.wallet.id}`, `chain:${ready.wallet.chain}`];
  const paid = ready.payments.flatMap(({ record }) => withdrawalScopes(record));
  const inline = ready.inline.flatMap((a) => withdrawalScopes(a.intent.intent));
  return [...new Set([...own, ...paid, ...inline])];
}
