import {
  type ActRecord,
  type ActState,
  type Details,
  digestOf,
  type OperatorName,
  type Reason,
  Refusal,
} from '../../domain/index.ts';
import type { ActDemands, EffectCase } from '../../gate/cases.ts';
import { decideActEffect, decideActQuorum, decideActStands } from '../../gate/decide.ts';
import { type Judgement, pass, refuse } from '../../gate/rule.ts';
import { signatureStands } from '../../gate/rules/operator-signs.ts';
import type { LeafDraft } from '../../journal/leaf.ts';
import type { Keys } from '../../store/facts.ts';
import type { Verdict } from '../../store/verdict.ts';
import { historyWith } from '../history.ts';
import { type NoticeSeed, writeNotice } from '../notice.ts';
import { type Facts, freezeRows, type Station, toldBy } from '../station.ts';
import type { Applied, Ask } from './effect.ts';
import { type CheckedSignature, operatorRows, signaturesNow } from './signatures.ts';

/** Why an act does not take effect yet. */
export interface Waiting {
  readonly reason: Reason;
  readonly message: string;
  readonly details: Details;
}

export interface Settled {
  readonly act: ActRecord;
  /** Set where it took effect. */
  readonly applied: Applied | undefined;
  readonly waiting: Waiting | undefined;
}

const unsettled: ReadonlySet<ActState> = new Set(['OPEN', 'ANNOUNCING', 'RIPENING']);

export function isUnsettled(act: Pick<ActRecord, 'state'>): boolean {
  return unsettled.has(act.state);
}

/** What an effect demands, as the gate reads it. */
export function demandsOf(ask: Ask, facts: Facts): ActDemands {
  const { tightens, whileSuspect, recovery } = ask;
  return { tightens, whileSuspect, recovery, signatures: ask.signatures(facts), delay: ask.delay(facts) };
}

/** Whether what an act is about still is what its digest says. Where it is not, nothing else of the effect is asked. */
export function subjectNow(ask: Ask, digest: string, facts: Facts): Judgement {
  try {
    const now = digestOf(ask.approved(facts));
    if (now === digest) return pass('it is about what it was prepared for');
    return refuse('act-subject-changed', `its digest is ${digest}, of what there is now ${now}`);
  } catch (error) {
    if (error instanceof Refusal && decided(error)) return refuse(error.reason, error.message, error.details);
    throw error;
  }
}

const undecided: ReadonlySet<Reason> = new Set(['changed-meanwhile', 'internal', 'fact-tampered', 'storage-failed']);

/** An effect's refusal is a verdict; a lost race is not, nor a fault. */
export function decided({ reason }: Refusal): boolean {
  return !undecided.has(reason);
}

/** Where the subject is gone, an effect cannot say what it demands: then nothing can meet it. */
const unmeetable = (ask: Ask): ActDemands => ({
  tightens: ask.tightens,
  whileSuspect: ask.whileSuspect,
  recovery: false,
  signatures: Number.POSITIVE_INFINITY,
  delay: undefined,
});

export function demandsIf(subject: Judgement, ask: Ask, facts: Facts): ActDemands {
  return subject.passed ? demandsOf(ask, facts) : unmeetable(ask);
}

/** Everything that settling an act reads. */
export function settlementKeys(act: ActRecord, ask: Ask, checked: readonly CheckedSignature[]): Keys {
  return {
    rows: [['acts', act.id], ...operatorRows(checked), ...ask.rows, ...freezeRows(ask.stoppedBy)],
    lookups: ask.lookups ?? [],
  };
}

/**
 * Moves an act on, as far as it goes now: it takes effect, is announced, lapses, expires, or waits. Pure, given the facts; every
 * kept signature was verified again beforehand, in the same turn. One that came since counts the next time.
 */
export function settle(
  station: Station,
  ready: ActRecord,
  ask: Ask,
  checked: readonly CheckedSignature[],
  seed: NoticeSeed,
  facts: Facts,
): Verdict<Settled> {
  const act = facts.get('acts', ready.id);
  if (act === undefined) throw new Refusal('not-found', `there is no act ${ready.id}`);
  if (!isUnsettled(act)) return { result: { act, applied: undefined, waiting: undefined } };
  const subject = subjectNow(ask, act.digest, facts);
  const of: EffectCase = {
    ...station.moment(facts, ask.stoppedBy),
    act,
    demands: demandsIf(subject, ask, facts),
    subject,
    signatures: signaturesNow(checked, facts),
  };
  const stands = decideActStands(of);
  if (!stands.approved) return end(act, 'LAPSED', stands.refusal?.reason ?? 'act-lapsed', 'station', facts);
  if (overdue(of)) return end(act, 'EXPIRED', 'quorum-missing', 'station', facts);
  if (act.state === 'OPEN' && of.demands.delay !== undefined && decideActQuorum(of).approved)
    return announce(act, ask, seed, of.demands.delay, facts);
  const verdict = decideActEffect(of);
  if (!verdict.approved) {
    const { reason, message, details } = verdict.refusal ?? new Refusal('internal', 'the gate came to no verdict');
    return { result: { act, applied: undefined, waiting: { reason, message, details } } };
  }
  try {
    return takeEffect(act, ask, of, facts);
  } catch (error) {
    if (!(error instanceof Refusal) || !decided(error)) throw error;
    const { reason, message, details } = error;
    // Before its device now, and not for good: the act waits for how that ends.
    if (reason === 'replacement-in-flight')
      return { result: { act, applied: undefined, waiting: { reason, message, details } } };
    return end(act, 'LAPSED', reason, 'station', facts);
  }
}

/**
 * S2: an act of which its effect cannot say any more what it asks for lapses with its policy, and expires, as any other: else it
 * would count towards what its operator may have open for ever. Until then it waits: what it needs may come back.
 */
export function endUnaskable(station: Station, ready: ActRecord, refusal: Refusal, facts: Facts): Verdict<Settled> {
  const act = facts.get('acts', ready.id) ?? ready;
  const { reason, message, details } = refusal;
  const waiting: Settled = { act, applied: undefined, waiting: { reason, message, details } };
  if (!isUnsettled(act)) return { result: { ...waiting, waiting: undefined } };
  if (act.base !== facts.station.policy) return end(act, 'LAPSED', 'act-lapsed', 'station', facts);
  if (overdue({ ...station.moment(facts, []), act, demands: { delay: undefined } }))
    return end(act, 'EXPIRED', 'quorum-missing', 'station', facts);
  return { result: waiting };
}

/**
 * An open act lives for `open_for` by the clock; a ripe one that has lost its quorum for as long in witnessed time. On a suspect
 * clock nothing ends.
 */
function overdue({
  act,
  demands,
  policy,
  clockSuspect,
  now,
  w,
}: Pick<EffectCase, 'act' | 'policy' | 'clockSuspect' | 'now' | 'w'> & {
  readonly demands: Pick<ActDemands, 'delay'>;
}): boolean {
  if (clockSuspect) return false;
  if (act.state === 'OPEN') return act.expiresAt <= now;
  if (act.w0 === null || act.d0 === null) return false;
  return w >= act.w0 + Math.max(act.d0, demands.delay ?? 0) + (policy.operators?.openFor ?? 0);
}

function announce(act: ActRecord, ask: Ask, seed: NoticeSeed, delay: number, facts: Facts): Verdict<Settled> {
  const announced: ActRecord = {
    ...act,
    state: 'ANNOUNCING',
    notice: seed.id,
    history: historyWith(act.history, toldBy(facts, 0)),
  };
  const text = announcement(act, ask.describe(facts), delay);
  const notice = writeNotice(seed, facts, { account: null, kind: 'act-announced', subject: act.id, text, leaf: 0 });
  return {
    result: { act: announced, applied: undefined, waiting: undefined },
    writes: [
      { table: 'acts', record: announced, leaf: 0 },
      { table: 'notices', record: notice, leaf: 0 },
    ],
    leaves: [{ kind: 'act-announced', fields: { act: act.id, notice: seed.id, policy: facts.station.policy } }],
  };
}

function announcement(act: ActRecord, description: string, delay: number): string {
  const signers = act.operators.join(', ');
  return `Operators ${signers} approved an act: ${description}. It takes effect ${delay / 3_600_000} hours after this notice was delivered. Any one operator can refuse it until then, as act:${act.id}.`;
}

function takeEffect(act: ActRecord, ask: Ask, of: EffectCase, facts: Facts): Verdict<Settled> {
  const operators = counted(of);
  const applied = ask.apply(facts, { act: act.id, operators, position: 1 });
  const done: ActRecord = { ...act, state: 'DONE', history: historyWith(act.history, toldBy(facts, 0)) };
  const fields = {
    act: act.id,
    operators: operators.join(' '),
    policy: facts.station.policy,
    w0: String(act.w0 ?? ''),
    d0: String(act.d0 ?? ''),
  };
  return {
    result: { act: done, applied, waiting: undefined },
    writes: [{ table: 'acts', record: done, leaf: 0 }, ...applied.writes],
    removals: applied.removals ?? [],
    leaves: [{ kind: 'act-effective', fields }, ...applied.leaves],
    ...(applied.permit === undefined ? {} : { permit: applied.permit }),
    ...(applied.policy === undefined ? {} : { policy: applied.policy }),
  };
}

/** Those whose signatures stand now. */
function counted(of: EffectCase): OperatorName[] {
  const stands = of.signatures.filter((s) => signatureStands(s, of, of.demands.recovery).passed === true);
  return [...new Set(stands.map((s) => s.operator))];
}

/** An act ends without effect. */
export function end(
  act: ActRecord,
  state: 'REFUSED' | 'LAPSED' | 'EXPIRED',
  reason: Reason | '',
  by: string,
  facts: Facts,
  position = 0,
): { result: Settled; writes: [{ table: 'acts'; record: ActRecord; leaf: number }]; leaves: [LeafDraft] } {
  const ended: ActRecord = { ...act, state, history: historyWith(act.history, toldBy(facts, position)) };
  return {
    result: { act: ended, applied: undefined, waiting: undefined },
    writes: [{ table: 'acts', record: ended, leaf: position }],
    leaves: [{ kind: 'act-ended', fields: { act: act.id, state, by, reason } }],
  };
}
