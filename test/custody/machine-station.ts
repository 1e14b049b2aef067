import { parseTransaction } from 'viem';
import { expect } from 'vitest';
import { audit } from '../../src/custody/audit/audit.ts';
import type { Finding } from '../../src/custody/audit/finding.ts';
import {
  type Attestation,
  Refusal,
  type TransactionRecord,
  toHex,
  transactionId,
  type WithdrawalId,
  type WithdrawalRecord,
} from '../../src/domain/index.ts';
import { type Leaf, parseLeaf } from '../../src/journal/leaf.ts';
import type { Outcome } from '../../src/signers/signer.ts';
import { openForReading, type Sqlite } from '../../src/store/database.ts';
import type { Permit } from '../../src/store/permit.ts';
import { type DeviceAct, Model, mostPaid, type SignRequest, type Version } from './machine.model.ts';
import { type Customer, TestStation, walletId } from './station.ts';
import { toldBy } from './told-state.ts';

// The real station beside its model: each command is done to both, and after each the two are compared.

export interface Signing {
  readonly withdrawal: number;
  readonly nonce: number;
  /** Names one of several fees, so that the same payment has several versions. */
  readonly fee: number;
  /** Which transaction it names: the newest or oldest on its nonce, or one of another nonce. */
  readonly replaces: 'none' | 'newest' | 'oldest' | 'foreign';
  /** The bytes pay for this withdrawal, whatever they are said to pay. */
  readonly payment: number;
  readonly acts: readonly DeviceAct[];
}

export type Command =
  | { readonly do: 'authorize' | 'replay' | 'cancel'; readonly withdrawal: number }
  | {
      readonly do: 'pay' | 'retry';
      readonly withdrawal: number;
      readonly fee: number;
      readonly acts: readonly DeviceAct[];
    }
  | { readonly do: 'sign'; readonly of: Signing }
  | { readonly do: 'race'; readonly of: Signing; readonly and: Signing }
  | { readonly do: 'revoke'; readonly account: number }
  | { readonly do: 'freeze' | 'thaw'; readonly scope: 'station' | 'wallet' }
  | { readonly do: 'pass'; readonly hours: number; readonly swept: boolean }
  | { readonly do: 'restart' | 'wake' | 'unplug' | 'plug' };

const accounts = ['alice', 'bob'] as const;
/** Withdrawals 0 and 1 are the same payment twice: bytes can't tell them apart. */
const withdrawals = [
  { id: 'w-0', account: 0, payment: 0n },
  { id: 'w-1', account: 0, payment: 0n },
  { id: 'w-2', account: 0, payment: 2n },
  { id: 'w-3', account: 1, payment: 3n },
] as const;
export const withdrawalCount = withdrawals.length;

interface Requested extends SignRequest {
  readonly unsigned: Uint8Array;
  readonly acts: readonly DeviceAct[];
}

interface Sent {
  readonly intent: Uint8Array;
  readonly attestations: readonly Attestation[];
}

export class Pair {
  /** What was answered so far: the reason of each refusal, `done` for what was not refused. */
  readonly answers: string[] = [];
  readonly #station: TestStation;
  readonly #customers: readonly Customer[];
  readonly #model: Model;
  readonly #reader: Sqlite;
  readonly #requests = new Map<string, Sent>();
  readonly #watched: TransactionRecord[] = [];
  /** r of every signature that a device made, hex, by transaction. */
  readonly #made = new Map<string, string>();
  readonly #unpermitted: string[] = [];
  readonly #bound = new Map<string, string>();
  /** What the device does with each transaction, time after time. */
  readonly #acts = new Map<string, DeviceAct[]>();

  private constructor(station: TestStation, customers: readonly Customer[]) {
    this.#station = station;
    this.#customers = customers;
    this.#model = new Model(station.time.wall);
    this.#reader = openForReading(station.file);
    station.signer.behaviour = (permit, signed) => this.#device(permit, signed);
  }

  /** `automatic`: its signer asks nobody, so that a permit goes to it by the commit that makes it. */
  static async open(automatic = false): Promise<Pair> {
    const station = await TestStation.open({ automatic });
    const customers = await Promise.all(accounts.map((account) => station.enrol(account)));
    station.passDay();
    for (const customer of customers) await customer.list(`entry-${customer.account}`);
    await station.deliver();
    station.passDay();
    return new Pair(station, customers);
  }

  async close(): Promise<void> {
    this.#reader.close();
    await this.#station.close();
  }

  async run(command: Command): Promise<void> {
    this.#pass(1_000);
    await this.#do(command);
    await this.#station.settle();
    this.#compare();
  }

  /** What an auditor finds at the end: nothing. */
  audited(): Finding[] {
    const findings: Finding[] = [];
    const { file, stateKey } = this.#station;
    audit({ file, stateKey }, (finding) => findings.push(finding));
    return findings;
  }

  #pass(ms: number): void {
    this.#station.time.pass(ms);
    this.#model.pass(ms);
  }

  async #do(command: Command): Promise<void> {
    const model = this.#model;
    const station = this.#station;
    const { operators, factors } = station.custody;
    switch (command.do) {
      case 'authorize':
        return this.#authorize(command.withdrawal);
      case 'replay':
        return this.#replay(command.withdrawal);
      case 'cancel': {
        const { id } = of(command.withdrawal);
        return this.#same(station.custody.withdrawals.cancel(id as WithdrawalId), model.cancel(id));
      }
      case 'sign': {
        const request = this.#request(command.of);
        return this.#works(() => this.#same(this.#sign(request), this.#modelSign(request)));
      }
      case 'race': {
        // Both in one turn of the event loop: the second is decided before any device saw the first.
        const requests = [this.#request(command.of), this.#request(command.and)];
        return this.#works(async () => {
          const real = requests.map((request) => this.#sign(request));
          const answers = requests.map((request) => this.#modelSign(request));
          expect((await Promise.allSettled(real)).map(reasonOf), 'a race').toEqual(answers);
          this.answers.push(...answers.map((answer) => answer ?? 'done'));
        });
      }
      case 'pay':
        return this.#pay(command.withdrawal, command.fee, command.acts);
      case 'retry': {
        const newest = this.#newest(of(command.withdrawal).id);
        if (newest === undefined) return;
        const answer = model.retry(newest, command.acts);
        if (answer === undefined) this.#willDo(newest, command.acts);
        await this.#same(station.custody.transactions.retry(newest as TransactionRecord['id']), answer);
        if (answer === undefined) model.work();
        return;
      }
      case 'revoke': {
        const customer = this.#customers[command.account];
        if (customer === undefined) return;
        await factors.revoke(customer.credential);
        return model.revoke(customer.account);
      }
      case 'freeze':
        await operators.freeze(scopeOf(command.scope), 'olivia', 'a test');
        model.frozen.add(command.scope);
        return;
      case 'thaw': {
        const was = model.frozen.delete(command.scope);
        await this.#same(operators.thaw(scopeOf(command.scope), 'olivia', 'a test'), was ? undefined : 'not-found');
        if (was) model.workAnew();
        return;
      }
      case 'pass':
        this.#pass(command.hours * 3_600_000);
        if (!command.swept) return;
        model.sweep();
        return station.running.timekeeper.sweep();
      case 'restart':
        await station.restart();
        for (const id of model.transactions.keys()) this.#watch(id);
        model.timer = false;
        return model.workAnew();
      case 'wake':
        station.wake();
        if (!model.timer) return;
        model.timer = false;
        return model.workAnew();
      case 'unplug':
        station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
        // Nobody looks at an automatic one: what it was asked last is what the station goes by.
        if (!station.signer.attended) station.running.dispatch.kick(station.signer.name);
        model.plugged = false;
        return;
      case 'plug':
        station.signer.readiness = { ready: true, device: 'fake' };
        station.signer.changed();
        model.plugged = true;
        return model.workAnew();
    }
  }

  /** What is newly permitted sets the station to work; asking again prompts nobody. */
  async #works(ask: () => Promise<void>): Promise<void> {
    const before = this.#model.transactions.size;
    await ask();
    if (this.#model.transactions.size > before) this.#model.work();
  }

  /** Both refuse for the same reason, or neither does. */
  async #same(real: Promise<unknown>, answer: string | undefined): Promise<void> {
    const [settled] = await Promise.allSettled([real]);
    expect(reasonOf(settled)).toBe(answer);
    this.answers.push(answer ?? 'done');
  }

  async #authorize(index: number): Promise<void> {
    const { id, account, payment } = of(index);
    const customer = this.#customers[account];
    if (customer === undefined) return;
    const { intent } = await customer.prepare(id, { amount: amountOf(payment) });
    const request: Sent = { intent: intent.bytes, attestations: [customer.attest(intent.digest)] };
    const answer = this.#model.authorize(id, customer.account, String(payment));
    if (answer === undefined) this.#requests.set(id, request);
    await this.#same(this.#station.custody.withdrawals.authorize(request), answer);
  }

  /** A3: the very request that was granted, again. It returns what it made, and makes nothing. */
  async #replay(index: number): Promise<void> {
    const request = this.#requests.get(of(index).id);
    if (request !== undefined) await this.#station.custody.withdrawals.authorize(request);
  }

  /** What an honest client does next: authorizes, then signs, then replaces. */
  async #pay(index: number, fee: number, acts: readonly DeviceAct[]): Promise<void> {
    const { id } = of(index);
    if (!this.#model.withdrawals.has(id)) await this.#authorize(index);
    const bound = this.#model.withdrawals.get(id)?.nonce;
    const free = [...this.#model.nonces.keys()].length;
    const replaces = bound === undefined ? 'none' : 'newest';
    const signing: Signing = { withdrawal: index, nonce: bound ?? free, fee, replaces, payment: index, acts };
    const request = this.#request(signing);
    await this.#works(() => this.#same(this.#sign(request), this.#modelSign(request)));
  }

  #request(signing: Signing): Requested {
    const unsigned = this.#station.payment({
      nonce: signing.nonce,
      value: amountOf(of(signing.payment).payment),
      maxFeePerGas: 20_000_000_000n + BigInt(signing.fee) * 1_000_000_000n,
    });
    const onNonce = [...this.#model.transactions.values()].filter((t) => t.nonce === signing.nonce);
    const oldest = onNonce[0]?.id;
    const newest = this.#model.nonces.get(signing.nonce)?.newest;
    const foreign = [...this.#model.transactions.values()].find((t) => t.nonce !== signing.nonce)?.id;
    const replaces = { none: undefined, newest, oldest, foreign }[signing.replaces];
    const payment = String(of(signing.payment).payment);
    const id = transactionId(walletId, unsigned);
    return {
      id,
      pays: of(signing.withdrawal).id,
      payment,
      nonce: signing.nonce,
      fee: signing.fee,
      replaces,
      unsigned,
      acts: signing.acts,
    };
  }

  async #sign({ pays, unsigned, replaces }: Requested): Promise<TransactionRecord> {
    const record = await this.#station.sign([pays], unsigned, replaces as TransactionRecord['id'] | undefined);
    this.#watch(record.id);
    return record;
  }

  #modelSign(request: Requested): string | undefined {
    const known = this.#model.transactions.has(request.id);
    const answer = this.#model.sign(request, request.acts);
    if (answer === undefined && !known) this.#willDo(request.id, request.acts);
    return answer;
  }

  #watch(id: string): void {
    this.#station.custody.transactions.watch([id as TransactionRecord['id']], (record) => this.#watched.push(record));
  }

  #newest(withdrawal: string): string | undefined {
    const nonce = this.#model.withdrawals.get(withdrawal)?.nonce;
    return nonce === undefined ? undefined : this.#model.nonces.get(nonce)?.newest;
  }

  /** The device: sees a permit, notes whether what it may sign is committed as SENT, and does as the model will. */
  async #device(permit: Permit, signed: Outcome): Promise<Outcome> {
    const row = this.#reader
      .prepare<[string], { state: string; unsigned: Uint8Array }>(
        'SELECT state, unsigned FROM transactions WHERE id = ?',
      )
      .get(permit.transaction);
    if (row?.state !== 'SENT' || toHex(row.unsigned) !== toHex(permit.unsigned))
      this.#unpermitted.push(permit.transaction);
    const act = this.#acts.get(permit.transaction)?.shift() ?? 'signs';
    if (signed.kind !== 'signed') return signed;
    if (act === 'declines') return { kind: 'declined', reason: 'device-refused', message: 'no' };
    this.#made.set(permit.transaction, toHex(signed.signature.subarray(0, 32)));
    if (act === 'times-out') return { kind: 'uncertain', reason: 'device-timeout', message: 'late' };
    if (act === 'answers-wrongly') {
      return { kind: 'signed', signature: signed.signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) };
    }
    if (act === 'signs-under-freeze') await this.#station.custody.operators.freeze('station', 'olivia', 'a test');
    return signed;
  }

  /** Tells the device what to do with a transaction, before it is asked. */
  #willDo(id: string, acts: readonly DeviceAct[]): void {
    this.#acts.set(id, [...(this.#acts.get(id) ?? []), ...acts]);
  }

  #compare(): void {
    const { store } = this.#station;
    for (const id of withdrawals.map((w) => w.id)) {
      const real = store.read('withdrawals', id);
      const model = this.#model.withdrawals.get(id);
      expect(real?.state, `state of ${id}`).toBe(model?.state);
      expect(real?.anchor ?? undefined, `anchor of ${id}`).toBe(
        model?.nonce === undefined ? undefined : `nonce:${model.nonce}`,
      );
      if (real !== undefined) this.#told(real, 'withdrawal');
    }
    for (const model of this.#model.transactions.values()) {
      const real = this.#station.custody.transactions.get(model.id as TransactionRecord['id']);
      expect(real.state, `state of ${model.id}`).toBe(model.state);
      this.#told(real, 'transaction');
    }
    this.#onePaymentEach();
    this.#nothingWithheldShows();
    expect(this.#unpermitted, 'I1: a device saw only what was committed as SENT').toEqual([]);
  }

  /** I4: whatever may have been signed, the adversary's chain pays no withdrawal twice, and no claim was ever released. */
  #onePaymentEach(): void {
    const rows = this.#reader
      .prepare<[], { id: string; wallet: string; anchor: string; pays: string; payment_set: string }>(
        'SELECT id, wallet, anchor, pays, payment_set FROM transactions',
      )
      .all();
    expect(rows.map((r) => r.id).sort()).toEqual([...this.#model.transactions.keys()].sort());
    const paysOf = new Map(rows.map((row): [string, string[]] => [row.id, JSON.parse(row.pays)]));
    const versions: Version[] = [];
    const noncesOfValue = new Map<bigint, Set<number>>();
    for (const permit of this.#station.signer.seen) {
      const { nonce = 0, value = 0n } = parseTransaction(`0x${toHex(permit.unsigned)}`);
      for (const pays of paysOf.get(permit.transaction) ?? []) versions.push({ nonce, pays });
      noncesOfValue.set(value, (noncesOfValue.get(value) ?? new Set()).add(nonce));
    }
    for (const [pays, times] of mostPaid(versions)) expect(times, `I4: ${pays} can be paid`).toBe(1);
    for (const [value, nonces] of noncesOfValue) {
      const approved = [...this.#model.withdrawals.values()].filter(
        (w) => amountOf(BigInt(w.payment)) === value,
      ).length;
      expect(nonces.size, `I4: times that ${value} can be paid`).toBeLessThanOrEqual(approved);
    }
    for (const row of rows) {
      const claims = [[`${row.wallet} ${row.anchor}`, row.payment_set] as const, [row.pays, row.anchor] as const];
      for (const [claim, by] of claims) {
        expect(by, `I4: the claim of ${claim}`).toBe(this.#bound.get(claim) ?? by);
        this.#bound.set(claim, by);
      }
    }
  }

  #nothingWithheldShows(): void {
    const current = [...this.#model.transactions.keys()].map((id) =>
      this.#station.custody.transactions.get(id as TransactionRecord['id']),
    );
    for (const record of [...this.#watched.splice(0), ...current]) {
      // One that was signed and then replaced was released before.
      if (record.state === 'REPLACED') continue;
      expect(record.signed !== null, `signed bytes of a ${record.state} one show`).toBe(record.state === 'SIGNED');
    }
    const withheld = current.filter((record) => record.state === 'WITHHELD');
    for (const record of withheld) {
      const made = this.#made.get(record.id) ?? 'no signature was made';
      const shown = Object.values(record).map((value) => (value instanceof Uint8Array ? toHex(value) : String(value)));
      expect(shown.join(' '), 'a withheld signature shows').not.toContain(made);
      const entries = this.#station.custody.journal.entries(0, this.#station.store.size);
      expect(entries.some(({ leaf }) => Buffer.from(leaf).includes(made))).toBe(false);
    }
  }

  /** I5: the leaves that a row names, read by nothing but their kinds, lead to the state that it is in. */
  #told(record: WithdrawalRecord | TransactionRecord, what: 'withdrawal' | 'transaction'): void {
    const leaves = record.history.map((index) => this.#leaf(Number(index)));
    expect(toldBy(what, record.id, leaves), `I5: what the journal says of ${record.id}`).toBe(record.state);
  }

  #leaf(index: number): Leaf {
    const bytes = this.#station.store.log.leaf(index);
    if (bytes === undefined) throw new Error(`there is no leaf ${index}`);
    return parseLeaf(bytes);
  }
}

function of(index: number): (typeof withdrawals)[number] {
  const found = withdrawals[index];
  if (found === undefined) throw new Error(`no withdrawal ${index}`);
  return found;
}

function amountOf(payment: bigint): bigint {
  return 10n ** 18n + payment;
}

function scopeOf(scope: 'station' | 'wallet'): 'station' | `wallet:${string}` {
  return scope === 'station' ? 'station' : `wallet:${walletId}`;
}

/** Why it was refused; anything that is no refusal is the station's own mistake. */
function reasonOf(settled: PromiseSettledResult<unknown> | undefined): string | undefined {
  if (settled?.status !== 'rejected') return undefined;
  if (settled.reason instanceof Refusal) return settled.reason.reason;
  throw settled.reason;
}
