import { type Reason, Refusal, signersOf, type TransactionRecord, threshold, type Wallet } from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';
import type { Readiness, Signer } from '../signers/signer.ts';
import { Attempts, type Judges } from './attempts.ts';
import { AutomaticLane } from './automatic-lane.ts';
import type { Breaker } from './breaker.ts';
import { isAsked } from './parts.ts';
import { Rests } from './rests.ts';
import type { Station } from './station.ts';
import type { DispatchTiming } from './timing.ts';
import { Underway } from './underway.ts';
import { registrationOf } from './wallet-registration.ts';

/**
 * Takes what was permitted to its device, as many transactions at a time as the signer takes, and brings home how it ended.
 * Everything it needs to know is in the store, so that after a crash it goes on by itself (I9).
 */
export class Dispatch {
  readonly #station: Station;
  readonly #signers: ReadonlyMap<string, Signer>;
  /** Policy's wallets by their signer. */
  #wallets: ReadonlyMap<string, readonly Wallet[]> = new Map();
  readonly #timing: DispatchTiming;
  #attempts: Attempts | undefined;
  /** The last thing that each signer's line has to do. */
  readonly #lines = new Map<string, Promise<void>>();
  /** Signers that have a run queued which has not begun: a further kick adds nothing. */
  readonly #queued = new Set<string>();
  /** By wallet and signer. */
  readonly #readiness = new Map<string, Readiness>();
  readonly #cancels = new Set<() => void>();
  /** Signers that will be asked again by themselves: one timer each, however often they were kicked meanwhile. */
  readonly #waiting = new Set<string>();
  readonly #rests: Rests;
  readonly #underway: Underway;
  /** The way past the lines, for signers that ask nobody. */
  readonly automatic: AutomaticLane;
  #closed = false;

  constructor(station: Station, signers: ReadonlyMap<string, Signer>, timing: DispatchTiming) {
    this.#station = station;
    this.#signers = signers;
    this.#timing = timing;
    this.#rests = new Rests(timing, (signer) => this.kick(signer));
    this.#underway = new Underway(station, () => this.#attemptsOf());
    const parts = { station, underway: this.#underway, rests: this.#rests };
    this.automatic = new AutomaticLane(
      parts,
      signers.values(),
      (wallet, signer) => this.readinessOf(wallet, signer).ready,
      (id) => this.#attemptsOf().stands(id),
      (wallet, signer, readiness) => {
        this.#readiness.set(ofWallet(wallet.id, signer), readiness);
        this.#later(signer);
      },
    );
    this.#follow(station.policy);
    station.onPolicy((policy) => {
      this.#follow(policy);
      this.kickAll();
    });
  }

  /** Starts: whatever was in flight when the process last ended is found again and goes on. */
  start(judges: Judges, breaker: Breaker): void {
    this.#attempts = new Attempts(this.#station, judges, breaker);
    for (const [name, signer] of this.#signers) {
      this.#cancels.add(
        signer.onChange(() => {
          this.#rests.wake(name);
          this.kick(name);
        }),
      );
      this.kick(name);
    }
  }

  /** What one of a wallet's signers said when it was last asked. */
  readinessOf(wallet: Wallet, signer: string): Readiness {
    const message = this.#signers.has(signer)
      ? 'the device has not been asked yet'
      : `the config names no signer ${signer}`;
    return this.#readiness.get(ofWallet(wallet.id, signer)) ?? { ready: false, reason: 'device-missing', message };
  }

  /** Whether enough of a wallet's signers were ready when they were last asked; else why the first of the others was not. */
  readiness(wallet: Wallet): Readiness {
    const each = signersOf(wallet).map((signer) => this.readinessOf(wallet, signer));
    const ready = each.filter((one) => one.ready);
    const [first] = ready.length >= threshold(wallet) ? ready : each.filter((one) => !one.ready);
    if (first === undefined) throw new Error(`wallet ${wallet.id} has no signer`);
    return first;
  }

  #follow(policy: Policy): void {
    const pairs = [...policy.wallets.values()].flatMap((wallet) =>
      signersOf(wallet).map((signer) => ({ signer, wallet })),
    );
    this.#wallets = new Map(
      [...Map.groupBy(pairs, ({ signer }) => signer)].map(([signer, of]) => [signer, of.map(({ wallet }) => wallet)]),
    );
    // Under the same id there may be another key by now: its device has not been asked.
    for (const id of this.#readiness.keys()) this.#readiness.delete(id);
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
      this.#rests.wake(name);
      this.kick(name);
    }
  }

  /** Resolves when no signer has anything to do now. For orderly ends and for tests. */
  async idle(): Promise<void> {
    for (;;) {
      const lines = [...this.#lines.values()];
      await Promise.all(lines);
      const same = lines.length === this.#lines.size && lines.every((line, i) => [...this.#lines.values()][i] === line);
      if (same && this.#queued.size === 0 && this.automatic.idle) return;
      await this.automatic.settled();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
    this.#rests.close();
    this.automatic.close();
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

  async #run(name: string): Promise<void> {
    // Nothing could be recorded of what a device was asked.
    if (this.#station.store.behind !== undefined) return;
    const signer = this.#signers.get(name);
    if (signer === undefined) {
      for (const record of this.#open(name)) await this.#attemptsOf().block(record.id, 'device-missing');
      return;
    }
    let again = false;
    const unready = new Map<string, Reason>();
    const due = this.#open(name).filter(({ id }) => !this.#rests.isResting(id, name));
    // With nothing to sign, still ask: an operator wants to know beforehand that a device is not there.
    if (due.length === 0) await this.#askWallets(name, signer);
    const left = due.values();
    const attempts = async (): Promise<void> => {
      for (const record of left) {
        if (this.#closed) return;
        const wallet = this.#station.policy.wallets.get(record.wallet);
        if (wallet === undefined) continue;
        again = !(await this.#attempt(record, wallet, signer, unready)) || again;
      }
    };
    await Promise.all(Array.from({ length: Math.min(signer.concurrency, due.length) }, attempts));
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
      if (error instanceof Refusal && error.reason !== 'storage-failed')
        await this.#attemptsOf().block(record.id, error.reason);
      return false;
    }
  }

  async #askWallets(name: string, signer: Signer): Promise<void> {
    for (const wallet of this.#walletsOf(name)) {
      if (!this.#closed) this.#readiness.set(ofWallet(wallet.id, name), await signer.check(wallet));
    }
  }

  /** What waits for this signer, oldest first. */
  #open(signer: string): TransactionRecord[] {
    const open = this.#station.reading(() =>
      this.#walletsOf(signer).flatMap((wallet) => this.#station.store.find('transactionsOpen', wallet.id)),
    );
    const asked = open.filter((record) => record.state === 'WITHHELD' || isAsked(record, signer));
    return asked.sort((a, b) => a.permittedAt - b.permittedAt || (a.id < b.id ? -1 : 1));
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
      // Another of its signers has it.
      if (this.#underway.has(record.id)) return true;
      const end = await this.#underway.endLost(record.id);
      this.#kickOthers(wallet, signer.name, end);
      if (end !== 'UNCERTAIN') return true;
      return this.#advance({ ...record, state: 'UNCERTAIN' }, wallet, signer, unready);
    }
    if (record.state === 'WITHHELD') {
      await this.#attemptsOf().release(record);
      return true;
    }
    const known = unready.get(wallet.id);
    const readiness = known === undefined ? await signer.check(wallet) : undefined;
    if (readiness !== undefined) this.#readiness.set(ofWallet(wallet.id, signer.name), readiness);
    const reason = readiness?.ready === false ? readiness.reason : (known ?? this.#unregistered(wallet, signer));
    if (reason !== undefined) {
      unready.set(wallet.id, reason);
      await this.#attemptsOf().block(record.id, reason);
      return false;
    }
    // While it was asked the station may have been told to stop: then its device sees nothing more.
    if (this.#closed) return true;
    const end = await this.#ask(record, signer);
    if (end === undefined) return true;
    this.#kickOthers(wallet, signer.name, end);
    return true;
  }

  /** Why its device would not sign for the wallet, ready as it is. */
  #unregistered(wallet: Wallet, signer: Signer): Reason | undefined {
    if (!signer.needsRegistration(wallet)) return undefined;
    return registrationOf(this.#station, wallet, signer.name) === undefined ? 'wallet-unregistered' : undefined;
  }

  /** Of several signers the others may be asked once one is done. */
  #kickOthers(wallet: Wallet, signer: string, end: TransactionRecord['state']): void {
    if (end !== 'PERMITTED' && end !== 'UNCERTAIN') return;
    // As policy has them by now.
    for (const other of signersOf(this.#station.policy.wallets.get(wallet.id) ?? wallet))
      if (other !== signer) this.kick(other);
  }

  /** Asks the device, and records how that ended. Undefined where it was not to be asked. */
  async #ask(record: TransactionRecord, signer: Signer): Promise<TransactionRecord['state'] | undefined> {
    const { id } = record;
    // The line of another of its signers may find it SENT, and is not to take that for a process that ended.
    if (this.#underway.has(id)) return undefined;
    this.#underway.begin(id);
    try {
      const permit = await this.#attemptsOf().send(record, signer);
      if (permit === undefined) return undefined;
      const outcome = await this.#underway.sign(signer, permit);
      const end = await this.#underway.end(id, outcome);
      if (end === 'UNCERTAIN') this.#rests.begin(id, signer.name);
      else if (outcome.kind === 'signed') this.#rests.wake(signer.name);
      else this.#rests.forget(id, signer.name);
      return end;
    } finally {
      this.#underway.done(id);
    }
  }

  #attemptsOf(): Attempts {
    if (this.#attempts === undefined) throw new Error('the dispatch has not been started');
    return this.#attempts;
  }
}

/** The name of what is kept for a wallet, or a transaction, and one of its signers. No signer's name has a space. */
function ofWallet(id: string, signer: string): string {
  return `${id} ${signer}`;
}
