import { type Hex, hexToBytes, serializeTransaction } from 'viem';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { type EmulatedStation, startEmulatedStation } from '../../simulators/demo/emulated-station.ts';
import { AdmissionAuthority } from '../../simulators/exchange/admission-authority.ts';
import { Courier } from '../../simulators/exchange/courier.ts';
import { Customer } from '../../simulators/exchange/customer.ts';
import { enrol } from '../../simulators/exchange/enrol.ts';
import { requestSignature } from '../../simulators/exchange/sign.ts';
import { call, connect } from '../../simulators/exchange/station-client.ts';
import { whitelist } from '../../simulators/exchange/whitelist.ts';
import { withdraw } from '../../simulators/exchange/withdraw.ts';
import { DestinationServiceClient } from '../../src/generated/portcullis/v1/destination.ts';
import { FactorServiceClient, FactorServiceService } from '../../src/generated/portcullis/v1/factor.ts';
import {
  type Transaction,
  TransactionServiceClient,
  TransactionServiceService,
  type TransactionState,
} from '../../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceClient } from '../../src/generated/portcullis/v1/withdrawal.ts';

export const chainId = 11_155_111;
export const oneEther = 10n ** 18n;
const address: Hex = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
/** Who is paid on Ethereum: the address that customers list (CAIP-10). */
export const payee = `eip155:${chainId}:${address}`;
const aDay = 24 * 60 * 60 + 1;

/** A real Speculos to test against, if the environment names one; else the emulator. */
export const speculos = process.env['SPECULOS_ETH_URL'];

/** The same of a Speculos with Ledger's own app Bitcoin Test. */
export const bitcoinSpeculos = process.env['SPECULOS_BTC_URL'];

/** Unsigned bytes that pay one Ether to the address that customers list. */
export function transferOf(nonce: number): Uint8Array {
  return hexToBytes(
    serializeTransaction({
      type: 'eip1559',
      chainId,
      nonce,
      gas: 21_000n,
      maxFeePerGas: 20_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      to: address,
      value: oneEther,
    }),
  );
}

/** A station as a process of its own, and an exchange that calls it over gRPC: the whole road, nothing reached into. */
export class Exchange {
  readonly station: EmulatedStation;
  readonly withdrawals: WithdrawalServiceClient;
  readonly transactions: TransactionServiceClient;
  readonly #factors: FactorServiceClient;
  readonly #destinations: DestinationServiceClient;
  readonly courier: Courier;
  readonly notices: string[] = [];
  readonly #nonces = new Map<string, number>();

  constructor(station: EmulatedStation) {
    const service = { role: 'withdrawals', name: 'service' } as const;
    this.station = station;
    this.withdrawals = connect(WithdrawalServiceClient, station, service);
    this.transactions = connect(TransactionServiceClient, station, service);
    this.#factors = connect(FactorServiceClient, station, service);
    this.#destinations = connect(DestinationServiceClient, station, service);
    this.courier = new Courier(station, (notice) => {
      this.notices.push(notice.text);
    });
  }

  /** `options`: further ones of `portcullis dev`. */
  static async open(...options: readonly string[]): Promise<Exchange> {
    const ledger = speculos === undefined ? [] : ['--ledger', speculos];
    const bitcoin = bitcoinSpeculos === undefined ? [] : ['--bitcoin-ledger', bitcoinSpeculos];
    return new Exchange(await startEmulatedStation(`eip155:${chainId}`, ...ledger, ...bitcoin, ...options));
  }

  async close(): Promise<void> {
    this.courier.close();
    for (const client of [this.withdrawals, this.transactions, this.#factors, this.#destinations]) client.close();
    await this.station.close();
  }

  /** A customer with a ripe passkey and a ripe address. */
  async customer(account: string): Promise<Customer> {
    const [customer] = await this.customers({ [account]: this.destination });
    if (customer === undefined) throw new Error('nobody was enrolled');
    return customer;
  }

  /** Customers with ripe passkeys, and a ripe address each (CAIP-10), by account. */
  async customers(addresses: Readonly<Record<string, string>>): Promise<Customer[]> {
    const { key, issuer, kid } = this.station.admission;
    const authority = new AdmissionAuthority(key, issuer, kid);
    const { origin } = this.station;
    const now = await this.station.pass(0);
    const customers = Object.keys(addresses).map((account) => new Customer(account, new Authenticator({ origin })));
    for (const customer of customers) await enrol(this.#factors, customer, authority, now);
    await this.courier.empty();
    await this.station.pass(aDay);
    for (const customer of customers) {
      const entry = `entry-${customer.account}`;
      await whitelist(this.#destinations, customer, entry, addresses[customer.account] ?? '', 'my wallet');
    }
    await this.courier.empty();
    await this.station.pass(aDay);
    return customers;
  }

  /** What the device of an account's owner makes on the approval page, as RegistrationResponseJSON; nobody vouches for it. */
  async registration(account: string): Promise<string> {
    const options = { account, paymentConfirmation: false, kind: 'webauthn' };
    const { creationOptionsJson } = await call(this.#factors, FactorServiceService.beginEnrollment, options);
    return new Customer(account, new Authenticator({ origin: this.station.origin })).create(creationOptionsJson);
  }

  get destination(): string {
    return payee;
  }

  /** Authorizes a withdrawal of one Ether and asks for a signature that pays it, at the wallet's next nonce. */
  async pay(customer: Customer, id: string, wallet = this.station.wallet.id): Promise<Transaction> {
    await withdraw(this.withdrawals, customer, {
      id,
      asset: `eip155:${chainId}/slip44:60`,
      amount: oneEther.toString(),
      destination: this.destination,
      maxFee: (oneEther / 1000n).toString(),
    });
    const nonce = this.#nonces.get(wallet) ?? 0;
    this.#nonces.set(wallet, nonce + 1);
    return requestSignature(this.transactions, wallet, this.transfer(nonce), [id]);
  }

  transfer(nonce: number): Uint8Array {
    return transferOf(nonce);
  }

  /** Unsigned hex that pays nothing to the wallet itself, for more than a transfer at the same nonce. */
  nothing(own: Hex, nonce: number): Hex {
    const fees = { maxFeePerGas: 30_000_000_000n, maxPriorityFeePerGas: 2_000_000_000n };
    return serializeTransaction({ type: 'eip1559', chainId, nonce, gas: 21_000n, ...fees, to: own, value: 0n });
  }

  async get(id: string): Promise<Transaction> {
    const { transaction } = await call(this.transactions, TransactionServiceService.getTransaction, {
      transactionId: id,
    });
    if (transaction === undefined) throw new Error('no transaction in the answer');
    return transaction;
  }

  /** Watches until the transaction is in this state, and for this reason if one is given. */
  async until(id: string, state: TransactionState, blockedBy?: string): Promise<Transaction> {
    const stream = this.transactions.watchTransactions({ transactionIds: [id] });
    try {
      for await (const { transaction } of stream) {
        if (transaction?.state === state && (blockedBy === undefined || transaction.blockedBy === blockedBy)) {
          return transaction;
        }
      }
    } finally {
      stream.cancel();
    }
    throw new Error(`the station stopped telling of ${id}`);
  }
}

/** The device, through Speculos' own interface. */
export class Device {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async screen(): Promise<string> {
    const answer = await fetch(`${this.#url}/events?currentscreenonly=true`);
    const { events } = (await answer.json()) as { events: { text: string }[] };
    return events.map((e) => e.text).join('\n');
  }

  press(button: 'left' | 'right' | 'both'): Promise<unknown> {
    return fetch(`${this.#url}/button/${button}`, {
      method: 'POST',
      body: JSON.stringify({ action: 'press-and-release' }),
    });
  }

  /** Walks a review to its end and signs, or rejects. Returns the screens that it saw. */
  async review(decision: 'Sign transaction' | 'Reject transaction'): Promise<string[]> {
    const seen: string[] = [];
    for (;;) {
      const screen = await this.#next(seen.at(-1) ?? '');
      if (screen.includes('app is ready')) continue;
      seen.push(screen);
      await this.press(screen === decision ? 'both' : 'right');
      if (screen === decision) return seen;
    }
  }

  /** Makes something go wrong; the emulator only. */
  async fault(kind: string, details: Record<string, unknown> = {}): Promise<void> {
    const answer = await fetch(`${this.#url}/faults`, { method: 'POST', body: JSON.stringify({ kind, ...details }) });
    if (!answer.ok) throw new Error(`no fault ${kind}: ${await answer.text()}`);
  }

  async mend(): Promise<void> {
    await fetch(`${this.#url}/faults`, { method: 'DELETE' });
  }

  async #next(last: string): Promise<string> {
    for (let tries = 0; tries < 3_000; tries++) {
      const screen = await this.screen();
      if (screen !== '' && screen !== last) return screen;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the screen still shows ${JSON.stringify(last)}`);
  }
}
