import { RawTx, Transaction } from '@scure/btc-signer';
import { parseTransaction } from 'viem';
import { audit } from '../../src/custody/audit/audit.ts';
import type { Finding } from '../../src/custody/audit/finding.ts';
import type { Authorization } from '../../src/custody/custody.ts';
import {
  Refusal,
  type TransactionId,
  type TransactionRecord,
  toHex,
  transactionStates,
} from '../../src/domain/index.ts';
import type { Outcome } from '../../src/signers/signer.ts';
import type { Permit } from '../../src/store/permit.ts';
import { type Coin, outpointOf, placeAt, recipients } from '../chains/bitcoin/requests.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import { alicesAddress, type Customer, chain, ether, walletId } from './station.ts';

// A station with a wallet on each chain, asked for anything in any order; and whoever reads what its devices signed, with other
// libraries than the station's, and asks which of it could confirm together.

export type DeviceAct = 'signs' | 'declines' | 'times-out' | 'signs-under-freeze';

/** What bytes are asked for: of which coins or nonce, for which withdrawals they are said to be, and which they pay. */
export interface Asking {
  readonly on: 'bitcoin' | 'ethereum';
  readonly pays: readonly number[];
  /** Others than those, now and then. */
  readonly payments: readonly number[] | undefined;
  /** Coins, or the nonce in the first place. */
  readonly spends: readonly number[];
  /** Beside the coins, the anchor that the first of the withdrawals is bound to. */
  readonly anchored: boolean;
  readonly fee: number;
  readonly replaces: 'none' | 'newest' | 'any';
  /** Where one of the withdrawals isn't authorized yet, its authorization comes along. */
  readonly inline: boolean;
  readonly acts: readonly DeviceAct[];
}

export type Command =
  | { readonly do: 'authorize' | 'cancel' | 'retry'; readonly withdrawal: number }
  | { readonly do: 'sign'; readonly of: Asking }
  | { readonly do: 'race'; readonly of: Asking; readonly and: Asking }
  | { readonly do: 'void'; readonly withdrawal: number; readonly fee: number; readonly acts: readonly DeviceAct[] }
  | { readonly do: 'confirm'; readonly withdrawal: number; readonly newest: boolean }
  | { readonly do: 'freeze' | 'thaw' | 'restart' | 'wake' }
  | { readonly do: 'pass'; readonly hours: number };

/** No two of one chain pay the same amount, so that bytes alone say which one they pay. */
const withdrawals = [
  { on: 'bitcoin', account: 0, amount: 10_000n },
  { on: 'bitcoin', account: 0, amount: 11_000n },
  { on: 'bitcoin', account: 1, amount: 12_000n },
  { on: 'bitcoin', account: 1, amount: 13_000n },
  { on: 'ethereum', account: 2, amount: 10n ** 18n },
  { on: 'ethereum', account: 2, amount: 10n ** 18n + 1n },
] as const;
export const withdrawalCount = withdrawals.length;
export const coinCount = 5;
const accounts = { alice: payees.wpkh, bob: payees.tr, carol: alicesAddress };
const quorum = ['olivia', 'omar'];

/** A transaction as whoever has its bytes sees it. */
interface Seen {
  readonly id: TransactionId;
  readonly on: Asking['on'];
  /** What it spends: outpoints, or its nonce. */
  readonly spends: readonly string[];
  /** The withdrawals that its outputs pay; undefined stands for an output that is neither one's nor the wallet's own. */
  readonly pays: readonly (number | undefined)[];
}

const coins: readonly Coin[] = Array.from({ length: coinCount }, (_, n) => coin(n, 1_000_000n));

export class OnePayment {
  /** What was asked and how it ended: so that a test sees that it goes deep. */
  readonly ended = new Map<string, number>();
  /** What must never be, in words. */
  readonly problems = new Set<string>();
  readonly #of: BitcoinStation;
  readonly #customers: readonly Customer[];
  readonly #outpoints: readonly string[];
  /** Scripts that are the wallet's own, hex. */
  readonly #own: ReadonlySet<string>;
  readonly #ids: TransactionId[] = [];
  readonly #acts: DeviceAct[] = [];
  /** Whatever a device signed, by transaction: an adversary may hold it, whatever the device said. */
  readonly #signed = new Map<TransactionId, Seen>();
  /** Those of them that the station handed out. */
  readonly #released = new Set<TransactionId>();
  /** Which set of withdrawals each anchor was for when it was taken. */
  readonly #anchors = new Map<string, string>();

  private constructor(of: BitcoinStation, customers: readonly Customer[]) {
    this.#of = of;
    this.#customers = customers;
    const wallet = of.wallet();
    this.#outpoints = coins.map((one) => outpointOf(wallet, one));
    this.#own = new Set([0, 1, 2, 3].map((index) => toHex(placeAt(wallet, 1, index).script)));
    of.station.signer.behaviour = (permit, signed) => this.#device(permit, signed);
  }

  static async open(): Promise<OnePayment> {
    const of = await BitcoinStation.open({
      operators: { delays: { thaw: '1m' } },
      policy: (d) => d.replace('nonce_window: 4', 'nonce_window: 8'),
    });
    return new OnePayment(of, await of.customers(accounts));
  }

  close(): Promise<void> {
    return this.#of.close();
  }

  async run(command: Command): Promise<void> {
    this.#of.station.time.pass(1_000);
    await this.#do(command);
    await this.#of.station.settle();
    this.#look();
  }

  /** What an auditor finds at the end: nothing. */
  audited(): Finding[] {
    const findings: Finding[] = [];
    const { file, stateKey } = this.#of.station;
    audit({ file, stateKey }, (finding) => findings.push(finding));
    return findings;
  }

  async #do(command: Command): Promise<void> {
    const { station } = this.#of;
    switch (command.do) {
      case 'authorize':
        return this.#ask('authorize', () => this.#authorize(command.withdrawal));
      case 'cancel':
        return this.#ask('cancel', () => station.custody.withdrawals.cancel(nameOf(command.withdrawal)));
      case 'retry':
        return this.#ask('retry', async () => {
          const newest = this.#newestOf(command.withdrawal);
          return newest && station.custody.transactions.retry(newest);
        });
      case 'sign':
        return this.#ask(kindOf(command.of), () => this.#sign(command.of));
      case 'race':
        await Promise.all([command.of, command.and].map((of) => this.#ask('race', () => this.#sign(of))));
        return;
      case 'void':
        return this.#ask('void', () => this.#void(command.withdrawal, command.fee, command.acts));
      case 'confirm':
        return this.#ask('confirm', async () => {
          const newest = this.#newestOf(command.withdrawal);
          const id = command.newest ? newest : newest && (station.custody.transactions.get(newest).replaces ?? newest);
          return id && station.operators.act(quorum, 'void', `confirmed:${id}`);
        });
      case 'freeze':
        return this.#ask('freeze', () => station.operators.sign('olivia', 'freeze', 'station', 'a test'));
      case 'thaw':
        return this.#ask('thaw', () => this.#thaw());
      case 'restart':
        return station.restart();
      case 'wake':
        return station.wake();
      case 'pass':
        station.time.pass(command.hours * 3_600_000);
        return station.running.timekeeper.sweep();
    }
  }

  /** A refusal is an answer like another; anything else that is thrown is the station's mistake. */
  async #ask(what: string, ask: () => Promise<unknown>): Promise<void> {
    const end = await ask().then(
      (answer) => (answer === undefined ? 'nothing to ask' : 'done'),
      (error: unknown) => {
        if (error instanceof Refusal) return error.reason;
        throw error;
      },
    );
    this.ended.set(`${what}: ${end}`, (this.ended.get(`${what}: ${end}`) ?? 0) + 1);
  }

  async #thaw(): Promise<unknown> {
    const { station } = this.#of;
    const view = await station.operators.act(quorum, 'thaw', 'station');
    await station.deliver();
    station.time.pass(61_000);
    await station.running.timekeeper.tick();
    return view;
  }

  async #prepared(index: number): Promise<Authorization> {
    const { on, account, amount } = of(index);
    const customer = this.#customers[account];
    if (customer === undefined) throw new Error('no such customer');
    const asked =
      on === 'bitcoin'
        ? { amount, asset: bitcoin, destination: destinationOf(index), maxFee: 200_000n }
        : { amount, asset: ether };
    const { intent } = await customer.prepare(nameOf(index), asked);
    return { intent: intent.bytes, attestations: [customer.attest(intent.digest)] };
  }

  async #authorize(index: number): Promise<unknown> {
    return this.#of.station.custody.withdrawals.authorize(await this.#prepared(index));
  }

  async #sign(asking: Asking): Promise<TransactionRecord> {
    const { station } = this.#of;
    const pays = asking.pays.filter((index) => of(index).on === asking.on);
    const payments = (asking.payments ?? pays).filter((index) => of(index).on === asking.on);
    const authorizations: Authorization[] = [];
    for (const index of asking.inline ? pays : []) {
      if (station.store.read('withdrawals', nameOf(index)) === undefined)
        authorizations.push(await this.#prepared(index));
    }
    const [first] = pays;
    const bound = first === undefined ? undefined : station.store.read('withdrawals', nameOf(first))?.anchor;
    const anchored = asking.anchored ? (bound ?? undefined) : undefined;
    const unsigned =
      asking.on === 'bitcoin' ? this.#psbt(asking, payments, anchored) : this.#raw(asking, payments, anchored);
    this.#acts.push(...asking.acts);
    const record = await station.custody.transactions.sign({
      wallet: asking.on === 'bitcoin' ? this.#of.wallet().id : walletId,
      unsigned,
      pays: pays.map(nameOf),
      replaces: this.#replaced(asking.replaces, first),
      authorizations,
    });
    this.#permitted(record);
    return record;
  }

  #replaced(which: Asking['replaces'], withdrawal: number | undefined): TransactionId | undefined {
    const newest = withdrawal === undefined ? undefined : this.#newestOf(withdrawal);
    return which === 'none' ? undefined : which === 'newest' ? newest : this.#ids[0];
  }

  #psbt({ spends, fee }: Asking, payments: readonly number[], anchored: string | undefined): Uint8Array {
    const own = anchored === undefined ? -1 : this.#outpoints.indexOf(anchored);
    const chosen = coins.filter((_, n) => n === own || spends.includes(n));
    const total = chosen.reduce((sum, { amount }) => sum + amount, 0n);
    const paid = payments.reduce((sum, index) => sum + of(index).amount, 0n);
    return this.#of.psbt({
      coins: chosen,
      outputs: [
        ...payments.map((index) => to(destinationOf(index), of(index).amount)),
        { index: fee % 3, amount: total - paid - feeOf(fee) },
      ],
    });
  }

  #raw({ spends, fee }: Asking, payments: readonly number[], anchored: string | undefined): Uint8Array {
    const [index] = payments;
    const nonce = anchored === undefined ? (spends[0] ?? 0) : Number(anchored.slice('nonce:'.length));
    const value = index === undefined ? 5n : of(index).amount;
    return this.#of.station.payment({ nonce, value, maxFeePerGas: 20n * 10n ** 9n + BigInt(fee) * 10n ** 9n });
  }

  async #void(index: number, fee: number, acts: readonly DeviceAct[]): Promise<unknown> {
    const { station } = this.#of;
    const newest = this.#newestOf(index);
    const record = newest === undefined ? undefined : station.custody.transactions.get(newest);
    if (record === undefined) return undefined;
    const anchor = coins[this.#outpoints.indexOf(record.anchor)];
    const wallet = this.#of.wallet();
    const own = station.policy.wallets.get(walletId)?.address.slice(chain.length + 1) as `0x${string}`;
    const unsigned =
      anchor === undefined
        ? station.payment({
            nonce: Number(record.anchor.slice('nonce:'.length)),
            to: own,
            value: 0n,
            maxFeePerGas: 40n * 10n ** 9n + BigInt(fee) * 10n ** 9n,
          })
        : this.#of.psbt({ coins: [anchor], outputs: [{ index: 3, amount: anchor.amount - feeOf(fee + 6) }] });
    this.#acts.push(...acts);
    const id = record.wallet === wallet.id || record.wallet === walletId ? record.id : undefined;
    const view = await station.operators.act(quorum, 'void', `transaction:${id ?? ''}`, unsigned);
    for (const version of [...station.store.find('transactionsOpen', record.wallet)]) this.#permitted(version);
    return view;
  }

  #newestOf(index: number): TransactionId | undefined {
    const { store } = this.#of.station;
    const withdrawal = store.read('withdrawals', nameOf(index));
    if (withdrawal?.wallet == null || withdrawal.anchor === null) return undefined;
    return store.read('anchors', withdrawal.wallet, withdrawal.anchor)?.transaction;
  }

  /** B7: what is permitted spends no anchor but its own; and an anchor's set never changes. */
  #permitted(record: TransactionRecord): void {
    if (this.#ids.includes(record.id)) return;
    this.#ids.push(record.id);
    const what = `permitted: ${record.kind}${record.replaces === null ? '' : ' in another’s place'}`;
    this.ended.set(what, (this.ended.get(what) ?? 0) + 1);
    const { spends } = this.#read(record);
    for (const spent of spends) {
      const set = this.#anchors.get(`${record.wallet} ${spent}`) ?? record.paymentSet;
      if (set !== record.paymentSet)
        this.problems.add(`B7: ${record.id} spends the anchor ${spent} of another payment`);
    }
    if (!spends.includes(record.anchor)) this.problems.add(`I4: ${record.id} does not spend its anchor`);
    this.#anchors.set(`${record.wallet} ${record.anchor}`, record.paymentSet);
  }

  /** Read with other libraries than the station's. */
  #read({ id, wallet, unsigned }: Pick<TransactionRecord, 'id' | 'wallet' | 'unsigned'>): Seen {
    if (wallet === walletId) {
      const { nonce = 0, value = 0n } = parseTransaction(`0x${toHex(unsigned)}`);
      const index = withdrawals.findIndex(({ on, amount }) => on === 'ethereum' && amount === value);
      return {
        id,
        on: 'ethereum',
        spends: [`nonce:${nonce}`],
        pays: value === 0n ? [] : [index < 0 ? undefined : index],
      };
    }
    const { inputs, outputs } = RawTx.decode(unsigned);
    const foreign = outputs.filter(({ script }) => !this.#own.has(toHex(script)));
    return {
      id,
      on: 'bitcoin',
      spends: inputs.map(({ txid, index }) => `outpoint:${toHex(txid)}:${index}`),
      pays: foreign.map(({ amount, script }) => {
        const index = withdrawals.findIndex(
          (one, i) => one.on === 'bitcoin' && one.amount === amount && toHex(scriptOf(i)) === toHex(script),
        );
        return index < 0 ? undefined : index;
      }),
    };
  }

  async #device(permit: Permit, signed: Outcome): Promise<Outcome> {
    const act = this.#acts.shift() ?? 'signs';
    const { transaction: id, unsigned } = permit;
    if (act === 'declines') return { kind: 'declined', reason: 'device-refused', message: 'no' };
    this.#signed.set(id, this.#read({ id, wallet: permit.wallet.id, unsigned }));
    if (act === 'times-out') return { kind: 'uncertain', reason: 'device-timeout', message: 'late' };
    if (act === 'signs-under-freeze') await this.#of.station.operators.sign('olivia', 'freeze', 'station', 'a test');
    return signed;
  }

  #look(): void {
    for (const id of this.#ids) this.#looked(this.#of.station.custody.transactions.get(id));
    const signed = [...this.#signed.values()];
    for (const [i, one] of signed.entries()) {
      for (const other of signed.slice(i + 1)) {
        const conflict = one.on === other.on && one.spends.some((spent) => other.spends.includes(spent));
        const twice = conflict ? [] : one.pays.filter((index) => other.pays.includes(index));
        if (twice.length > 0)
          this.problems.add(`I4: ${one.id} and ${other.id} could both confirm, and both pay ${twice.join(', ')}`);
      }
    }
  }

  #looked(record: TransactionRecord): void {
    const { id, signed, pays } = record;
    if (!this.#signed.has(id) && signed !== null) this.problems.add(`I1: ${id} was released, and no device had it`);
    if (signed === null || this.#released.has(id)) return;
    this.#released.add(id);
    const bytes = record.wallet === walletId ? record.unsigned : Transaction.fromRaw(signed, lenient).unsignedTx;
    const made = this.#read({ ...record, unsigned: bytes }).pays.map((index) =>
      index === undefined ? '?' : nameOf(index),
    );
    if (made.sort().join() !== [...pays].sort().join())
      this.problems.add(`I2: ${id} pays ${made.join(', ')}, and was approved for ${pays.join(', ')}`);
    if (!transactionStates.includes(record.state)) this.problems.add(`${id} is ${record.state}`);
    this.ended.set(`released: ${record.kind}`, (this.ended.get(`released: ${record.kind}`) ?? 0) + 1);
  }
}

const lenient = { allowUnknownOutputs: true, allowUnknownInputs: true } as const;

function kindOf({ on, replaces, pays }: Asking): string {
  return `${on} ${replaces === 'none' ? 'sign' : 'replace'}${pays.length > 1 ? ' batch' : ''}`;
}

const feeOf = (fee: number): bigint => 5_000n + 1_000n * BigInt(fee);

function of(index: number): (typeof withdrawals)[number] {
  const found = withdrawals[index];
  if (found === undefined) throw new Error(`no withdrawal ${index}`);
  return found;
}

const nameOf = (index: number) => `w-${index}` as TransactionRecord['pays'][number] as never;

function destinationOf(index: number) {
  return of(index).account === 0 ? payees.wpkh : payees.tr;
}

function scriptOf(index: number): Uint8Array {
  return of(index).account === 0 ? recipients.wpkh : recipients.tr;
}
