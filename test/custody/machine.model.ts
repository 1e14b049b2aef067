// A reference model of design §4, written from its text and from nothing else: what a withdrawal and a transaction go
// through, which requests are refused and why, and what an adversary could get confirmed on the chain. Ethereum, one wallet.

/** What the device does with one transaction, the next time that it sees it. */
export type DeviceAct = 'signs' | 'declines' | 'times-out' | 'answers-wrongly' | 'signs-under-freeze';

export interface ModelWithdrawal {
  readonly id: string;
  readonly account: string;
  /** Names the payment: withdrawals with the same one can't be told apart by bytes. */
  readonly payment: string;
  readonly payBy: number;
  state: 'AUTHORIZED' | 'COMMITTED' | 'SIGNED' | 'CANCELLED' | 'EXPIRED';
  /** The nonce that it is bound to for ever. */
  nonce: number | undefined;
}

export interface ModelTransaction {
  /** Names wallet and bytes. */
  readonly id: string;
  readonly pays: string;
  readonly payment: string;
  readonly nonce: number;
  /** Compared with others', no more. */
  readonly fee: number;
  readonly replaces: string | undefined;
  readonly permittedAt: number;
  state: 'PERMITTED' | 'SIGNED' | 'WITHHELD' | 'DECLINED' | 'UNCERTAIN' | 'REPLACED';
  /** A device saw it, so an adversary may hold a signed version whatever the device said. */
  seen: boolean;
  readonly acts: DeviceAct[];
}

export interface SignRequest {
  readonly id: string;
  readonly pays: string;
  readonly payment: string;
  readonly nonce: number;
  readonly fee: number;
  readonly replaces: string | undefined;
}

/** A refusal's reason, or undefined where the model says that it is done. */
type Answer = string | undefined;

const nonceWindow = 4;
const payByMost = 24 * 3_600_000;

export class Model {
  now: number;
  readonly withdrawals = new Map<string, ModelWithdrawal>();
  readonly transactions = new Map<string, ModelTransaction>();
  /** The newest transaction at each nonce, and the one withdrawal that the nonce belongs to. */
  readonly nonces = new Map<number, { owner: string; newest: string }>();
  /** Accounts whose one factor was revoked: frozen from then on. */
  readonly revoked = new Set<string>();
  readonly frozen = new Set<'station' | 'wallet'>();
  /** Whether the device is there. */
  plugged = true;
  /** Whether the station will ask the device again by itself. */
  timer = false;
  /** Transactions whose last attempt ended uncertain: until the station has reason to ask again, they wait. */
  readonly resting = new Set<string>();
  #nextNonce = 0;
  #woken = false;

  constructor(now: number) {
    this.now = now;
  }

  authorize(id: string, account: string, payment: string): Answer {
    if (this.withdrawals.has(id)) return 'withdrawal-id-reused';
    if (this.frozen.has('station') || this.revoked.has(account)) return 'frozen';
    const payBy = this.now + payByMost;
    this.withdrawals.set(id, { id, account, payment, payBy, state: 'AUTHORIZED', nonce: undefined });
    return undefined;
  }

  cancel(id: string): Answer {
    const withdrawal = this.withdrawals.get(id);
    if (withdrawal === undefined) return 'not-found';
    if (withdrawal.state === 'CANCELLED') return undefined;
    if (withdrawal.state !== 'AUTHORIZED') return 'withdrawal-not-cancellable';
    withdrawal.state = 'CANCELLED';
    return undefined;
  }

  revoke(account: string): void {
    this.revoked.add(account);
    for (const w of this.withdrawals.values()) {
      if (w.account === account && w.state === 'AUTHORIZED') w.state = 'CANCELLED';
    }
  }

  pass(ms: number): void {
    this.now += ms;
  }

  /** The station's own sweep of what was never paid. */
  sweep(): void {
    for (const w of this.withdrawals.values()) {
      if (w.state === 'AUTHORIZED' && w.payBy <= this.now) w.state = 'EXPIRED';
    }
  }

  /** Decides only; the device is another step. */
  sign(request: SignRequest, acts: readonly DeviceAct[]): Answer {
    if (this.transactions.has(request.id)) return undefined;
    const refused = this.#refuses(request);
    if (refused !== undefined) return refused;
    const { id, pays, payment, nonce, fee, replaces } = request;
    const withdrawal = this.withdrawals.get(pays);
    if (withdrawal === undefined) throw new Error('the model approved what it does not know');
    if (withdrawal.state === 'AUTHORIZED') withdrawal.state = 'COMMITTED';
    withdrawal.nonce = nonce;
    const old = replaces === undefined ? undefined : this.transactions.get(replaces);
    if (old !== undefined) old.state = 'REPLACED';
    this.nonces.set(nonce, { owner: pays, newest: id });
    this.#nextNonce = Math.max(this.#nextNonce, nonce + 1);
    const permittedAt = this.now;
    this.transactions.set(id, {
      id,
      pays,
      payment,
      nonce,
      fee,
      replaces,
      permittedAt,
      state: 'PERMITTED',
      seen: false,
      acts: [...acts],
    });
    return undefined;
  }

  #refuses({ pays, payment, nonce, fee, replaces }: SignRequest): Answer {
    const withdrawal = this.withdrawals.get(pays);
    if (withdrawal === undefined) return 'withdrawal-unknown';
    if (this.frozen.size > 0 || this.revoked.has(withdrawal.account)) return 'frozen';
    if (withdrawal.payment !== payment) return 'amount-mismatch';
    if (withdrawal.nonce !== undefined && withdrawal.nonce !== nonce) return 'anchor-taken';
    const claimed = this.nonces.get(nonce);
    if (claimed === undefined) {
      if (replaces !== undefined) return 'replacement-differs';
      if (withdrawal.state !== 'AUTHORIZED') return 'withdrawal-not-payable';
      if (nonce >= this.#nextNonce + nonceWindow) return 'nonce-out-of-window';
      if (withdrawal.payBy <= this.now) return 'pay-by-passed';
    } else {
      if (claimed.owner !== pays) return 'nonce-used';
      if (replaces !== claimed.newest) return 'replacement-missing';
      const old = this.transactions.get(claimed.newest);
      const { state } = old ?? { state: 'PERMITTED' };
      if (state !== 'SIGNED' && state !== 'DECLINED' && state !== 'UNCERTAIN') return 'replacement-in-flight';
      // Nodes may hold what was released, and every version after it outbid it.
      const least = state === 'SIGNED' ? (old?.fee ?? 0) + 1 : old?.replaces === undefined ? 0 : old.fee;
      if (fee < least) return 'replacement-underpriced';
    }
    return undefined;
  }

  retry(id: string, acts: readonly DeviceAct[]): Answer {
    const transaction = this.transactions.get(id);
    if (transaction === undefined) return 'not-found';
    if (transaction.state !== 'DECLINED') return 'transaction-not-retryable';
    transaction.state = 'PERMITTED';
    transaction.acts.push(...acts);
    return undefined;
  }

  /** The station goes through whatever is open, oldest first. */
  work(): void {
    this.#woken = false;
    const open = [...this.transactions.values()]
      .filter((t) => t.state === 'PERMITTED' || t.state === 'UNCERTAIN' || t.state === 'WITHHELD')
      .sort((a, b) => a.permittedAt - b.permittedAt || (a.id < b.id ? -1 : 1));
    for (const transaction of open) if (!this.resting.has(transaction.id)) this.#attempt(transaction);
    // A signature showed that the device is well: what rested is tried again.
    if (this.#woken) this.work();
  }

  #wakeRested(): void {
    this.#woken ||= this.resting.size > 0;
    this.resting.clear();
  }

  /** The station has reason to ask the device again, for whatever waits. */
  workAnew(): void {
    this.resting.clear();
    this.work();
  }

  #attempt(transaction: ModelTransaction): void {
    const withdrawal = this.withdrawals.get(transaction.pays);
    if (withdrawal === undefined) throw new Error('a transaction without its withdrawal');
    const allowed = (): boolean => this.frozen.size === 0 && !this.revoked.has(withdrawal.account);
    const release = (): void => {
      transaction.state = allowed() ? 'SIGNED' : 'WITHHELD';
      if (transaction.state === 'SIGNED') withdrawal.state = 'SIGNED';
    };
    if (transaction.state === 'WITHHELD') {
      release();
      return;
    }
    if (!this.plugged) {
      this.timer = true;
      return;
    }
    if (!allowed()) return;
    transaction.seen = true;
    switch (transaction.acts.shift() ?? 'signs') {
      case 'signs':
        this.#wakeRested();
        release();
        return;
      case 'signs-under-freeze':
        this.frozen.add('station');
        this.#wakeRested();
        release();
        return;
      case 'declines':
        transaction.state = 'DECLINED';
        return;
      case 'answers-wrongly':
        this.frozen.add('wallet');
        transaction.state = 'UNCERTAIN';
        this.resting.add(transaction.id);
        this.timer = true;
        return;
      case 'times-out':
        transaction.state = 'UNCERTAIN';
        this.resting.add(transaction.id);
        this.timer = true;
    }
  }
}

/** A version of a payment that an adversary may hold signed. */
export interface Version {
  readonly nonce: number;
  readonly pays: string;
}

/**
 * The adversary's chain: whatever may have been signed may be broadcast, in any order; at each nonce one version confirms.
 * Returns the most times that each withdrawal can be paid, over all that the adversary can do.
 */
export function mostPaid(versions: readonly Version[]): Map<string, number> {
  const nonces = new Map<string, Set<number>>();
  for (const { nonce, pays } of versions) nonces.set(pays, (nonces.get(pays) ?? new Set()).add(nonce));
  // The adversary chooses freely at each nonce, so each nonce that has a version for a withdrawal can pay it once.
  return new Map([...nonces].map(([pays, at]) => [pays, at.size]));
}
