import {
  type ActRecord,
  type DestinationRecord,
  type FactorRecord,
  generationOf,
  type NoticeId,
  type NoticeRecord,
  Refusal,
} from '../domain/index.ts';
import { factorDelay } from '../gate/policy/ripening.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Keys, RowKey } from '../store/facts.ts';
import type { Verdict, Write } from '../store/verdict.ts';
import type { ActDesk } from './acts/desk.ts';
import { accountLookups, cancelAll } from './cancellation.ts';
import type { Notices, Reported, Unwatch } from './custody.ts';
import { historyWith } from './history.ts';
import { accountFrozenText, noticeSeed, writeNotice } from './notice.ts';
import { accountReservedRows } from './reservations.ts';
import { stillRipening } from './ripened.ts';
import { type Facts, type Station, toldBy } from './station.ts';

/** The outbox. Ripening starts here and nowhere else: when a courier had the notice accepted for delivery (A13). */
export class NoticeDesk implements Notices {
  readonly #station: Station;
  readonly #acts: Pick<ActDesk, 'delayOf'>;

  constructor(station: Station, acts: Pick<ActDesk, 'delayOf'>) {
    this.#station = station;
    this.#acts = acts;
  }

  get generation(): number {
    return generationOf(this.#station.reading(() => this.#station.store.look({})).station.name);
  }

  waiting(after: number, limit: number): NoticeRecord[] {
    return this.#station.reading(() => this.#station.store.find('noticesWaiting', after, limit));
  }

  onNotice(listener: (notice: NoticeRecord) => void): Unwatch {
    return this.#station.store.onCommit((writes) => {
      for (const write of writes) {
        if (write.table === 'notices' && write.record.acknowledgedAt === null) listener(write.record);
      }
    });
  }

  async acknowledge(id: NoticeId): Promise<NoticeRecord> {
    const known = this.#station.reading(() => this.#station.store.read('notices', id));
    if (known === undefined) throw new Refusal('not-found', `there is no notice ${id}`);
    const rows: RowKey[] = [['notices', id]];
    if (tellsOfFactor(known)) rows.push(['factors', known.subject]);
    if (known.kind === 'destination-added') rows.push(['destinations', known.subject]);
    if (known.kind === 'act-announced') rows.push(['acts', known.subject]);
    const delay = this.#acts.delayOf(known);
    const committed = await this.#station.decide({ rows }, (facts): Verdict<NoticeRecord> => {
      const notice = facts.get('notices', id);
      if (notice === undefined) throw new Refusal('not-found', `there is no notice ${id}`);
      if (notice.acknowledgedAt !== null) return { result: notice };
      const acknowledged: NoticeRecord = { ...notice, acknowledgedAt: facts.now };
      const write: Write = { table: 'notices', record: acknowledged };
      const starting = this.#starts(notice, facts, delay);
      if (starting === undefined) return { result: acknowledged, writes: [write] };
      return { result: acknowledged, writes: [{ ...write, leaf: 0 }, starting.write], leaves: [starting.leaf] };
    });
    return committed.result;
  }

  /** An objection: whoever read the notice says that it wasn't they. Costs nothing but the token. */
  async report(token: string): Promise<Reported> {
    const station = this.#station;
    const [notice] = station.reading(() => station.store.find('noticeWithToken', token));
    if (notice === undefined) throw new Refusal('not-found', 'no notice carries this token');
    const { account } = notice;
    if (account === null) throw new Refusal('not-found', 'this notice was the operators’, who object by an act');
    const rows: RowKey[] = [['freezes', `account:${account}`], ...accountReservedRows(station.policy, account)];
    const keys: Keys = {
      rows,
      lookups: [...accountLookups(account), ['withdrawalsOfAccount', account, 'COMMITTED']],
    };
    const seed = station.policy.operators === undefined ? undefined : noticeSeed(station);
    const committed = await station.decide(keys, (facts): Verdict<Reported> => {
      const scope = `account:${account}` as const;
      const why = `objection to notice ${notice.id}`;
      const { policy } = station;
      const cancellation = cancelAll(facts, 1, 'report', {
        factors: facts.all('factorsLive', account).filter((f) => stillRipening(f, factorDelay(f, policy), facts)),
        destinations: facts
          .all('destinationsLive', account)
          .filter((d) => stillRipening(d, policy.ripening.destination, facts)),
        withdrawals: [
          ...facts.all('withdrawalsOfAccount', account, 'HELD'),
          ...facts.all('withdrawalsOfAccount', account, 'AUTHORIZED'),
        ],
      });
      // Past the commit nothing is cancelled; the freeze stops it at the device, and at its release (design §4).
      const disputed = facts.all('withdrawalsOfAccount', account, 'COMMITTED').map((w) => `withdrawal ${w.id}`);
      const result = { account, cancelled: cancellation.cancelled, disputed };
      // Said before, and nothing new to stop: the link can be pressed any number of times, the log is not to grow by it.
      if (cancellation.cancelled.length === 0 && facts.get('freezes', scope)?.active === true) return { result };
      const text = accountFrozenText(account, cancellation.cancelled, disputed);
      const told = seed && writeNotice(seed, facts, { account: null, kind: 'frozen', subject: scope, text });
      const fields = { scope_kind: 'account', who: 'customer', why, ...(told && { notice: told.id }) };
      return {
        result,
        writes: [
          { table: 'freezes', record: { scope, active: true, who: 'customer', why, since: facts.now }, leaf: 0 },
          ...(told === undefined ? [] : [{ table: 'notices', record: told, leaf: 0 } as const]),
          ...cancellation.writes,
        ],
        removals: cancellation.removals,
        leaves: [{ kind: 'frozen', fields, personal: { account } }, ...cancellation.leaves],
      };
    });
    return committed.result;
  }

  /** What an acknowledgement sets ripening, if it still can be. */
  #starts(
    notice: NoticeRecord,
    facts: Facts,
    actDelay: number | undefined,
  ): { write: Write; leaf: LeafDraft } | undefined {
    const { ripening } = this.#station.policy;
    const w0 = facts.w;
    if (tellsOfFactor(notice)) {
      const factor = facts.get('factors', notice.subject);
      if (factor?.state !== 'announcing' || factor.notice !== notice.id) return undefined;
      const d0 = factorDelay(factor, this.#station.policy);
      const record: FactorRecord = {
        ...factor,
        state: 'pending',
        w0,
        d0,
        history: historyWith(factor.history, toldBy(facts, 0)),
      };
      const fields = { intent: factor.digest, notice: notice.id, w0: String(w0), d0: String(d0) };
      return { write: { table: 'factors', record, leaf: 0 }, leaf: { kind: 'factor-ripening', fields } };
    }
    if (notice.kind === 'destination-added') {
      const entry = facts.get('destinations', notice.subject);
      if (entry?.state !== 'announcing' || entry.notice !== notice.id) return undefined;
      const record: DestinationRecord = {
        ...entry,
        state: 'pending',
        w0,
        d0: ripening.destination,
        history: historyWith(entry.history, toldBy(facts, 0)),
      };
      const fields = {
        entry: entry.entry,
        intent: entry.digest,
        notice: notice.id,
        w0: String(w0),
        d0: String(ripening.destination),
      };
      return { write: { table: 'destinations', record, leaf: 0 }, leaf: { kind: 'destination-ripening', fields } };
    }
    if (notice.kind === 'act-announced' && actDelay !== undefined) {
      const act = facts.get('acts', notice.subject);
      if (act?.state !== 'ANNOUNCING' || act.notice !== notice.id) return undefined;
      const history = historyWith(act.history, toldBy(facts, 0));
      const record: ActRecord = { ...act, state: 'RIPENING', w0, d0: actDelay, history };
      const fields = { act: act.id, notice: notice.id, w0: String(w0), d0: String(actDelay) };
      return { write: { table: 'acts', record, leaf: 0 }, leaf: { kind: 'act-ripening', fields } };
    }
    return undefined;
  }
}

/** Of a factor that ripens once it was delivered: a further one, or one with which the account recovers. */
function tellsOfFactor({ kind }: NoticeRecord): boolean {
  return kind === 'factor-added' || kind === 'recovery-begun';
}
