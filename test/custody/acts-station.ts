import { parseTransaction } from 'viem';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { audit } from '../../src/custody/audit/audit.ts';
import type { PreparedAct } from '../../src/custody/custody.ts';
import {
  type ActRecord,
  type Assertion,
  day,
  type EntryId,
  hour,
  type OperatorVerb,
  parseIntent,
  Refusal,
  type Sealed,
  second,
  type TransactionId,
  type TransactionRecord,
  toHex,
  type WallMs,
  type WithdrawalId,
} from '../../src/domain/index.ts';
import type { Outcome } from '../../src/signers/signer.ts';
import type { Permit } from '../../src/store/permit.ts';
import type { Write } from '../../src/store/verdict.ts';
import { deviceOf, prepareFactor } from '../attacks/people.ts';
import { type ActMeaning, ActsModel, type Offered } from './acts.model.ts';
import {
  alicesAddress,
  bobsAddress,
  type Choice,
  coldAddress,
  deskAddress,
  founding,
  people,
  policyOf,
  recoveryPeople,
} from './acts-policy.ts';
import { publicKeyOf, testKey } from './fake-signer.ts';
import { Customer, chain, TestStation, walletId } from './station.ts';

// The real station beside its model. What is committed is held to the model in the same turn; what a device sees, when it sees it.

export type DeviceDoes = 'signs' | 'declines' | 'times-out' | 'answers-wrongly' | 'freezes';

/** What an act is about; indices are taken modulo what there is. */
export type About =
  | { readonly verb: 'freeze' | 'thaw'; readonly scope: number }
  | { readonly verb: 'suspend' | 'reinstate'; readonly person: number }
  | { readonly verb: 'approve' | 'refuse-withdrawal'; readonly withdrawal: number }
  | { readonly verb: 'refuse-act'; readonly act: number }
  | { readonly verb: 'policy'; readonly choice: Choice }
  | { readonly verb: 'transfer'; readonly to: number; readonly nonce: number }
  | { readonly verb: 'void'; readonly nonce: number; readonly off: number }
  | { readonly verb: 'confirm'; readonly nonce: number; readonly version: number; readonly lie: boolean }
  | { readonly verb: 'epoch' | 'acknowledge' }
  | { readonly verb: 'vouch'; readonly hours: number };

export type Command =
  | { readonly do: 'withdraw' | 'prepare'; readonly customer: number; readonly amount: number; readonly to: number }
  | {
      readonly do: 'pay';
      readonly customer: number;
      readonly amount: number;
      /** Where it is held, two operators approve it. */
      readonly approved: boolean;
      readonly device: DeviceDoes;
    }
  | { readonly do: 'settle'; readonly nonce: number; readonly version: number }
  | {
      readonly do: 'sign';
      readonly withdrawal: number;
      readonly nonce: 'own' | 'free' | number;
      readonly fee: number;
      /** The bytes pay for this one. */
      readonly payment: number;
      readonly device: DeviceDoes;
    }
  | { readonly do: 'retry' | 'cancel'; readonly withdrawal: number }
  | { readonly do: 'list'; readonly customer: number; readonly to: number }
  | { readonly do: 'unlist'; readonly entry: number }
  | { readonly do: 'enrol' | 'revoke'; readonly customer: number }
  | { readonly do: 'report'; readonly notice: number }
  | { readonly do: 'deliver'; readonly notice: number | 'all' }
  | { readonly do: 'pass'; readonly ms: number; readonly ticks: boolean }
  | { readonly do: 'ripen' | 'calm' }
  | { readonly do: 'jump'; readonly hours: number }
  | { readonly do: 'act'; readonly about: About; readonly signers: readonly number[]; readonly held: boolean }
  | { readonly do: 'replay'; readonly intent: number; readonly assertion: number }
  | { readonly do: 'bare'; readonly what: 'thaw' | 'freeze' | 'clock' }
  | { readonly do: 'device'; readonly ready: boolean }
  | { readonly do: 'restart' | 'wake' };

/** An intent that was prepared, and someone's assertion over it: an attacker may use either again. */
interface Hoarded {
  readonly intent: Sealed;
  readonly attestation: Assertion;
  readonly by: string;
  readonly preparedAt: number;
  /** How often the clock had been acknowledged: what was prepared before is void. */
  readonly clock: number;
  readonly payload: Uint8Array;
  readonly kind: 'withdrawal' | 'act';
}

const own = `${chain}:${addressOfKey(publicKeyOf(testKey))}`;
const eth = 10n ** 18n;
const scopes = [
  'station',
  'wallet:hot-1',
  'account:alice',
  `chain:${chain}`,
  `asset:${chain}/slip44:60`,
  `destination:${alicesAddress}`,
];
const everyone = [...people, ...recoveryPeople];

export class Acted {
  /** What the model says could not have been allowed. */
  readonly problems: string[] = [];
  /** How often what was asked ended how: so that a test sees that it goes deep. */
  readonly tally = new Map<string, number>();
  readonly #station: TestStation;
  readonly #model: ActsModel;
  readonly #customers: Customer[] = [];
  readonly #pool: Hoarded[] = [];
  readonly #meanings = new Map<string, ActMeaning>();
  readonly #shown = new Set<string>();
  readonly #freezes = new Map<string, string>();
  /** Which of the versions at a nonce confirmed, once anyone asked. */
  readonly #confirmed = new Map<number, string>();
  /** What a device does with what it sees next. */
  #device: DeviceDoes[] = [];
  #delivering = new Set<string>();
  #authorizing: Hoarded | undefined;
  #count = 0;
  #ticketEpoch: number;
  readonly #raw: string;

  private constructor(station: TestStation, raw: string) {
    this.#station = station;
    this.#raw = raw;
    const { hash, terms } = policyOf(raw, founding, own);
    this.#model = new ActsModel(hash, terms);
    const { factorEpoch, ticketEpoch } = station.store.look({}).station;
    this.#model.epoch = factorEpoch;
    this.#ticketEpoch = ticketEpoch;
    station.signer.behaviour = (permit, signed) => this.#sees(permit, signed);
    this.#listen();
  }

  static async open(): Promise<Acted> {
    let raw = '';
    const policy = (document: string): string => {
      raw = document;
      return policyOf(document, founding, own).document;
    };
    const station = await TestStation.open({ operators: { names: people }, policy });
    const acted = new Acted(station, raw);
    for (const name of ['alice', 'bob']) acted.#customers.push(await acted.#enrol(name));
    await acted.#pass(day + second);
    await acted.#list(0, 0);
    await acted.#list(1, 1);
    await acted.#deliver('all');
    await acted.#pass(day + second);
    return acted;
  }

  async close(): Promise<void> {
    await this.#station.close();
  }

  audited(): string[] {
    const findings: string[] = [];
    const { file, stateKey } = this.#station;
    audit({ file, stateKey }, (finding) => findings.push(JSON.stringify(finding)));
    return findings;
  }

  async run(command: Command): Promise<void> {
    await this.#pass(second);
    await this.#do(command);
    await this.#station.settle();
    this.#compare();
  }

  #listen(): void {
    this.#station.store.onCommit((writes) => {
      try {
        this.#committed(writes);
      } catch (error) {
        this.problems.push(`the model did not follow: ${String(error)}`);
      }
    });
  }

  #hold(objection: string | undefined, during: string): void {
    if (objection !== undefined) this.problems.push(`${during}: ${objection}`);
  }

  #tell(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }

  /** Its answer, or undefined where it was refused. */
  async #asks<T>(what: string, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await ask();
      this.#tell(what);
      return answer;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#tell(`${what}: ${error.reason}`);
      return undefined;
    }
  }

  async #pass(ms: number): Promise<void> {
    this.#station.time.pass(ms);
    this.#model.pass(ms);
  }

  async #tick(): Promise<void> {
    await this.#station.running.timekeeper.tick();
    await this.#station.running.timekeeper.sweep();
    await this.#station.settle();
  }

  // What is committed, in the turn in which it is.

  #committed(writes: readonly Write[]): void {
    const model = this.#model;
    const done: string[] = [];
    for (const write of writes) {
      switch (write.table) {
        case 'acts': {
          const { verb, subject, digest, base, state } = write.record;
          const key = keyOf(verb, subject, digest, base);
          if (state === 'DONE') {
            this.#hold(model.takes(key), 'an act took effect');
            this.#tell(`done: ${verb}`);
            const meaning = this.#meanings.get(key);
            if (meaning?.does === 'vouch') model.pass(meaning.ms);
            if (meaning?.does === 'confirmed') this.#truth(meaning.bytes);
            done.push(key);
          }
          const ended = state === 'REFUSED' || state === 'EXPIRED' || state === 'LAPSED';
          if (ended && !this.#openBeside(write.record)) model.actEnded(key);
          break;
        }
        case 'freezes': {
          const { scope: real, active, who, why, since } = write.record;
          const scope = modelScope(real);
          const known = this.#freezes.get(scope);
          if (!active) {
            if (known === undefined) break;
            this.#freezes.delete(scope);
            this.#hold(model.lifted(scope), 'lifted');
            break;
          }
          const told = JSON.stringify([who, why, since]);
          if (known === told) break;
          this.#freezes.set(scope, told);
          model.frozen(scope);
          break;
        }
        case 'operators': {
          const { name, suspended } = write.record;
          const was = model.suspended.get(name)?.active === true;
          if (suspended && !was) model.suspend(name);
          if (!suspended && was) this.#hold(model.reinstated(name), 'reinstated');
          break;
        }
        case 'station':
          this.#stationWritten(write.record);
          break;
        case 'notices': {
          const { id, kind, subject, acknowledgedAt } = write.record;
          if (acknowledgedAt === null) break;
          if (!this.#delivering.has(id)) this.problems.push(`A13: notice ${id} was taken for delivered`);
          if (kind === 'factor-added') model.delivered('factor', subject);
          if (kind === 'destination-added') model.delivered('destination', subject);
          break;
        }
        case 'factors': {
          const { id, account, attestedBy, state } = write.record;
          if (!model.factors.has(id)) this.#hold(model.enrolled(id, account, attestedBy[0]), 'enrolled');
          if (state === 'cancelled' || state === 'removed') model.revoked(id);
          break;
        }
        case 'destinations': {
          const { entry, account, destination, attestedBy, state } = write.record;
          if (!model.entries.has(entry))
            this.#hold(model.listed(entry, account, destination, attestedBy[0] ?? ''), 'listed');
          if (state === 'cancelled' || state === 'removed') model.removed(entry);
          break;
        }
        case 'withdrawals': {
          const { id, account, destination, amount, state } = write.record;
          if (!model.withdrawals.has(id)) {
            const by = this.#authorizing;
            const evidence = by === undefined ? undefined : { factor: by.by, preparedAt: this.#preparedAt(by) };
            this.#hold(model.authorized({ id, account, destination, amount }, evidence), `authorized ${id}`);
          }
          if (state === 'CANCELLED' || state === 'EXPIRED' || state === 'REFUSED') model.ended(id);
          if (state === 'VOIDED') this.#voided(id);
          break;
        }
        case 'transactions':
          this.#transaction(write.record);
          break;
      }
    }
    // An act's delivery starts its delay: the notice stands before the act in the commit.
    for (const write of writes) {
      if (write.table !== 'acts' || write.record.state !== 'RIPENING') continue;
      const { verb, subject, digest, base } = write.record;
      const announced = writes.some((w) => w.table === 'notices' && w.record.subject === write.record.id);
      if (announced) model.actDelivered(keyOf(verb, subject, digest, base));
    }
    for (const key of done) model.actDone(key);
  }

  /** One that was overdue may end after another about the same was opened, which the model takes for the same. */
  #openBeside({ id, verb, subject, digest, base }: ActRecord): boolean {
    const alike = this.#station.store.find('actsAlike', verb, subject, digest);
    return alike.some((act) => act.id !== id && act.base === base);
  }

  #stationWritten(record: Extract<Write, { table: 'station' }>['record']): void {
    const model = this.#model;
    if (record.policy !== model.hash) {
      this.#hold(model.adopted(record.policy), 'another policy');
      this.#tell('policy');
    }
    if (record.factorEpoch !== model.epoch) {
      this.#hold(
        model.anyTakes((m) => m.does === 'epoch'),
        'the epoch',
      );
      model.epoch = record.factorEpoch;
    }
    if (record.ticketEpoch > this.#ticketEpoch) {
      this.#ticketEpoch = record.ticketEpoch;
      const { clockInstance } = model;
      this.#hold(
        model.anyTakes((m) => m.does === 'acknowledge' && m.instance === clockInstance),
        'the clock',
      );
      model.clockInstance++;
      model.suspect = false;
    }
  }

  #transaction(record: TransactionRecord): void {
    const bytes = toHex(record.unsigned);
    if (!this.#shown.has(`permitted ${bytes}`)) {
      this.#shown.add(`permitted ${bytes}`);
      this.#hold(this.#model.permit(bytes), 'permitted');
    }
    if (record.state !== 'SIGNED' || record.signed === null || this.#shown.has(`released ${bytes}`)) return;
    this.#shown.add(`released ${bytes}`);
    this.#tell(`released: ${record.kind}`);
    this.#hold(this.#model.releases(bytes), 'released');
  }

  async #sees(permit: Permit, signed: Outcome): Promise<Outcome> {
    const bytes = toHex(permit.unsigned);
    this.#hold(this.#model.sends(bytes), 'before the device');
    const does = this.#device.shift() ?? 'signs';
    if (does === 'declines') return { kind: 'declined', reason: 'device-refused', message: 'no' };
    if (does === 'times-out') return { kind: 'uncertain', reason: 'device-timeout', message: 'late' };
    if (does === 'answers-wrongly' && signed.kind === 'signed')
      return { kind: 'signed', signature: signed.signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) };
    if (does === 'freezes')
      await this.#act({ verb: 'freeze', scope: this.#count % scopes.length }, [0, 1, 2, 3], false);
    return signed;
  }

  /** A statement of what confirmed counts for something only if it is true. */
  #truth(bytes: string): void {
    const offered = this.#model.offered.get(bytes);
    const confirmed = offered && this.#confirmed.get(offered.nonce);
    if (confirmed !== bytes) this.problems.push('I4: a statement took effect that one liar signed');
  }

  #voided(id: string): void {
    const nonce = this.#model.withdrawals.get(id)?.nonce;
    const confirmed = nonce === undefined ? undefined : this.#confirmed.get(nonce);
    const offered = confirmed === undefined ? undefined : this.#model.offered.get(confirmed);
    if (offered?.kind !== 'void') this.problems.push(`I4: ${id} was voided, and no void confirmed in its place`);
    this.#tell('voided');
  }

  /** After each step: what stops must still be there, and no payment can be made twice. */
  #compare(): void {
    const { store } = this.#station;
    for (const [scope, { active }] of this.#model.freezes) {
      if (active && store.read('freezes', realScope(scope))?.active !== true)
        this.problems.push(`I3: the freeze of ${scope} is gone`);
    }
    for (const [name, { active }] of this.#model.suspended) {
      if (active && store.read('operators', name)?.suspended !== true)
        this.problems.push(`S11: the suspension of ${name} is gone`);
    }
    const nonces = new Map<string, Set<number>>();
    for (const bytes of this.#model.seen) {
      const { nonce = 0, value = 0n, to } = parseTransaction(`0x${bytes}`);
      const confirmed = this.#confirmed.get(nonce);
      if (value === 0n || (confirmed !== undefined && confirmed !== bytes)) continue;
      const payment = `${to?.toLowerCase()} ${value}`;
      nonces.set(payment, (nonces.get(payment) ?? new Set()).add(nonce));
    }
    const moves = [own, coldAddress, deskAddress].map((address) => bare(address).toLowerCase());
    for (const [payment, at] of nonces) {
      const [to = '', value] = payment.split(' ');
      if (moves.includes(to)) continue;
      const approved = [...this.#model.withdrawals.values()].filter(
        (w) =>
          bare(w.destination).toLowerCase() === to && String(w.amount) === value && !w.ended && !this.#isVoided(w.id),
      );
      if (at.size > approved.length)
        this.problems.push(`I4: ${payment} can be paid ${at.size} times, and was approved ${approved.length} times`);
    }
    if (this.#station.fatal.length > 0) this.problems.push(`the station failed: ${String(this.#station.fatal[0])}`);
  }

  #isVoided(id: string): boolean {
    return this.#station.store.read('withdrawals', id)?.state === 'VOIDED';
  }

  // What people do.

  async #do(command: Command): Promise<void> {
    const { custody, signer, running } = this.#station;
    switch (command.do) {
      case 'withdraw':
      case 'prepare': {
        const hoarded = await this.#prepared(command.customer, command.amount, command.to);
        if (hoarded !== undefined && command.do === 'withdraw') await this.#authorize(hoarded, hoarded);
        return;
      }
      case 'pay': {
        const hoarded = await this.#prepared(command.customer, command.amount, command.customer);
        if (hoarded === undefined) return;
        await this.#authorize(hoarded, hoarded);
        const index = this.#model.withdrawals.size - 1;
        if (command.approved && this.#station.custody.acts.held(1).length > 0)
          await this.#act({ verb: 'approve', withdrawal: 0 }, [0, 1], false);
        const payment = { withdrawal: index, payment: index, nonce: 'free', fee: 0, device: command.device } as const;
        return this.#sign({ do: 'sign', ...payment });
      }
      case 'settle':
        // What sticks is voided, and then people say what confirmed.
        await this.#act({ verb: 'void', nonce: command.nonce, off: 0 }, [0, 1, 2], false);
        await this.#station.settle();
        return this.#act(
          { verb: 'confirm', nonce: command.nonce, version: command.version, lie: false },
          [0, 1, 2],
          false,
        );
      case 'sign':
        return this.#sign(command);
      case 'retry': {
        const id = this.#withdrawal(command.withdrawal);
        const transaction = id === undefined ? undefined : this.#station.store.read('withdrawals', id)?.transaction;
        if (transaction !== undefined && transaction !== null)
          await this.#asks('retry', () => custody.transactions.retry(transaction));
        return;
      }
      case 'cancel': {
        const id = this.#withdrawal(command.withdrawal);
        if (id !== undefined) await this.#asks('cancel', () => custody.withdrawals.cancel(id as WithdrawalId));
        return;
      }
      case 'list':
        return this.#list(command.customer, command.to);
      case 'unlist': {
        const entry = at([...this.#model.entries.keys()], command.entry);
        if (entry !== undefined) await this.#asks('unlist', () => custody.destinations.remove(entry as EntryId));
        return;
      }
      case 'enrol':
        return this.#further(command.customer);
      case 'revoke': {
        const customer = at(this.#customers, command.customer);
        if (customer !== undefined) await this.#asks('revoke', () => custody.factors.revoke(customer.credential));
        return;
      }
      case 'report': {
        const notices = custody.notices.waiting(-1, 100).filter((notice) => notice.account !== null);
        const notice = at(notices, command.notice);
        if (notice === undefined) return;
        const reported = await this.#asks('report', () => custody.notices.report(notice.token));
        if (reported !== undefined) this.#model.reported(reported.account);
        return;
      }
      case 'deliver':
        return this.#deliver(command.notice);
      case 'pass':
        await this.#pass(command.ms);
        if (command.ticks) await this.#tick();
        return;
      case 'ripen':
        await this.#deliver('all');
        await this.#pass(day + second);
        return this.#tick();
      case 'calm':
        return this.#calm();
      case 'jump':
        this.#station.time.wall = (this.#station.time.wall + command.hours * hour) as WallMs;
        // Forward it may be told or not: no time was witnessed. Behind its mark it has to be.
        if (command.hours < 0) this.#model.suspect = true;
        return this.#tick();
      case 'act':
        return this.#act(command.about, command.signers, command.held);
      case 'replay':
        return this.#replay(command.intent, command.assertion);
      case 'bare':
        // With an operator's certificate alone.
        if (command.what === 'clock') await this.#asks('bare', () => custody.operators.acknowledgeClock('olivia', 'x'));
        else
          await this.#asks('bare', () =>
            custody.operators[command.what === 'thaw' ? 'thaw' : 'freeze']('station', 'olivia', 'x').then(() => {}),
          );
        return;
      case 'device':
        signer.readiness = command.ready
          ? { ready: true, device: 'fake' }
          : { ready: false, reason: 'device-missing', message: 'unplugged' };
        if (command.ready) signer.changed();
        return;
      case 'wake':
        this.#station.wake();
        return;
      case 'restart':
        await running.dispatch.idle();
        await this.#station.restart();
        return this.#listen();
    }
  }

  #preparedAt({ preparedAt, clock }: Hoarded): number {
    return clock === this.#model.clockInstance ? preparedAt : Number.NEGATIVE_INFINITY;
  }

  #withdrawal(index: number): string | undefined {
    return at([...this.#model.withdrawals.keys()], index);
  }

  async #enrol(name: string): Promise<Customer> {
    const deliver = this.#station.deliver.bind(this.#station);
    for (const notice of this.#station.custody.notices.waiting(-1, 100)) this.#delivering.add(notice.id);
    // The station's helper delivers what it announced.
    this.#station.deliver = async () => {
      for (const notice of this.#station.custody.notices.waiting(-1, 100)) this.#delivering.add(notice.id);
      return deliver();
    };
    return this.#station.enrol(name);
  }

  async #further(index: number): Promise<void> {
    const customer = at(this.#customers, index);
    if (customer === undefined || this.#customers.length >= 6) return;
    const device = deviceOf(`further-${this.#count++}`);
    const { factors } = this.#station.custody;
    const prepared = await this.#asks('prepare factor', () =>
      prepareFactor(this.#station, customer.account, device, customer.credential),
    );
    if (prepared === undefined) return;
    const { intent, registration, credential } = prepared;
    const attestation = customer.attest(intent.digest);
    const added = await this.#asks('enrol', () =>
      factors.add({
        intent: intent.bytes,
        registration,
        approval: { kind: 'attestations', attestations: [attestation] },
      }),
    );
    if (added !== undefined) this.#customers.push(new Customer(this.#station, customer.account, device, credential));
  }

  async #list(index: number, to: number): Promise<void> {
    const customer = at(this.#customers, index);
    const destination = to % 2 === 0 ? alicesAddress : bobsAddress;
    if (customer !== undefined) await this.#asks('list', () => customer.list(`entry-${this.#count++}`, destination));
  }

  async #deliver(which: number | 'all'): Promise<void> {
    const { notices } = this.#station.custody;
    const waiting = notices.waiting(-1, 1_000);
    const one = which === 'all' ? undefined : at(waiting, which);
    for (const notice of which === 'all' ? waiting : one === undefined ? [] : [one]) {
      this.#delivering.add(notice.id);
      await notices.acknowledge(notice.id);
    }
  }

  async #prepared(index: number, amount: number, to: number): Promise<Hoarded | undefined> {
    const customer = at(this.#customers, index);
    if (customer === undefined) return undefined;
    const destination = to % 2 === 0 ? alicesAddress : bobsAddress;
    const id = `w-${this.#count++}`;
    const { intent } = await customer.prepare(id, { amount: BigInt(amount) * eth, destination });
    const { w: preparedAt, clockInstance: clock } = this.#model;
    const attestation = customer.attest(intent.digest);
    const hoarded: Hoarded = {
      intent,
      attestation,
      by: customer.credential,
      preparedAt,
      clock,
      payload: new Uint8Array(),
      kind: 'withdrawal',
    };
    this.#pool.push(hoarded);
    return hoarded;
  }

  /** Only where the assertion is over this very intent does the model take it for the owner's. */
  async #authorize(of: Hoarded, signed: Hoarded): Promise<void> {
    this.#authorizing = of === signed ? of : undefined;
    await this.#asks(of === signed ? 'authorize' : 'authorize with another’s', () =>
      this.#station.custody.withdrawals.authorize({ intent: of.intent.bytes, attestations: [signed.attestation] }),
    );
    this.#authorizing = undefined;
  }

  async #sign(command: Extract<Command, { do: 'sign' }>): Promise<void> {
    const id = this.#withdrawal(command.withdrawal);
    const other = this.#withdrawal(command.payment);
    const paid = other === undefined ? undefined : this.#model.withdrawals.get(other);
    if (id === undefined || paid === undefined) return;
    const bound = this.#model.withdrawals.get(id)?.nonce;
    const nonce =
      typeof command.nonce === 'number'
        ? command.nonce
        : command.nonce === 'own'
          ? (bound ?? this.#free())
          : this.#free();
    const fee = BigInt(20 + command.fee) * 10n ** 9n;
    const unsigned = this.#station.payment({
      nonce,
      value: paid.amount,
      to: bare(paid.destination),
      maxFeePerGas: fee,
    });
    const bytes = toHex(unsigned);
    const newest = this.#station.store.read('anchors', walletId, `nonce:${nonce}`)?.transaction;
    const offered: Offered = {
      kind: 'payment',
      nonce,
      to: paid.destination,
      value: paid.amount,
      pays: [id],
      voids: new Set(),
    };
    const known = this.#model.offered.has(bytes);
    if (!known) this.#model.offered.set(bytes, offered);
    this.#device = command.device === 'signs' ? [] : [command.device];
    const record = await this.#asks('sign', () => this.#station.sign([id], unsigned, newest));
    if (record === undefined && !known) this.#model.offered.delete(bytes);
  }

  #free(): number {
    let nonce = 0;
    while (this.#model.nonces.has(nonce)) nonce++;
    return nonce;
  }

  // What operators do.

  async #act(about: About, signers: readonly number[], held: boolean): Promise<void> {
    const liars = about.verb === 'confirm' && about.lie ? signers.slice(0, 1) : signers;
    for (const index of liars) {
      const name = at(everyone, index) ?? 'olivia';
      const hoarded = await this.#preparedAct(about, name);
      if (hoarded === undefined) return;
      if (!held) await this.#submit(hoarded, hoarded);
    }
  }

  /** Honest people set right what was stopped, by the rules: the clock, the freezes, the suspensions; two days go by. */
  async #calm(): Promise<void> {
    const model = this.#model;
    const standing = people.map((_, i) => i).filter((i) => model.suspended.get(people[i] ?? '')?.active !== true);
    const signers = standing.slice(0, model.terms.quorum);
    if (this.#station.custody.operators.station().clockSuspect)
      await this.#act({ verb: 'acknowledge' }, signers, false);
    const stopped = [...model.freezes.values()].filter(({ active }) => active).length;
    for (let scope = 0; scope < stopped; scope++) await this.#act({ verb: 'thaw', scope }, signers, false);
    const suspended = [...model.suspended.values()].filter(({ active }) => active).length;
    const by = standing.length < model.terms.quorum ? [4, 5] : signers;
    for (let person = 0; person < suspended; person++) await this.#act({ verb: 'reinstate', person }, by, false);
    await this.#deliver('all');
    for (let days = 0; days < 2; days++) {
      await this.#pass(day + second);
      await this.#tick();
    }
  }

  async #preparedAct(about: About, name: string): Promise<Hoarded | undefined> {
    const asked = this.#asked(about);
    if (asked === undefined) return undefined;
    const { verb, subject, meaning } = asked;
    const payload = typeof asked.payload === 'string' ? new TextEncoder().encode(asked.payload) : asked.payload;
    const prepared = await this.#asks(
      `prepare ${about.verb}`,
      (): Promise<PreparedAct> => this.#station.operators.prepare(verb, subject, payload),
    );
    if (prepared === undefined) return undefined;
    const { intent } = prepared;
    const key = keyOfIntent(intent.bytes);
    if (!this.#meanings.has(key)) this.#meanings.set(key, meaning);
    const attestation = this.#station.operators.named(name).sign(intent);
    const { w: preparedAt, clockInstance: clock } = this.#model;
    const hoarded: Hoarded = { intent, attestation, by: name, preparedAt, clock, payload, kind: 'act' };
    this.#pool.push(hoarded);
    return hoarded;
  }

  async #submit(of: Hoarded, signed: Hoarded): Promise<void> {
    const key = keyOfIntent(of.intent.bytes);
    const { base } = parseIntent(of.intent.bytes, 'portcullis/operator/v1').intent;
    const meaning = this.#meanings.get(key);
    const before = this.#model.acts.get(key)?.signers.has(signed.by) === true;
    const genuine = of.intent.digest === signed.intent.digest && meaning !== undefined;
    if (genuine) this.#model.signed(key, signed.by, this.#preparedAt(of), meaning, base);
    const { intent, payload } = of;
    const view = await this.#asks(`submit ${meaning?.does}`, () =>
      this.#station.custody.acts.submit({ intent: intent.bytes, attestation: signed.attestation, payload }),
    );
    if (view === undefined && genuine && !before) this.#model.acts.get(key)?.signers.delete(signed.by);
  }

  async #replay(intent: number, assertion: number): Promise<void> {
    const of = at(this.#pool, intent);
    if (of === undefined) return;
    const alike = this.#pool.filter((hoarded) => hoarded.kind === of.kind);
    const signed = assertion % 3 === 0 ? of : (at(alike, assertion) ?? of);
    return of.kind === 'act' ? this.#submit(of, signed) : this.#authorize(of, signed);
  }

  #asked(
    about: About,
  ): { verb: OperatorVerb; subject: string; payload: string | Uint8Array; meaning: ActMeaning } | undefined {
    const model = this.#model;
    const tighten: ActMeaning = { does: 'tighten' };
    switch (about.verb) {
      case 'freeze':
        return {
          verb: 'freeze',
          subject: scopes[about.scope % scopes.length] ?? 'station',
          payload: 'a test',
          meaning: tighten,
        };
      case 'thaw': {
        // What is frozen, rather than what is not.
        const frozen = scopes.filter((scope) => model.freezes.get(modelScope(scope))?.active === true);
        const subject = at(frozen, about.scope) ?? 'station';
        const scope = modelScope(subject);
        const instance = model.freezes.get(scope)?.instance ?? 0;
        return { verb: 'thaw', subject, payload: '', meaning: { does: 'thaw', scope, instance } };
      }
      case 'suspend':
        return {
          verb: 'operators',
          subject: `suspend:${at(everyone, about.person)}`,
          payload: 'a test',
          meaning: tighten,
        };
      case 'reinstate': {
        const suspended = [...model.suspended].filter(([, { active }]) => active).map(([name]) => name);
        const name = at(suspended, about.person) ?? 'olivia';
        const instance = model.suspended.get(name)?.instance ?? 0;
        return {
          verb: 'operators',
          subject: `reinstate:${name}`,
          payload: '',
          meaning: { does: 'reinstate', name, instance },
        };
      }
      case 'approve': {
        const held = this.#station.custody.acts.held(50).map(({ record }) => record.id);
        const withdrawal = at<string>(held, about.withdrawal) ?? this.#withdrawal(about.withdrawal);
        if (withdrawal === undefined) return undefined;
        return {
          verb: 'approve',
          subject: `withdrawal:${withdrawal}`,
          payload: '',
          meaning: { does: 'approve', withdrawal },
        };
      }
      case 'refuse-withdrawal':
        return {
          verb: 'refuse',
          subject: `withdrawal:${this.#withdrawal(about.withdrawal)}`,
          payload: '',
          meaning: tighten,
        };
      case 'refuse-act': {
        const open = this.#station.custody.acts.list({ unsettled: true, limit: 50 });
        const act = at([...open], about.act);
        if (act === undefined) return undefined;
        return { verb: 'refuse', subject: `act:${act.act.id}`, payload: '', meaning: tighten };
      }
      case 'policy': {
        const { document, hash, terms } = policyOf(this.#raw, about.choice, own);
        return {
          verb: 'policy',
          subject: 'document',
          payload: document,
          meaning: { does: 'policy', hash, terms },
        };
      }
      case 'transfer': {
        const to = at([own, coldAddress, deskAddress, alicesAddress], about.to) ?? own;
        return this.#move('transfer', 'wallet:hot-1', { nonce: about.nonce, to, value: eth });
      }
      case 'void': {
        const nonce = at([...model.nonces.keys()], about.nonce);
        const newest =
          nonce === undefined ? undefined : this.#station.store.read('anchors', walletId, `nonce:${nonce}`);
        if (nonce === undefined || newest === undefined) return undefined;
        const at_ = nonce + about.off;
        return this.#move('void', `transaction:${newest.transaction}`, { nonce: at_, to: own, value: 0n }, nonce);
      }
      case 'confirm': {
        const nonce = at([...model.nonces.keys()], about.nonce);
        if (nonce === undefined) return undefined;
        const versions = model.seen.filter((bytes) => model.offered.get(bytes)?.nonce === nonce);
        const truth = this.#confirmed.get(nonce) ?? at(versions, about.version);
        if (truth === undefined) return undefined;
        this.#confirmed.set(nonce, truth);
        const said = about.lie ? versions.find((bytes) => bytes !== truth) : truth;
        const record = said === undefined ? undefined : this.#transactionOf(said);
        if (said === undefined || record === undefined) return undefined;
        return {
          verb: 'void',
          subject: `confirmed:${record}`,
          payload: '',
          meaning: { does: 'confirmed', bytes: said },
        };
      }
      case 'epoch':
        return { verb: 'epoch', subject: 'factors', payload: '', meaning: { does: 'epoch' } };
      case 'acknowledge':
        return {
          verb: 'clock',
          subject: 'acknowledge',
          payload: '',
          meaning: { does: 'acknowledge', instance: model.clockInstance },
        };
      case 'vouch': {
        const ms = about.hours * hour;
        return { verb: 'clock', subject: `vouch:${ms}`, payload: '', meaning: { does: 'vouch', ms } };
      }
    }
  }

  /** Operators' own bytes: offered from the moment that one of them prepares them. */
  #move(kind: 'transfer' | 'void', subject: string, of: { nonce: number; to: string; value: bigint }, voids?: number) {
    const { nonce, to, value } = of;
    const gwei = kind === 'void' ? 60n : 30n;
    const unsigned = this.#station.payment({ nonce, value, to: bare(to), maxFeePerGas: gwei * 10n ** 9n });
    const bytes = toHex(unsigned);
    const before = this.#model.offered.get(bytes)?.voids ?? new Set<number>();
    const all = new Set([...before, ...(voids === undefined ? [] : [voids])]);
    this.#model.offered.set(bytes, { kind, nonce, to, value, pays: [], voids: all });
    const meaning: ActMeaning = { does: kind, bytes };
    return { verb: kind, subject, payload: unsigned, meaning } as const;
  }

  #transactionOf(bytes: string): TransactionId | undefined {
    const wanted = this.#station.signer.seen.find((permit) => toHex(permit.unsigned) === bytes);
    return wanted?.transaction;
  }
}

function keyOf(verb: string, subject: string, digest: string, base: string): string {
  return `${verb} ${subject} ${digest} ${base}`;
}

function keyOfIntent(bytes: Uint8Array): string {
  const { verb, subject, digest, base } = parseIntent(bytes, 'portcullis/operator/v1').intent;
  return keyOf(verb, subject, digest, base);
}

/** The model calls the one asset that it knows `ether`. */
function modelScope(scope: string): string {
  return scope.startsWith('asset:') ? 'asset:ether' : scope;
}

function realScope(scope: string): string {
  return scope === 'asset:ether' ? (scopes[4] ?? scope) : scope;
}

function bare(address: string): `0x${string}` {
  return address.slice(chain.length + 1) as `0x${string}`;
}

function at<T>(list: readonly T[], index: number): T | undefined {
  return list.length === 0 ? undefined : list[index % list.length];
}
