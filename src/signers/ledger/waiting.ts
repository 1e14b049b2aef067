import type { Reason, Wallet, WalletId } from '../../domain/index.ts';
import type { Readiness } from '../signer.ts';
import type { Timers } from '../timers.ts';

export interface WaitingOptions {
  readonly timers: Timers;
  /** How often they are asked for again, ms. */
  readonly poll: number;
  /** Whether a device is at work, perhaps under review: never queue up behind it. */
  readonly busy: () => boolean;
  readonly check: (wallet: Wallet) => Promise<Readiness>;
  /** The state of one is another than it was. */
  readonly news: () => void;
}

/** The wallets whose device wasn't ready when it was last asked for: asks for it again and again. */
export class Waiting {
  readonly #options: WaitingOptions;
  readonly #wallets = new Map<WalletId, { readonly wallet: Wallet; readonly reason: Reason }>();
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** What a wallet's device said last. */
  note(wallet: Wallet, readiness: Readiness): void {
    if (readiness.ready) this.#wallets.delete(wallet.id);
    else this.#wallets.set(wallet.id, { wallet, reason: readiness.reason });
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #schedule(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#wallets.size === 0 || this.#closed) return;
    this.#cancel = this.#options.timers.after(this.#options.poll, () => void this.#askAgain());
  }

  async #askAgain(): Promise<void> {
    if (this.#options.busy()) return this.#schedule();
    let news = false;
    for (const { wallet, reason } of [...this.#wallets.values()]) {
      const readiness = await this.#options.check(wallet);
      news ||= readiness.ready || readiness.reason !== reason;
    }
    if (news) this.#options.news();
  }
}
