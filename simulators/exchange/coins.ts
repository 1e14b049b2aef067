import { Transaction } from '@scure/btc-signer';
import type { Place, WatchedWallet } from './watched-wallet.ts';

/** An output of the wallet's. */
export interface Coin {
  /** As people write it. */
  readonly txid: string;
  readonly vout: number;
  /** Satoshi. */
  readonly amount: bigint;
  readonly place: Place;
  /**
   * The whole transaction that made it. A signature of segwit version 0 commits to the amount of its own input only, so a signer
   * believes no amount without it (CVE-2020-14199), and the station demands it.
   */
  readonly previous: Uint8Array;
}

const lenient = { allowUnknownOutputs: true, allowUnknownInputs: true, disableScriptCheck: true } as const;

/** How many addresses of a branch are looked at beyond the last that was paid, as wallets do (BIP-44). */
const gap = 20;

/**
 * The wallet's unspent outputs, as this service keeps them: a node or an indexer tells it of transactions. A real one keeps
 * them in its database, counts confirmations, and gives a coin back when the transaction that reserved it was replaced.
 */
export class Coins {
  readonly #wallet: WatchedWallet;
  readonly #unspent = new Map<string, Coin>();
  readonly #reserved = new Set<string>();
  /** By branch, the first index that nothing was paid to. */
  readonly #next = { 0: 0, 1: 0 };

  constructor(wallet: WatchedWallet) {
    this.#wallet = wallet;
  }

  /** Takes in a transaction that was seen: what it spends is gone, what it pays to the wallet is there. */
  saw(raw: Uint8Array): void {
    const transaction = Transaction.fromRaw(raw, lenient);
    for (let i = 0; i < transaction.inputsLength; i++) {
      const { txid, index } = transaction.getInput(i);
      if (txid !== undefined) this.#unspent.delete(`${Buffer.from(txid).toString('hex')}:${index}`);
    }
    for (let vout = 0; vout < transaction.outputsLength; vout++) {
      const { script, amount } = transaction.getOutput(vout);
      const place = script === undefined ? undefined : this.#placeOf(script);
      if (place === undefined || amount === undefined) continue;
      this.#next[place.branch] = Math.max(this.#next[place.branch], place.index + 1);
      const { id: txid } = transaction;
      this.#unspent.set(`${txid}:${vout}`, { txid, vout, amount, place, previous: raw });
    }
  }

  /** Unspent, and in no transaction that was asked for. */
  get free(): readonly Coin[] {
    return [...this.#unspent].filter(([name]) => !this.#reserved.has(name)).map(([, coin]) => coin);
  }

  /** Puts coins aside for a transaction, so that no other spends them. */
  reserve(coins: readonly Coin[]): void {
    for (const { txid, vout } of coins) this.#reserved.add(`${txid}:${vout}`);
  }

  /** Where the next change goes: one address for each transaction. The station lets it lie `change_gap` ahead at most. */
  get nextChange(): Place {
    return this.#wallet.place(1, this.#next[1]);
  }

  #placeOf(script: Uint8Array): Place | undefined {
    for (const branch of [0, 1] as const)
      for (let index = 0; index < this.#next[branch] + gap; index++) {
        const place = this.#wallet.place(branch, index);
        if (Buffer.compare(place.script, script) === 0) return place;
      }
    return undefined;
  }
}
