// A reference model of who may have what happen, written from design §1, §3 and §4 and from nothing else. It is one-sided: it says
// what nobody could have been allowed, whatever the station decides. So the station may refuse more than it does, never less.

/** What a policy says about money and about people, as far as the model goes. Times in ms, amounts in wei. */
export interface Terms {
  readonly quorum: number;
  readonly people: readonly string[];
  readonly recovery: { readonly quorum: number; readonly people: readonly string[] };
  readonly delays: Readonly<Record<Ripening, number>>;
  /** How long an act waits for its quorum. */
  readonly openFor: number;
  /** The most that one payment may be. */
  readonly ceiling: bigint;
  readonly limits: readonly ModelLimit[];
  readonly bands: readonly { readonly above: bigint; readonly operators: number }[];
  readonly denied: readonly string[];
  /** The station's own wallets and the operators' list. */
  readonly treasury: readonly string[];
  readonly evacuation: readonly string[];
}

export type Ripening = 'factor' | 'destination' | 'policy' | 'thaw' | 'reinstate';

export interface ModelLimit {
  readonly scope: 'account' | 'asset' | 'station' | 'wallet';
  /** How long its window is, ms. */
  readonly window: number;
  readonly most: bigint;
  readonly hold: boolean;
}

/** Something that ripens: `w0` and `d0` are those of its notice's acknowledgement. */
interface Ripens {
  w0: number | undefined;
  d0: number;
  readonly epoch: number;
  gone: boolean;
}

interface ModelFactor extends Ripens {
  readonly account: string;
  readonly by: string | undefined;
}

interface ModelEntry extends Ripens {
  readonly account: string;
  readonly destination: string;
  readonly by: string;
}

export interface Asked {
  readonly id: string;
  readonly account: string;
  readonly destination: string;
  readonly amount: bigint;
}

interface ModelWithdrawal extends Asked {
  readonly entry: string;
  readonly factor: string;
  readonly epoch: number;
  readonly at: number;
  readonly payBy: number;
  /** How many operators have to approve it. */
  readonly needed: number;
  ended: boolean;
  voided: boolean;
  nonce: number | undefined;
}

/** What an act asks for, as whoever prepared it knew it. */
export type ActMeaning =
  | { readonly does: 'thaw'; readonly scope: string; readonly instance: number }
  | { readonly does: 'reinstate'; readonly name: string; readonly instance: number }
  | { readonly does: 'policy'; readonly hash: string; readonly terms: Terms }
  | { readonly does: 'approve'; readonly withdrawal: string }
  | { readonly does: 'transfer' | 'void'; readonly bytes: string }
  | { readonly does: 'confirmed'; readonly bytes: string }
  | { readonly does: 'acknowledge'; readonly instance: number }
  | { readonly does: 'vouch'; readonly ms: number }
  | { readonly does: 'epoch' }
  | { readonly does: 'tighten' };

export interface ModelAct {
  readonly meaning: ActMeaning;
  readonly base: string;
  openedAt: number;
  /** It had its quorum once: then it no longer ends for want of one. */
  full: boolean;
  signers: Set<string>;
  w0: number | undefined;
  d0: number;
}

/** Bytes that a device could be asked to sign, as they were offered. */
export interface Offered {
  readonly kind: 'payment' | 'transfer' | 'void';
  readonly nonce: number;
  readonly to: string;
  readonly value: bigint;
  /** The withdrawals that a payment was asked for. */
  readonly pays: readonly string[];
  /** The nonces of what a void was said to void. */
  readonly voids: ReadonlySet<number>;
}

/** Why not; undefined where it may be. */
type Objection = string | undefined;

const intentLife = 5 * 60_000;
const payByMost = 24 * 3_600_000;

export class ActsModel {
  /** Time that passed, and what a quorum vouched for: the station never witnessed more. */
  w = 0;
  /** A machine's clock that jumped, until a quorum says that it is right. */
  suspect = false;
  clockInstance = 0;
  epoch = 0;
  terms: Terms;
  hash: string;
  readonly factors = new Map<string, ModelFactor>();
  readonly entries = new Map<string, ModelEntry>();
  readonly withdrawals = new Map<string, ModelWithdrawal>();
  readonly freezes = new Map<string, { active: boolean; instance: number }>();
  readonly suspended = new Map<string, { active: boolean; instance: number }>();
  readonly acts = new Map<string, ModelAct>();
  /** Who signed what took effect and counts on: approvals by withdrawal, moves by bytes. */
  readonly #lasting = new Map<string, Set<string>>();
  readonly offered = new Map<string, Offered>();
  /** Bytes that a device saw, in order. */
  readonly seen: string[] = [];
  /** What each nonce belongs to for ever: withdrawals, or the bytes of a transfer. */
  readonly nonces = new Map<number, string>();
  readonly permitted: { readonly at: number; readonly amount: bigint }[] = [];

  constructor(hash: string, terms: Terms) {
    this.hash = hash;
    this.terms = terms;
  }

  pass(ms: number): void {
    this.w += ms;
  }

  // What customers do.

  /** `by`: the factor that attested it; undefined where the admission authority vouched for an account's first. */
  enrolled(factor: string, account: string, by: string | undefined): Objection {
    const first = ![...this.factors.values()].some((known) => known.account === account);
    this.factors.set(factor, { account, by, w0: undefined, d0: 0, epoch: this.epoch, gone: false });
    if (by === undefined) return first ? undefined : `A10: ${account} had a factor, and another came without it`;
    return this.#ripe(this.factors.get(by), 'factor', `A8: factor ${by}`);
  }

  /** Whether a customer's destination may enter: its factor has to be ripe. */
  listed(entry: string, account: string, destination: string, by: string): Objection {
    const objection =
      this.#ripe(this.factors.get(by), 'factor', `factor ${by}`) ?? this.#stopped(['station', `account:${account}`]);
    this.entries.set(entry, { account, destination, by, w0: undefined, d0: 0, epoch: this.epoch, gone: false });
    return objection;
  }

  delivered(kind: 'factor' | 'destination', id: string): void {
    const found = kind === 'factor' ? this.factors.get(id) : this.entries.get(id);
    if (found === undefined || found.w0 !== undefined) return;
    found.w0 = this.w;
    found.d0 = this.terms.delays[kind];
  }

  removed(entry: string): void {
    const found = this.entries.get(entry);
    if (found !== undefined) found.gone = true;
  }

  /** I3, A14: what it attested and is not ripe goes with it, and what it authorized and is not on its way. */
  revoked(factor: string): void {
    const found = this.factors.get(factor);
    if (found === undefined || found.gone) return;
    found.gone = true;
    for (const [id, other] of this.factors) {
      if (other.by === factor && this.#ripe(other, 'factor', '') !== undefined) this.revoked(id);
    }
    for (const entry of this.entries.values()) {
      if (entry.by === factor && this.#ripe(entry, 'destination', '') !== undefined) entry.gone = true;
    }
    for (const withdrawal of this.withdrawals.values()) if (withdrawal.factor === factor) this.ended(withdrawal.id);
  }

  /** A customer's objection: whatever ripens and waits of theirs ends. The freeze comes of itself. */
  reported(account: string): void {
    for (const ripens of [...this.factors.values(), ...this.entries.values()]) {
      const kind = 'destination' in ripens ? 'destination' : 'factor';
      if (ripens.account === account && this.#ripe(ripens, kind, '') !== undefined) ripens.gone = true;
    }
    for (const withdrawal of this.withdrawals.values()) if (withdrawal.account === account) this.ended(withdrawal.id);
  }

  /** It ends unpaid, if no transaction was permitted for it. */
  ended(id: string): void {
    const withdrawal = this.withdrawals.get(id);
    if (withdrawal !== undefined && withdrawal.nonce === undefined) withdrawal.ended = true;
  }

  /** A withdrawal was authorized: with this factor's genuine assertion over an intent prepared at `preparedAt`, if any. */
  authorized(asked: Asked, by: { readonly factor: string; readonly preparedAt: number } | undefined): Objection {
    const { id, account, destination, amount } = asked;
    if (by === undefined) return `I1: ${id} was authorized without its owner’s own evidence`;
    const listed = [...this.entries].filter(
      ([, e]) =>
        e.account === account && e.destination === destination && this.#ripe(e, 'destination', '') === undefined,
    );
    const [entry] = listed.at(-1) ?? [''];
    const factor = this.factors.get(by.factor);
    const { held, objection } = this.#withinLimits(account, amount);
    const bands = this.terms.bands.filter((band) => amount > band.above).map((band) => band.operators);
    this.withdrawals.set(id, {
      ...asked,
      entry,
      factor: by.factor,
      epoch: this.epoch,
      at: this.w,
      payBy: by.preparedAt + payByMost,
      needed: Math.max(0, ...bands, held ? this.terms.quorum : 0),
      ended: false,
      voided: false,
      nonce: undefined,
    });
    return (
      objection ??
      this.#fresh(by.preparedAt) ??
      this.#clock() ??
      (factor?.account === account ? undefined : `A8: ${by.factor} is not ${account}’s`) ??
      this.#ripe(factor, 'factor', `I3: factor ${by.factor}`) ??
      (listed.length > 0 ? undefined : `D1, D2: ${destination} is not on ${account}’s list, or not ripe`) ??
      (amount <= this.terms.ceiling ? undefined : `${amount} is above the ceiling of one payment`) ??
      this.#denied(destination) ??
      this.#stopped(scopesOf(asked))
    );
  }

  #withinLimits(account: string, amount: bigint): { readonly held: boolean; readonly objection: Objection } {
    let held = false;
    for (const limit of this.terms.limits) {
      if (limit.scope === 'wallet') continue;
      const counted = [...this.withdrawals.values()].filter(
        (w) => !w.ended && w.at > this.w - limit.window && (limit.scope !== 'account' || w.account === account),
      );
      const sum = counted.reduce((total, w) => total + w.amount, amount);
      if (sum <= limit.most) continue;
      if (!limit.hold) return { held, objection: `S3: ${sum} is above the ${limit.scope}’s ${limit.most}` };
      held = true;
    }
    return { held, objection: undefined };
  }

  // What operators do.

  frozen(scope: string): void {
    const before = this.freezes.get(scope);
    this.freezes.set(scope, { active: true, instance: (before?.instance ?? 0) + 1 });
  }

  suspend(name: string): void {
    const before = this.suspended.get(name);
    this.suspended.set(name, { active: true, instance: (before?.instance ?? 0) + 1 });
  }

  /** An operator's own genuine signature under an act, over an intent prepared at `preparedAt`. */
  signed(key: string, name: string, preparedAt: number, meaning: ActMeaning, base: string): void {
    if (this.#fresh(preparedAt) !== undefined || this.suspended.get(name)?.active === true) return;
    const known = this.acts.get(key);
    const act = known ?? { meaning, base, openedAt: this.w, signers: new Set(), full: false, w0: undefined, d0: 0 };
    // Without its quorum in time it is void: whoever signs then begins anew.
    if (!act.full && this.w >= act.openedAt + this.terms.openFor) {
      act.signers = new Set();
      act.openedAt = this.w;
    }
    act.signers.add(name);
    act.full ||= this.#quorum(act.signers, this.#needed(meaning), meaning);
    this.acts.set(key, act);
  }

  actDelivered(key: string): void {
    const act = this.acts.get(key);
    if (act === undefined || act.w0 !== undefined) return;
    act.w0 = this.w;
    act.d0 = this.#delayOf(act.meaning) ?? 0;
  }

  /** One operator refused it, or it ended: only new signatures make it another. */
  actEnded(key: string): void {
    this.acts.delete(key);
  }

  /** It took effect: what it was for has it once. */
  actDone(key: string): void {
    const act = this.acts.get(key);
    this.acts.delete(key);
    const about = act && lastingOf(act.meaning);
    if (act === undefined || about === undefined) return;
    this.#lasting.set(about, new Set([...(this.#lasting.get(about) ?? []), ...act.signers]));
  }

  /** Everyone whose signature may count for it. */
  #signersOf(about: string): Set<string> {
    const open = [...this.acts.values()].filter(({ meaning }) => lastingOf(meaning) === about);
    return new Set([...(this.#lasting.get(about) ?? []), ...open.flatMap(({ signers }) => [...signers])]);
  }

  /** Whether an act may take effect at this moment. */
  takes(key: string): Objection {
    const act = this.acts.get(key);
    if (act === undefined) return `S5: nobody signed ${key}`;
    const { meaning } = act;
    if (meaning.does === 'tighten') return undefined;
    if (act.base !== this.hash) return `S11: ${key} rests on another policy`;
    const needed = this.#needed(meaning);
    if (!this.#quorum(act.signers, needed, meaning)) return `S5, S11: ${key} has no quorum in good standing`;
    if (this.suspect && !this.#onlyTightens(meaning)) return `D3: ${key} on a suspect clock`;
    const delay = this.#delayOf(meaning);
    if (delay === undefined) return undefined;
    if (act.w0 === undefined) return `I3: ${key} was never announced`;
    const left = act.w0 + Math.max(act.d0, delay) - this.w;
    return left <= 0 ? undefined : `I3: ${key} took effect ${left} ms too soon`;
  }

  /** Whether some act about exactly this may take effect now. */
  anyTakes(about: (meaning: ActMeaning) => boolean): Objection {
    const keys = [...this.acts].filter(([, act]) => about(act.meaning)).map(([key]) => key);
    const objections = keys.map((key) => this.takes(key));
    return objections.includes(undefined) ? undefined : (objections[0] ?? 'nobody signed for it');
  }

  lifted(scope: string): Objection {
    const { instance = 0 } = this.freezes.get(scope) ?? {};
    const objection = this.anyTakes((m) => m.does === 'thaw' && m.scope === scope && m.instance === instance);
    this.freezes.set(scope, { active: false, instance });
    return objection && `a thaw of ${scope}: ${objection}`;
  }

  reinstated(name: string): Objection {
    const { instance = 0 } = this.suspended.get(name) ?? {};
    const objection = this.anyTakes((m) => m.does === 'reinstate' && m.name === name && m.instance === instance);
    this.suspended.set(name, { active: false, instance });
    return objection && `the reinstatement of ${name}: ${objection}`;
  }

  adopted(hash: string): Objection {
    const objection = this.anyTakes((m) => m.does === 'policy' && m.hash === hash);
    const found = [...this.acts.values()].find(({ meaning }) => meaning.does === 'policy' && meaning.hash === hash);
    if (found?.meaning.does === 'policy') {
      this.terms = found.meaning.terms;
      this.hash = hash;
    }
    return objection && `policy ${hash}: ${objection}`;
  }

  /** What may take effect on a suspect clock: what says that it is right again, and what only stops. */
  #onlyTightens(meaning: ActMeaning): boolean {
    if (meaning.does === 'policy') return !loosens(this.terms, meaning.terms);
    return meaning.does === 'acknowledge' || meaning.does === 'epoch';
  }

  #needed(meaning: ActMeaning): number {
    if (meaning.does === 'approve') return Math.max(1, this.withdrawals.get(meaning.withdrawal)?.needed ?? 0);
    return this.terms.quorum;
  }

  #delayOf(meaning: ActMeaning): number | undefined {
    const { delays } = this.terms;
    if (meaning.does === 'thaw') return delays.thaw;
    if (meaning.does === 'reinstate') return delays.reinstate;
    if (meaning.does !== 'policy' || !loosens(this.terms, meaning.terms)) return undefined;
    return Math.max(delays.policy, meaning.terms.delays.policy);
  }

  #quorum(signers: ReadonlySet<string>, needed: number, meaning: ActMeaning): boolean {
    const { people, recovery } = this.terms;
    const count = (of: readonly string[]): number =>
      of.filter((name) => signers.has(name) && this.suspended.get(name)?.active !== true).length;
    if (count(people) >= needed) return true;
    return (meaning.does === 'reinstate' || meaning.does === 'policy') && count(recovery.people) >= recovery.quorum;
  }

  // What reaches a device, and what comes out.

  /** A transaction was permitted: it takes its nonce for ever. */
  permit(bytes: string): Objection {
    const offered = this.offered.get(bytes);
    if (offered === undefined) return 'I2: nobody asked for these bytes';
    const objection = this.#anchor(offered, bytes);
    if (objection !== undefined) return objection;
    if (this.nonces.has(offered.nonce)) return undefined;
    this.nonces.set(offered.nonce, ownerOf(offered, bytes));
    if (offered.kind !== 'payment') return undefined;
    for (const id of offered.pays) {
      const withdrawal = this.withdrawals.get(id);
      if (withdrawal === undefined) continue;
      withdrawal.nonce = offered.nonce;
      if (this.w >= withdrawal.payBy) return `${id} is first permitted after its pay_by`;
    }
    for (const limit of this.terms.limits) {
      if (limit.scope !== 'wallet') continue;
      const counted = this.permitted.filter((p) => p.at > this.w - limit.window);
      const sum = counted.reduce((total, p) => total + p.amount, offered.value);
      if (sum > limit.most) return `S3: ${sum} is above the wallet’s ${limit.most}`;
    }
    this.permitted.push({ at: this.w, amount: offered.value });
    return undefined;
  }

  #anchor(offered: Offered, bytes: string): Objection {
    const owner = this.nonces.get(offered.nonce);
    if (offered.kind === 'void')
      return offered.voids.has(offered.nonce)
        ? undefined
        : `I4: a void of ${[...offered.voids].join()} spends ${offered.nonce}`;
    if (owner !== undefined && owner !== ownerOf(offered, bytes)) return `I4: ${offered.nonce} belongs to ${owner}`;
    for (const id of offered.pays) {
      const nonce = this.withdrawals.get(id)?.nonce;
      if (nonce !== undefined && nonce !== offered.nonce) return `I4: ${id} is bound to ${nonce}, not ${offered.nonce}`;
    }
    return undefined;
  }

  /** Bytes come before a device. */
  sends(bytes: string): Objection {
    const offered = this.offered.get(bytes);
    if (offered === undefined) return 'I2: nobody asked for the bytes that a device saw';
    this.seen.push(bytes);
    return this.#anchor(offered, bytes) ?? this.#clock() ?? this.#may(offered, bytes);
  }

  /** Its signed form is shown to the client. */
  releases(bytes: string): Objection {
    const offered = this.offered.get(bytes);
    if (offered === undefined) return 'I2: nobody asked for the bytes that were released';
    return this.#may(offered, bytes);
  }

  #may(offered: Offered, bytes: string): Objection {
    const wallet = ['station', 'wallet:hot-1', 'chain:eip155:31337'];
    if (offered.kind !== 'payment') {
      const { kind, to } = offered;
      if (!this.#quorum(this.#signersOf(`move ${bytes}`), this.terms.quorum, { does: kind, bytes }))
        return `I1: a ${kind} without a quorum in good standing`;
      if (!this.terms.treasury.includes(to)) return `I1: a ${kind} to ${to}`;
      if (kind === 'transfer' && this.terms.evacuation.includes(to)) return undefined;
      return this.#stopped([...wallet, ...(offered.value > 0n ? ['asset:ether', `destination:${to}`] : [])]);
    }
    const [id, ...more] = offered.pays;
    const withdrawal = id === undefined ? undefined : this.withdrawals.get(id);
    if (withdrawal === undefined || more.length > 0) return 'I1: a payment that nobody authorized';
    if (withdrawal.amount !== offered.value || withdrawal.destination !== offered.to)
      return `I2: ${id} is not what these bytes pay`;
    if (withdrawal.ended) return `I4: ${id} had ended`;
    if (withdrawal.epoch !== this.epoch) return `A9: ${id} is of an epoch that was ended`;
    const entry = this.entries.get(withdrawal.entry);
    const approved = this.#signersOf(`approval ${withdrawal.id}`);
    if (!this.#quorum(approved, withdrawal.needed, { does: 'approve', withdrawal: withdrawal.id }))
      return `S5: ${id} lacks the approval of ${withdrawal.needed} in good standing`;
    return (
      this.#ripe(entry, 'destination', `D1, D2: the destination of ${id}`) ??
      this.#ripe(this.factors.get(withdrawal.factor), 'factor', `the factor of ${id}`) ??
      this.#denied(withdrawal.destination) ??
      this.#stopped([...wallet, ...scopesOf(withdrawal)])
    );
  }

  // The parts that everything rests on.

  #ripe(ripens: Ripens | undefined, kind: 'factor' | 'destination', what: string): Objection {
    if (ripens === undefined) return `${what} is unknown`;
    if (ripens.gone) return `${what} is gone`;
    if (ripens.epoch !== this.epoch) return `${what} is of an epoch that was ended`;
    if (ripens.w0 === undefined) return `${what} was never announced`;
    const left = ripens.w0 + Math.max(ripens.d0, this.terms.delays[kind]) - this.w;
    return left <= 0 ? undefined : `${what} ripens in ${left} ms`;
  }

  #stopped(scopes: readonly string[]): Objection {
    const stops = scopes.find((scope) => this.freezes.get(scope)?.active === true);
    return stops === undefined ? undefined : `S12: ${stops} is frozen`;
  }

  #fresh(preparedAt: number): Objection {
    return this.w < preparedAt + intentLife ? undefined : 'A4: the intent had expired';
  }

  #clock(): Objection {
    return this.suspect ? 'D3: on a suspect clock' : undefined;
  }

  #denied(destination: string): Objection {
    return this.terms.denied.includes(destination) ? `${destination} is denied` : undefined;
  }
}

/** Whether anything in it lets more out, or sooner, than before: design §3, I3. */
export function loosens(was: Terms, will: Terms): boolean {
  const kinds: readonly Ripening[] = ['factor', 'destination', 'policy', 'thaw', 'reinstate'];
  return (
    kinds.some((kind) => will.delays[kind] < was.delays[kind]) ||
    will.quorum < was.quorum ||
    will.ceiling > was.ceiling ||
    was.denied.some((address) => !will.denied.includes(address)) ||
    was.limits.some(
      (old) =>
        !will.limits.some(
          (l) => l.scope === old.scope && l.window >= old.window && l.most <= old.most && (!l.hold || old.hold),
        ),
    ) ||
    was.bands.some((old) => !will.bands.some((band) => band.above <= old.above && band.operators >= old.operators))
  );
}

function ownerOf(offered: Offered, bytes: string): string {
  if (offered.kind === 'payment') return `payment ${offered.pays.join(' ')}`;
  return offered.kind === 'transfer' ? `transfer ${offered.to} ${offered.value}` : `void ${bytes}`;
}

function lastingOf(meaning: ActMeaning): string | undefined {
  if (meaning.does === 'approve') return `approval ${meaning.withdrawal}`;
  return meaning.does === 'transfer' || meaning.does === 'void' ? `move ${meaning.bytes}` : undefined;
}

/** Freezes that stop a withdrawal. The model knows one asset. */
function scopesOf({ account, destination }: Pick<Asked, 'account' | 'destination'>): string[] {
  return ['station', `account:${account}`, 'asset:ether', 'chain:eip155:31337', `destination:${destination}`];
}
