import { Refusal, type TransactionId, type TransactionRecord, transactionId, type WalletId } from '../domain/index.ts';
import { walletAllowed } from '../gate/policy/clients.ts';
import type { Authorization, ClientTransactions, TransactionRequest, Unwatch, Watcher } from './custody.ts';
import type { Refusals } from './refusals.ts';
import type { Station } from './station.ts';
import { askedTransaction, type TransactionDesk } from './transactions.ts';

/**
 * The transactions of a station as one client may have them: those of wallets that policy allows it, as policy is at each question.
 * The desk is asked in the same turn, and decides nothing if another policy takes effect before its decision.
 */
export class WalletScope implements ClientTransactions {
  readonly #client: string;
  readonly #station: Station;
  readonly #refusals: Refusals;
  readonly #desk: TransactionDesk;

  /** `client`: the name in a withdrawal service's certificate. */
  constructor(client: string, station: Station, refusals: Refusals, desk: TransactionDesk) {
    this.#client = client;
    this.#station = station;
    this.#refusals = refusals;
    this.#desk = desk;
  }

  allow(wallet: WalletId): void {
    if (!walletAllowed(this.#station.policy.clients, this.#client, wallet))
      throw new Refusal('wallet-not-allowed', `policy does not allow ${this.#client} the wallet ${wallet}`);
  }

  async explain(request: TransactionRequest): ReturnType<TransactionDesk['explain']> {
    this.allow(request.wallet);
    return this.#desk.explain(request);
  }

  async sign(
    request: TransactionRequest & { readonly authorizations: readonly Authorization[] },
  ): Promise<TransactionRecord> {
    const { wallet, pays } = request;
    return (
      this.#decided(wallet, transactionId(wallet, request.unsigned), pays) ?? this.#desk.sign(request, this.#client)
    );
  }

  async retry(id: TransactionId): Promise<TransactionRecord> {
    const { wallet, pays } = this.#desk.get(id);
    return this.#decided(wallet, id, pays) ?? this.#desk.retry(id, this.#client);
  }

  get(id: TransactionId): TransactionRecord {
    const record = this.#desk.get(id);
    this.allow(record.wallet);
    return record;
  }

  watch(ids: readonly TransactionId[], watcher: Watcher<TransactionRecord>): Unwatch {
    for (const id of ids) this.get(id);
    return this.#desk.watch(ids, watcher);
  }

  /** Nothing where the wallet is allowed; else its refusal, once it is journalled. */
  #decided(wallet: WalletId, id: TransactionId, pays: readonly string[]): Promise<never> | undefined {
    try {
      this.allow(wallet);
      return undefined;
    } catch (error) {
      return this.#refusals.told(this.#station, askedTransaction(id, wallet, pays, this.#client), error);
    }
  }
}
