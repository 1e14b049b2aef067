import {
  digestOf,
  minute,
  type Reason,
  Refusal,
  type TransactionId,
  type TransactionRecord,
  type Wallet,
  type WithdrawalRecord,
} from '../domain/index.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Outcome, Readiness, Signer } from '../signers/signer.ts';
import type { Facts } from '../store/facts.ts';
import type { Permit } from '../store/permit.ts';
import type { Verdict, Write } from '../store/verdict.ts';
import { chainOf } from './chain.ts';
import { historyWith } from './history.ts';
import { moveTransaction, moveWithdrawal, transactionMoves } from './machine.ts';
import { refusalOf } from './refusals.ts';
import { seal, unseal } from './seal.ts';
import { type Station, toldBy } from './station.ts';
import type { TransactionDesk } from './transactions.ts';

/** Runs something once, later. Injected, so that no test waits. Returns the canceller. */
export type Later = (ms: number, run: () => void) => () => void;

export interface DispatchTiming {
  readonly later: Later;
  /** After a signer failed or was not ready, ask again in this long, ms; it is asked sooner if it says that it changed. */
  readonly retryAfter: number;
}

/** A transaction whose attempts end uncertain is tried again after twice as long each time, up to this long, ms. */
const longestRest = 10 * minute;

/** How often in a row a transaction's attempt ended uncertain, and whether it rests now. */
interface Rest {
  readonly signer: string;
  readonly times: number;
  readonly cancel: () => void;
  over: boolean;
}

/**
 * Takes what was permitted to its device, one transaction at a time for each signer, and brings home how it ended. Everything
 * it needs to know is in the store, so that after a crash it goes on by itself (I9).
 */
export class Dispatch {
  readonly #station: Station;
  readonly #signers: ReadonlyMap<string, Signer>;
  /** Policy's wallets by their signer. */
  readonly #wallets: ReadonlyMap<string, readonly Wallet[]>;
  readonly #timing: DispatchTiming;
  #desk: TransactionDesk | undefined;
  /** The last thing that each signer's line has to do. */
  readonly #lines = new Map<string, Promise<void>>();
  /** Signers that have a run queued which has not begun: a further kick adds nothing. */
  readonly #queued = new Set<string>();
  readonly #readiness = new Map<string, Readiness>();
  readonly #cancels = new Set<() => void>();
  /** How attempts ended that the store could not record yet: a person is not asked twice because a disk was full. */
  readonly #unrecorded = new Map<TransactionId, Outcome>();
  /** Signers that will be asked again by themselves: one timer each, however often they were kicked meanwhile. */
  readonly #waiting = new Set<string>();
  /** Each attempt writes leaves and prompts a person: a device that fails for good must not be asked for ever at one pace. */
  readonly #rests = new Map<TransactionId, Rest>();
  #closed = false;

  constructor(station: Station, signers: ReadonlyMap<string, Signer>, timing: DispatchTiming) {
    this.#station = station;
    this.#signers = signers;
    this.#wallets = Map.groupBy(station.policy.wallets.values(), (wallet) => wallet.signer);
    this.#timing = timing;
  }

  /** Starts: whatever was in flight when the process last ended is found again and goes on. */
  start(desk: TransactionDesk): void {
    this.#desk = desk;
    for (const [name, signer] of this.#signers) {
      this.#cancels.add(
        signer.onChange(() => {
          this.#wakeRested(name);
          this.kick(name);
        }),
      );
      this.kick(name);
    }
  }

  /** What a wallet's signer said when it was last asked. */
  readiness(wallet: Wallet): Readiness {
    return (
      this.#readiness.get(wallet.id) ?? {
        ready: false,
        reason: 'device-missing',
        message: 'the device has not been asked yet',
      }
    );
  }

  /** There may be work for this signer. */
  kick(signer: string): void {
    if (this.#closed || this.#queued.has(signer)) return;
    this.#queued.add(signer);
    const before = this.#lines.get(signer) ?? Promise.resolve();
    const run = before.then(async () => {
      this.#queued.delete(signer);
      await this.#run(signer);
    });
    this.#lines.set(
      signer,
      run.catch((error: unknown) => {
        this.#station.log('dispatch-failed', { signer, error: String(error) });
        this.#later(signer);
      }),
    );
  }

  /** People changed what the station may do: nothing rests any longer. */
  kickAll(): void {
    for (const name of this.#signers.keys()) {
      this.#wakeRested(name);
      this.kick(name);
    }
  }

  /** Resolves when no signer has anything to do now. For orderly ends and for tests. */
  async idle(): Promise<void> {
    for (;;) {
      const lines = [...this.#lines.values()];
      await Promise.all(lines);
      const same = lines.length === this.#lines.size && lines.every((line, i) => [...this.#lines.values()][i] === line);
      if (same && this.#queued.size === 0) return;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
    await Promise.all([...this.#signers.values()].map((signer) => signer.close()));
  }

  #later(signer: string): void {
    if (this.#closed || this.#waiting.has(signer)) return;
    this.#waiting.add(signer);
    const cancel = this.#timing.later(this.#timing.retryAfter, () => {
      this.#cancels.delete(cancel);
      this.#waiting.delete(signer);
      this.kick(signer);
    });
    this.#cancels.add(cancel);
  }

  /** Its attempt ended uncertain. */
  #rest(signer: string, id: TransactionId): void {
    const times = (this.#rests.get(id)?.times ?? 0) + 1;
    const ms = Math.min(this.#timing.retryAfter * 2 ** (times - 1), longestRest);
    const cancel = this.#timing.later(ms, () => {
      this.#cancels.delete(cancel);
      rest.over = true;
      this.kick(signer);
    });
    const rest: Rest = { signer, times, cancel, over: false };
    this.#cancels.add(cancel);
    this.#rests.set(id, rest);
  }

  /** The device may be well again: whatever rests on its account is tried at once, and at the first pace. */
  #wakeRested(signer: string): void {
    for (const [id, rest] of this.#rests) {
      if (rest.signer !== signer) continue;
      rest.cancel();
      this.#cancels.delete(rest.cancel);
      this.#rests.delete(id);
      this.kick(signer);
    }
  }

  async #run(name: string): Promise<void> {
    const signer = this.#signers.get(name);
    if (signer === undefined) return;
    let again = false;
    const unready = new Map<string, Reason>();
    const open = this.#open(name);
    // With nothing to sign, still ask: an operator wants to know beforehand that a device is not there.
    if (open.length === 0) await this.#askWallets(name, signer);
    for (const record of open) {
      if (this.#closed) return;
      const wallet = this.#station.policy.wallets.get(record.wallet);
      if (wallet === undefined || this.#rests.get(record.id)?.over === false) continue;
      again = !(await this.#attempt(record, wallet, signer, unready)) || again;
    }
    if (again) this.#later(name);
  }

  /** As `#advance`. What one transaction fails with holds up no other: it says what it is blocked by, and is tried again. */
  async #attempt(
    record: TransactionRecord,
    wallet: Wallet,
    signer: Signer,
    unready: Map<string, Reason>,
  ): Promise<boolean> {
    try {
      return await this.#advance(record, wallet, signer, unready);
    } catch (error) {
      this.#station.log('dispatch-failed', { signer: signer.name, transaction: record.id, error: String(error) });
      if (error instanceof Refusal && error.reason !== 'storage-failed') await this.#block(record.id, error.reason);
      return false;
    }
  }

  async #askWallets(name: string, signer: Signer): Promise<void> {
    for (const wallet of this.#walletsOf(name)) {
      if (!this.#closed) this.#readiness.set(wallet.id, await signer.check(wallet));
    }
  }

  /** What waits for this signer, oldest first. */
  #open(signer: string): TransactionRecord[] {
    const open = this.#station.reading(() =>
      this.#walletsOf(signer).flatMap((wallet) => this.#station.store.find('transactionsOpen', wallet.id)),
    );
    return open.sort((a, b) => a.permittedAt - b.permittedAt || (a.id < b.id ? -1 : 1));
  }

  #walletsOf(signer: string): readonly Wallet[] {
    return this.#wallets.get(signer) ?? [];
  }

  /**
   * One step for one transaction. True if nothing more is to be tried for it by itself. `unready`: wallets whose device was
   * found not to be ready in this run; it is asked once, not for each transaction.
   */
  async #advance(
    record: TransactionRecord,
    wallet: Wallet,
    signer: Signer,
    unready: Map<string, Reason>,
  ): Promise<boolean> {
    // SENT and nobody at it: how it ended could not be recorded, or the process ended, and then a signature may exist.
    if (record.state === 'SENT') {
      const message = 'the station stopped while the device had it';
      const lost: Outcome = { kind: 'uncertain', reason: 'device-lost', message };
      const end = await this.#end(record.id, this.#unrecorded.get(record.id) ?? lost);
      if (end !== 'UNCERTAIN') return true;
      return this.#advance({ ...record, state: 'UNCERTAIN' }, wallet, signer, unready);
    }
    if (record.state === 'WITHHELD') return this.#release(record);
    const known = unready.get(wallet.id);
    const readiness = known === undefined ? await signer.check(wallet) : undefined;
    if (readiness !== undefined) this.#readiness.set(wallet.id, readiness);
    const reason = readiness?.ready === false ? readiness.reason : known;
    if (reason !== undefined) {
      unready.set(wallet.id, reason);
      await this.#block(record.id, reason);
      return false;
    }
    // While it was asked the station may have been told to stop: then its device sees nothing more.
    if (this.#closed) return true;
    const permit = await this.#send(record);
    if (permit === undefined) return true;
    const outcome = await this.#signed(signer, permit);
    this.#unrecorded.set(permit.transaction, outcome);
    const end = await this.#end(permit.transaction, outcome);
    if (end === 'UNCERTAIN') this.#rest(signer.name, record.id);
    else if (outcome.kind === 'signed') this.#wakeRested(signer.name);
    else this.#rests.delete(record.id);
    return true;
  }

  async #signed(signer: Signer, permit: Permit): Promise<Outcome> {
    try {
      return await signer.sign(permit);
    } catch (error) {
      this.#station.log('signer-failed', { signer: signer.name, error: String(error) });
      return { kind: 'uncertain', reason: 'signer-failed', message: String(error) };
    }
  }

  /** The second reading of every rule but freshness: immediately before a device sees a byte. */
  async #send(record: TransactionRecord): Promise<Permit | undefined> {
    const desk = this.#deskOf();
    const ready = desk.readyAgain(record);
    const committed = await this.#station.decide(desk.keys(ready), (facts): Verdict<undefined> => {
      const now = current(facts, record.id);
      if (now.state !== 'PERMITTED' && now.state !== 'UNCERTAIN') return { result: undefined };
      const verdict = desk.judge(ready, facts, 'again');
      if (!verdict.approved) return blocked(now, refusalOf(verdict).reason);
      const sent: TransactionRecord = {
        ...now,
        state: moveTransaction(now.state, 'send'),
        blockedBy: null,
        attempts: now.attempts + 1,
        history: historyWith(now.history, toldBy(facts, 0)),
      };
      const descriptors = ready.effects.payments.flatMap(
        (p) => this.#station.policy.assets.get(p.asset)?.ledgerDescriptor ?? [],
      );
      return {
        result: undefined,
        writes: [{ table: 'transactions', record: sent, leaf: 0 }],
        leaves: [{ kind: 'transaction-sent', fields: { transaction: sent.id, attempt: String(sent.attempts) } }],
        permit: { transaction: sent.id, wallet: ready.wallet, tokenDescriptors: [...new Set(descriptors)] },
      };
    });
    return committed.permit;
  }

  /** Records how an attempt ended. The third reading: a signature finished under a freeze is sealed, not released. */
  async #end(id: TransactionId, outcome: Outcome): Promise<TransactionRecord['state']> {
    const state = await this.#recorded(id, outcome);
    this.#unrecorded.delete(id);
    return state;
  }

  async #recorded(id: TransactionId, outcome: Outcome): Promise<TransactionRecord['state']> {
    const record = this.#deskOf().get(id);
    const wallet = this.#station.policy.wallets.get(record.wallet);
    if (wallet === undefined) throw new Refusal('wallet-unknown', `policy names no wallet ${record.wallet}`);
    if (outcome.kind === 'declined') return this.#plainEnd(id, 'decline', 'transaction-declined', outcome.reason);
    if (outcome.kind !== 'signed') return this.#plainEnd(id, 'lose', 'transaction-uncertain', outcome.reason);
    const assembled = chainOf(wallet.chain, 'wallet').assembleSigned(
      record.unsigned,
      outcome.signature,
      wallet.publicKey,
    );
    if (assembled.ok !== true) {
      this.#station.log('signature-wrong', { transaction: id, wallet: wallet.id });
      return this.#wrongSignature(id, wallet);
    }
    return this.#signedEnd(record, assembled.raw);
  }

  async #plainEnd(
    id: TransactionId,
    event: 'decline' | 'lose',
    kind: 'transaction-declined' | 'transaction-uncertain',
    reason: Reason,
  ): Promise<TransactionRecord['state']> {
    const committed = await this.#station.decide({ rows: [['transactions', id]] }, (facts) => {
      const now = current(facts, id);
      const ended = told({ ...now, state: moveTransaction(now.state, event), blockedBy: reason }, facts);
      return {
        result: ended.state,
        writes: [{ table: 'transactions', record: ended, leaf: 0 }],
        leaves: [{ kind, fields: { transaction: id, reason } }],
      };
    });
    return committed.result;
  }

  /**
   * S7: the right device was asked, and something that is not the right signature came back. Nothing is released, and the
   * wallet is frozen at once: whatever answered is not to be asked again until people have looked.
   */
  async #wrongSignature(id: TransactionId, wallet: Wallet): Promise<TransactionRecord['state']> {
    const committed = await this.#station.decide({ rows: [['transactions', id]] }, (facts) => {
      const now = current(facts, id);
      const ended = told({ ...now, state: moveTransaction(now.state, 'lose'), blockedBy: 'signature-wrong' }, facts);
      const scope = `wallet:${wallet.id}` as const;
      const why = `a wrong signature for transaction ${id}`;
      return {
        result: ended.state,
        writes: [
          { table: 'transactions', record: ended, leaf: 0 },
          { table: 'freezes', record: { scope, active: true, who: 'station', why, since: facts.now }, leaf: 1 },
        ],
        leaves: [
          { kind: 'transaction-uncertain', fields: { transaction: id, reason: 'signature-wrong' } },
          { kind: 'frozen', fields: { scope, who: 'station', why } },
        ],
      };
    });
    return committed.result;
  }

  async #signedEnd(record: TransactionRecord, raw: Uint8Array): Promise<TransactionRecord['state']> {
    const desk = this.#deskOf();
    const ready = desk.readyAgain(record);
    const sealed = seal(this.#station.keys.seal, record.id, raw, this.#station.random.bytes(12));
    const committed = await this.#station.decide(desk.keys(ready), (facts): Verdict<TransactionRecord['state']> => {
      const now = current(facts, record.id);
      const verdict = desk.judge(ready, facts, 'again');
      if (verdict.approved) return released(now, 'sign', raw, facts);
      const { reason } = refusalOf(verdict);
      const withheld = told(
        { ...now, state: moveTransaction(now.state, 'withhold'), blockedBy: reason, sealed },
        facts,
      );
      return {
        result: withheld.state,
        writes: [{ table: 'transactions', record: withheld, leaf: 0 }],
        leaves: [{ kind: 'transaction-withheld', fields: { transaction: record.id, reason } }],
      };
    });
    return committed.result;
  }

  /** What was withheld goes out once every rule lets it, a thaw having been asked for by people. */
  async #release(record: TransactionRecord): Promise<boolean> {
    if (record.sealed === null) throw new Error(`transaction ${record.id} is withheld and not sealed`);
    const desk = this.#deskOf();
    const ready = desk.readyAgain(record);
    const raw = unseal(this.#station.keys.seal, record.id, record.sealed);
    await this.#station.decide(desk.keys(ready), (facts): Verdict<TransactionRecord['state']> => {
      const now = current(facts, record.id);
      if (now.state !== 'WITHHELD') return { result: now.state };
      const verdict = desk.judge(ready, facts, 'again');
      if (!verdict.approved) return blocked(now, refusalOf(verdict).reason, now.state);
      return released(now, 'release', raw, facts);
    });
    return true;
  }

  async #block(id: TransactionId, reason: Reason): Promise<void> {
    const known = this.#deskOf().get(id);
    if (known.blockedBy === reason) return;
    await this.#station.decide({ rows: [['transactions', id]] }, (facts) => {
      const now = current(facts, id);
      // Replaced while the device was asked: it waits for nothing any more.
      if (transactionMoves[now.state].send === undefined && now.state !== 'WITHHELD') return { result: undefined };
      return blocked(now, reason);
    });
  }

  #deskOf(): TransactionDesk {
    if (this.#desk === undefined) throw new Error('the dispatch has not been started');
    return this.#desk;
  }
}

function current(facts: Facts, id: TransactionId): TransactionRecord {
  const record = facts.get('transactions', id);
  if (record === undefined) throw new Error(`transaction ${id} is gone`);
  return record;
}

function told(record: TransactionRecord, facts: Facts): TransactionRecord {
  return { ...record, history: historyWith(record.history, toldBy(facts, 0)) };
}

/** Notes why a transaction does not go on. No fact of the journal: it says what a device or a freeze is, not what was done. */
function blocked<R = undefined>(record: TransactionRecord, reason: Reason, result?: R): Verdict<R> {
  if (record.blockedBy === reason) return { result: result as R };
  return { result: result as R, writes: [{ table: 'transactions', record: { ...record, blockedBy: reason } }] };
}

/** The signed transaction is released to the client, and its withdrawals count as signed. */
function released(
  record: TransactionRecord,
  event: 'sign' | 'release',
  raw: Uint8Array,
  facts: Facts,
): Verdict<TransactionRecord['state']> {
  const signed = told(
    { ...record, state: moveTransaction(record.state, event), blockedBy: null, signed: raw, sealed: null },
    facts,
  );
  const writes: Write[] = [{ table: 'transactions', record: signed, leaf: 0 }];
  for (const id of record.pays) {
    const withdrawal = facts.get('withdrawals', id);
    if (withdrawal === undefined) throw new Error(`withdrawal ${id} is gone`);
    const paid: WithdrawalRecord = {
      ...withdrawal,
      state: moveWithdrawal(withdrawal.state, 'sign'),
      history: historyWith(withdrawal.history, toldBy(facts, 0)),
    };
    writes.push({ table: 'withdrawals', record: paid, leaf: 0 });
  }
  const leaf: LeafDraft = { kind: 'transaction-signed', fields: { transaction: record.id, raw: digestOf(raw) } };
  return { result: signed.state, writes, leaves: [leaf] };
}
