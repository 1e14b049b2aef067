import {
  type ActId,
  type ActRecord,
  type Assertion,
  actId,
  type Digest,
  digestOf,
  equalBytes,
  Malformed,
  minute,
  type NoticeRecord,
  type OperatorIntent,
  type OperatorVerb,
  parseIntent,
  parseWhy,
  Refusal,
  type Sealed,
} from '../../domain/index.ts';
import type { OperatorCase } from '../../gate/cases.ts';
import { decideOperatorAct, explainOperatorAct } from '../../gate/decide.ts';
import type { OperatorPolicy } from '../../gate/policy/people.ts';
import type { LeafDraft } from '../../journal/leaf.ts';
import type { Keys, RowKey } from '../../store/facts.ts';
import type { Verdict, Write } from '../../store/verdict.ts';
import type { Acts, ActView, HeldWithdrawal, PreparedAct, Unwatch, Watcher } from '../custody.ts';
import { historyWith } from '../history.ts';
import { operatorSpentKey, prepareIntent, ruleOutcomes } from '../intents.ts';
import { noticeSeed } from '../notice.ts';
import { type Asked as AskedFor, type Refusals, refusalOf, unwrapped } from '../refusals.ts';
import { type Facts, freezeRows, type Station, toldBy } from '../station.ts';
import { watchRecords } from '../watch.ts';
import type { Ask, Effect, EffectParts } from './effect.ts';
import { type Asked, askFor, receivedBy } from './effects.ts';
import {
  decided,
  demandsIf,
  endUnaskable,
  isUnsettled,
  type Settled,
  settle,
  settlementKeys,
  subjectNow,
} from './settlement.ts';
import {
  type CheckedSignature,
  checkKept,
  decodeSignatures,
  encodeSignatures,
  operatorAfterUse,
  personWith,
  signaturesNow,
  verifySignature,
} from './signatures.ts';
import { viewOf } from './view.ts';

/** S2: acts that one operator may have opened and that wait, so that none of them keeps the others from acting. */
export const openMost = 16;
/** More than all operators together may have open. */
const unsettledMost = 1_100;
/** How often settling is tried when other operators' signatures come in between. */
const triesMost = 8;

interface ReadyAct {
  readonly intent: Sealed<OperatorIntent>;
  readonly attestation: Assertion;
  readonly payload: Uint8Array;
  readonly person: OperatorPolicy | undefined;
  readonly checked: CheckedSignature | undefined;
  readonly ask: Ask;
}

/**
 * Everything that operators do goes through here: prepared by the station, signed by each operator's own key, counted, announced
 * where it loosens, and done. What carries a signature here (a certificate, a console) decides nothing.
 */
export class ActDesk implements Acts {
  readonly #station: Station;
  readonly #refusals: Refusals;
  readonly #parts: EffectParts;
  readonly #effective: (settled: Settled) => void;
  /** W at which the sweep tries an act again, and since when it ripened when it was tried last. */
  readonly #next = new Map<ActId, { readonly w: number; readonly w0: ActRecord['w0'] }>();

  /** `effective` is told of each act that took effect. */
  constructor(parts: EffectParts, refusals: Refusals, effective: (settled: Settled) => void) {
    this.#station = parts.station;
    this.#parts = parts;
    this.#refusals = refusals;
    this.#effective = effective;
  }

  async prepare(request: Parameters<Acts['prepare']>[0]): Promise<PreparedAct> {
    const station = this.#station;
    const { operators } = station.policy;
    if (operators === undefined) throw new Refusal('operators-unfounded');
    const { verb, subject } = request;
    const received = await this.#received(verb, subject, request.payload);
    const payload = checkedPayload(received, this.#ask({ verb, subject, payload: received }).effect);
    const { ask } = this.#ask({ verb, subject, payload });
    const rows: RowKey[] = [
      ...ask.rows,
      ...freezeRows(ask.stoppedBy),
      ...operators.people.map(({ name }): RowKey => ['operators', name]),
    ];
    const facts = station.look({ rows, lookups: ask.lookups ?? [] });
    const digest = digestOf(ask.approved(facts));
    const { now, station: record } = facts;
    const members = { verb, subject, digest, base: record.policy };
    const lifetime = request.lifetime;
    const intent = prepareIntent(station, 'portcullis/operator/v1', members, { record, now, lifetime });
    const open = this.#alike(intent).find((act) => joinable(act, intent, facts));
    const demands = demandsIf(subjectNow(ask, digest, facts), ask, facts);
    const verdict = explainOperatorAct({
      ...station.moment(facts, ask.stoppedBy),
      demands,
      subject: subjectNow(ask, digest, facts),
      intent,
      ticketGenuine: true,
      spent: undefined,
      signature: undefined,
      act: open,
    });
    const standing = operators.people.filter(({ name }) => facts.get('operators', name)?.suspended !== true);
    return {
      intent,
      description: ask.describe(facts),
      details: (await ask.details?.()) ?? [],
      signatures: demands.signatures,
      delay: demands.delay,
      open,
      rpId: operators.rpId,
      credentials: [...standing, ...(ask.recovery ? operators.recovery.people : [])].map((p) => p.credential),
      rules: ruleOutcomes(verdict),
    };
  }

  /** One operator signs. The signature that completes the quorum makes it happen, or has it announced. */
  async submit(request: Parameters<Acts['submit']>[0]): Promise<ActView> {
    const intent = parseIntent(request.intent, 'portcullis/operator/v1');
    const before = this.#submitted(intent.digest, request.attestation);
    if (before !== undefined) return this.get(before);
    const asked: AskedFor = { what: 'act', fields: { intent: intent.digest, verb: intent.intent.verb }, personal: {} };
    let ready: ReadyAct;
    try {
      const { verb, subject } = intent.intent;
      const payload = await this.#received(verb, subject, request.payload);
      ready = this.#ready(intent, request.attestation, payload);
    } catch (error) {
      return this.#refusals.told(this.#station, asked, error);
    }
    const committed = await this.#station.decide(this.#keys(ready), (facts) =>
      this.#refusals.judged(asked, facts, (): Verdict<ActRecord> => this.#sign(ready, facts)),
    );
    const act = unwrapped(committed.result);
    const settled = await this.settle(act.id);
    return this.#view(settled.act, settled);
  }

  get(id: ActId): ActView {
    const act = this.#station.reading(() => this.#station.store.read('acts', id));
    if (act === undefined) throw new Refusal('not-found', `there is no act ${id}`);
    return this.#view(act);
  }

  list(of: { readonly unsettled: boolean; readonly limit: number }): ActView[] {
    const lookup = of.unsettled ? 'actsUnsettled' : 'actsNewest';
    const found = this.#station.reading(() => this.#station.store.find(lookup, of.limit));
    return found.map((act) => this.#view(act));
  }

  watch(ids: readonly ActId[], watcher: Watcher<ActRecord>): Unwatch {
    return watchRecords(this.#station.store, 'acts', ids, (id) => this.get(id).act, watcher);
  }

  held(limit: number): HeldWithdrawal[] {
    const { store } = this.#station;
    const { factorEpoch } = this.#station.look({}).station;
    return this.#station.reading(() =>
      store.find('withdrawalsHeld', factorEpoch, limit).map((record) => {
        const [act] = store.find('actsAlike', 'approve', `withdrawal:${record.id}`, record.digest);
        return { record, needed: Math.max(1, record.operators), act };
      }),
    );
  }

  /** How long the act that a notice announces has to ripen; undefined where it announces none, or none that stands. */
  delayOf(notice: NoticeRecord): number | undefined {
    if (notice.kind !== 'act-announced') return undefined;
    const act = this.#station.reading(() => this.#station.store.read('acts', notice.subject));
    if (act === undefined) return undefined;
    try {
      const { ask } = this.#ask(act);
      return ask.delay(this.#station.look({ rows: ask.rows, lookups: ask.lookups ?? [] }));
    } catch (error) {
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  }

  /** Moves on whatever can be: ripe acts take effect, overdue ones end, those whose subject is gone lapse. */
  async sweep(): Promise<void> {
    const station = this.#station;
    const waiting = station.reading(() => station.store.find('actsUnsettled', unsettledMost));
    if (waiting.length === 0) {
      this.#next.clear();
      return;
    }
    const { w, station: record } = station.look({});
    for (const act of waiting) {
      // To settle is to verify signatures: not each second for what can only wait.
      const next = this.#next.get(act.id);
      if (next !== undefined && w < next.w && act.w0 === next.w0 && act.base === record.policy) continue;
      try {
        const settled = await this.settle(act.id);
        if (isUnsettled(settled.act)) this.#next.set(act.id, { w: nextTry(settled.act, w), w0: settled.act.w0 });
        else this.#next.delete(act.id);
      } catch (error) {
        // One act holds up no other.
        station.log('act-not-settled', { act: act.id, error: String(error) });
      }
    }
  }

  /** Verifies every kept signature again, and moves the act on as far as it goes. */
  async settle(id: ActId): Promise<Settled> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#settleOnce(id);
      } catch (error) {
        if (!(error instanceof Refusal) || error.reason !== 'changed-meanwhile' || tries >= triesMost) throw error;
      }
    }
  }

  async #settleOnce(id: ActId): Promise<Settled> {
    const station = this.#station;
    const act = station.reading(() => station.store.read('acts', id));
    if (act === undefined) throw new Refusal('not-found', `there is no act ${id}`);
    const nothing: Settled = { act, applied: undefined, waiting: undefined };
    if (!isUnsettled(act)) return nothing;
    let ask: Ask;
    try {
      ask = this.#ask(act).ask;
    } catch (error) {
      if (error instanceof Refusal && decided(error)) return this.#unaskable(act, error);
      throw error;
    }
    const expected = { ...act, base: ask.tightens ? undefined : act.base };
    const checked = checkKept(act, expected, station.policy, station.look({}).station.name);
    const seed = noticeSeed(station);
    // Nothing is written for what only waits: a look is enough to see that.
    const keys = settlementKeys(act, ask, checked);
    const look = settle(station, act, ask, checked, seed, station.look(keys));
    if (look.result.waiting !== undefined || look.writes === undefined) return look.result;
    const committed = await station.decide(keys, (facts) => settle(station, act, ask, checked, seed, facts));
    const settled = committed.result;
    settled.applied?.after?.();
    if (settled.applied !== undefined) this.#effective(settled);
    return settled;
  }

  /** What it asks for cannot even be said any more: policy took its wallet away. It ends as any other, or waits and says why. */
  async #unaskable(act: ActRecord, refusal: Refusal): Promise<Settled> {
    const look = endUnaskable(this.#station, act, refusal, this.#station.look({ rows: [['acts', act.id]] }));
    if (look.writes === undefined) return look.result;
    const committed = await this.#station.decide({ rows: [['acts', act.id]] }, (facts) =>
      endUnaskable(this.#station, act, refusal, facts),
    );
    return committed.result;
  }

  #ask(of: Pick<ActRecord, 'verb' | 'subject' | 'payload'>): Asked {
    return this.#station.reading(() => askFor(of.verb, of.subject, of.payload, this.#parts));
  }

  /** What was sent, as it is kept: verified where that takes more than reading it; what an open act keeps was verified then. */
  async #received(verb: OperatorVerb, subject: string, payload: Uint8Array): Promise<Uint8Array> {
    if (payload.length === 0) return payload;
    const kept = this.#station
      .reading(() => this.#station.store.find('actsUnsettled', unsettledMost))
      .some((act) => act.verb === verb && act.subject === subject && equalBytes(act.payload, payload));
    return kept ? payload : receivedBy(verb, subject, payload, this.#parts);
  }

  /** Where this very intent came before: what came of it is told again, and nothing is done. */
  #submitted(digest: Digest, { credential }: Assertion): ActId | undefined {
    const person = personWith(this.#station.policy.operators, credential);
    if (person === undefined) return undefined;
    const key = operatorSpentKey(digest, person.name);
    const spent = this.#station.reading(() => this.#station.store.read('spent', key));
    const [what, id] = spent?.by.split(' ') ?? [];
    return what === 'act' ? (id as ActId) : undefined;
  }

  #alike({ intent }: Sealed<OperatorIntent>): ActRecord[] {
    const { verb, subject, digest } = intent;
    return this.#station.reading(() => this.#station.store.find('actsAlike', verb, subject, digest));
  }

  /** Verifies the signature, before and outside any decision. */
  #ready(intent: Sealed<OperatorIntent>, attestation: Assertion, given: Uint8Array): ReadyAct {
    const station = this.#station;
    const { operators } = station.policy;
    if (operators === undefined) throw new Refusal('operators-unfounded');
    const { verb, subject } = intent.intent;
    // Whoever joins need not send what the first one sent.
    const sent = given.length > 0 ? given : (this.#alike(intent)[0]?.payload ?? given);
    const payload = checkedPayload(sent, this.#ask({ verb, subject, payload: sent }).effect);
    const { ask } = this.#ask({ verb, subject, payload });
    const person = personWith(operators, attestation.credential);
    if (person === undefined) return { intent, attestation, payload, person, checked: undefined, ask };
    const row = station.reading(() => station.store.read('operators', person.name));
    const checked: CheckedSignature = {
      operator: person.name,
      verification: verifySignature(attestation, intent.digest, person, operators, row),
      counted: { credential: row?.credential ?? '', signCount: row?.signCount ?? 0 },
    };
    return { intent, attestation, payload, person, checked, ask };
  }

  #keys({ intent, person, ask }: ReadyAct): Keys {
    const { verb, subject, digest } = intent.intent;
    const rows: RowKey[] = [...ask.rows, ...freezeRows(ask.stoppedBy)];
    if (person !== undefined)
      rows.push(['operators', person.name], ['spent', operatorSpentKey(intent.digest, person.name)]);
    return {
      rows,
      lookups: [['actsAlike', verb, subject, digest], ['actsUnsettled', unsettledMost], ...(ask.lookups ?? [])],
    };
  }

  /** Pure, given the facts: a signature goes under an act, or opens one. */
  #sign(ready: ReadyAct, facts: Facts): Verdict<ActRecord> {
    const station = this.#station;
    const { intent, person, checked, ask } = ready;
    const { verb, subject, digest, base } = intent.intent;
    const joined = facts.all('actsAlike', verb, subject, digest).find((act) => joinable(act, intent, facts));
    const stands = subjectNow(ask, digest, facts);
    const [signature] = checked === undefined ? [] : signaturesNow([checked], facts);
    const of: OperatorCase = {
      ...station.moment(facts, ask.stoppedBy),
      intent,
      ticketGenuine: station.ticketGenuine(facts.station, intent.fields),
      spent: person === undefined ? undefined : facts.get('spent', operatorSpentKey(intent.digest, person.name)),
      subject: stands,
      demands: demandsIf(stands, ask, facts),
      signature,
      act: joined,
    };
    const verdict = decideOperatorAct(of);
    if (!verdict.approved) throw refusalOf(verdict);
    if (person === undefined || signature === undefined) throw new Refusal('internal', 'approved without a signature');
    if (joined === undefined && !decidesAlone(person, of)) checkOpen(person, facts);
    const kept = { operator: person.name, intent: intent.bytes, assertion: ready.attestation };
    const opened: ActRecord = joined ?? {
      id: actId(intent.digest, person.name),
      verb,
      subject,
      digest,
      base,
      payload: ready.payload,
      state: 'OPEN',
      operators: [],
      evidence: encodeSignatures([]),
      w0: null,
      d0: null,
      notice: null,
      openedAt: facts.now,
      expiresAt: (facts.now + (station.policy.operators?.openFor ?? 0)) as ActRecord['expiresAt'],
      history: [],
    };
    const act: ActRecord = {
      ...opened,
      operators: [...opened.operators, person.name],
      evidence: encodeSignatures([...decodeSignatures(opened.evidence), kept]),
      history: historyWith(opened.history, toldBy(facts, 0)),
    };
    const operator = operatorAfterUse(person, signature.verification, facts.get('operators', person.name));
    const writes: Write[] = [
      { table: 'acts', record: act, leaf: 0 },
      { table: 'operators', record: operator, leaf: 0 },
      {
        table: 'spent',
        record: { key: operatorSpentKey(intent.digest, person.name), by: `act ${act.id}` },
        leaf: 0,
      },
    ];
    return { result: act, writes, leaves: [actedLeaf(act, intent, person, ask, facts)] };
  }

  #view(act: ActRecord, settled?: Settled): ActView {
    return viewOf(act, this.#parts, settled?.waiting);
  }
}

/** A ripening act is tried when it is ripe, any other once a minute. */
function nextTry(act: ActRecord, w: number): number {
  const ripe = act.w0 === null || act.d0 === null ? 0 : act.w0 + act.d0;
  return ripe > w ? Math.min(ripe, w + minute) : w + minute;
}

/** The payload, as its effect wants it. Throws `Malformed`. */
function checkedPayload(payload: Uint8Array, { payload: wanted }: Effect): Uint8Array {
  if (wanted === 'none') {
    if (payload.length > 0) throw new Malformed('payload', 'is not part of such an act');
    return payload;
  }
  if (wanted === 'why') {
    if (payload.length > 1_024) throw new Malformed('payload', 'is longer than why anything is done');
    const said = parseWhy(new TextDecoder().decode(payload), 'payload');
    return new TextEncoder().encode(said);
  }
  if (payload.length === 0) throw new Malformed('payload', 'is missing');
  if (payload.length > wanted.most)
    throw new Malformed('payload', `is ${payload.length} bytes long, more than ${wanted.most}`);
  return payload;
}

/** Whether a signature over this intent goes under the act: same thing, decided on the same policy, and not overdue. */
function joinable(act: ActRecord, { intent }: Sealed<OperatorIntent>, facts: Facts): boolean {
  return act.base === intent.base && (act.state !== 'OPEN' || act.expiresAt > facts.now);
}

/** An act that one operator opens and settles at once; nobody of the recovery quorum decides anything alone. */
function decidesAlone({ name }: OperatorPolicy, { demands, policy }: OperatorCase): boolean {
  return demands.signatures <= 1 && policy.operators?.people.some((person) => person.name === name) === true;
}

function checkOpen({ name }: OperatorPolicy, facts: Facts): void {
  const own = facts.all('actsUnsettled', unsettledMost).filter((act) => act.operators[0] === name);
  if (own.length >= openMost)
    throw new Refusal('act-limit', `operator ${name} has opened ${own.length} acts that still wait`);
}

function actedLeaf(
  act: ActRecord,
  intent: Sealed<OperatorIntent>,
  person: OperatorPolicy,
  ask: Ask,
  facts: Facts,
): LeafDraft {
  const { verb, subject, digest, base } = intent.intent;
  const fields = { act: act.id, operator: person.name, intent: intent.digest, verb, digest, base };
  const policy = facts.station.policy;
  if (ask.personal) return { kind: 'operator-acted', fields: { ...fields, policy }, personal: { subject } };
  return { kind: 'operator-acted', fields: { ...fields, policy, subject } };
}
