import { Refusal, signersOf, type TransactionId, type Wallet } from '../domain/index.ts';
import type { Outcome, Readiness, Signer } from '../signers/signer.ts';
import type { Permit } from '../store/permit.ts';
import type { Reliance } from '../store/reliance.ts';
import type { Rests } from './rests.ts';
import type { Station } from './station.ts';
import type { Underway } from './underway.ts';

/** As many permits as wait for one signer's turn; what comes then is left to the dispatch's line. */
const mostWaiting = 512;

/** It waits for the dispatch, by which it is judged again. */
function unsent(reason: 'device-lost' | 'changed-meanwhile'): Outcome {
  return { kind: 'uncertain', reason, message: 'nothing was sent: it is to be judged again first' };
}

type Unready = Extract<Readiness, { ready: false }>;

/** A permit on its way to a signer. */
interface Carried {
  readonly permit: Permit;
  readonly reliance: Reliance;
}

/** One automatic signer's permits. */
interface Lane {
  readonly signer: Signer;
  readonly waiting: Carried[];
  /** How many it has now. */
  taken: number;
}

/**
 * Takes permits straight from their commit to signers that ask nobody (design §4: for these, being permitted already counts as
 * possibly sent, so that one commit does both). Whatever does not end here, by a signature or a clear no, is found again by
 * the dispatch as any other.
 */
export class AutomaticLane {
  readonly #station: Station;
  readonly #underway: Underway;
  readonly #rests: Rests;
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #isReady: (wallet: Wallet, signer: string) => boolean;
  readonly #stands: (id: TransactionId) => boolean;
  readonly #failed: (wallet: Wallet, signer: string, why: Unready) => void;
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  /**
   * `isReady`: what a signer said when it was last asked. `stands`: whether every rule lets a transaction go on, by what is read now.
   * `failed`: told of one that did not sign, or whose end could not be
   * recorded; until it is asked again, it is not ready.
   */
  constructor(
    parts: { readonly station: Station; readonly underway: Underway; readonly rests: Rests },
    signers: Iterable<Signer>,
    isReady: (wallet: Wallet, signer: string) => boolean,
    stands: (id: TransactionId) => boolean,
    failed: (wallet: Wallet, signer: string, why: Unready) => void,
  ) {
    this.#station = parts.station;
    this.#underway = parts.underway;
    this.#rests = parts.rests;
    this.#isReady = isReady;
    this.#stands = stands;
    this.#failed = failed;
    this.#lanes = new Map(
      [...signers]
        .filter((signer) => !signer.attended)
        .map((signer) => [signer.name, { signer, waiting: [], taken: 0 }]),
    );
  }

  /** The signer that would take a wallet's next permit at once; undefined where the dispatch's line is the way. */
  takes(wallet: Wallet): string | undefined {
    const [name, second] = signersOf(wallet);
    if (this.#closed || name === undefined || second !== undefined) return undefined;
    const lane = this.#lanes.get(name);
    if (lane === undefined || lane.waiting.length >= mostWaiting) return undefined;
    return this.#isReady(wallet, name) ? name : undefined;
  }

  /** Called within the commit that permits it: from then on nobody else takes it for lost. */
  expect(id: TransactionId): void {
    this.#underway.begin(id);
  }

  /** That commit failed, or permitted nothing. */
  expectNot(id: TransactionId): void {
    this.#underway.done(id);
  }

  carry(permit: Permit, reliance: Reliance): void {
    const lane = this.#lanes.get(permit.signer);
    if (lane === undefined) throw new Error(`${permit.signer} is no automatic signer`);
    lane.waiting.push({ permit, reliance });
    this.#go(lane);
  }

  /** Whether nothing is on its way. */
  get idle(): boolean {
    return this.#running.size === 0;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#running]);
  }

  close(): void {
    this.#closed = true;
  }

  #go(lane: Lane): void {
    while (lane.taken < lane.signer.concurrency) {
      const next = lane.waiting.shift();
      if (next === undefined) return;
      lane.taken++;
      const run = this.#carry(lane.signer, next).finally(() => {
        lane.taken--;
        this.#running.delete(run);
        this.#go(lane);
      });
      this.#running.add(run);
    }
  }

  async #carry(signer: Signer, { permit, reliance }: Carried): Promise<void> {
    const { transaction: id, wallet } = permit;
    try {
      const outcome = this.#standing(id, reliance) ?? (await this.#underway.sign(signer, permit));
      const state = await this.#underway.end(id, outcome, reliance);
      if (state === 'UNCERTAIN') this.#rests.begin(id, signer.name);
      if (outcome.kind === 'uncertain' && outcome.reason !== 'changed-meanwhile')
        this.#failed(wallet, signer.name, { ready: false, reason: outcome.reason, message: outcome.message });
      // A wrong signature is no sign of health (S7).
      if (outcome.kind === 'signed' && state !== 'UNCERTAIN') this.#rests.wake(signer.name);
    } catch (error) {
      this.#station.log('dispatch-failed', { signer: signer.name, transaction: id, error: String(error) });
      const message = 'how it ended could not be recorded';
      this.#failed(wallet, signer.name, { ready: false, reason: 'storage-failed', message });
    } finally {
      reliance.release();
      this.#underway.done(id);
    }
  }

  /**
   * The second reading of what the permit relied on (design §4): nothing is to be read where none of it was written since; else every
   * rule is, here and now. Undefined where it may be sent.
   */
  #standing(id: TransactionId, reliance: Reliance): Outcome | undefined {
    if (this.#closed) return unsent('device-lost');
    return reliance.stands || this.#standsYet(id) ? undefined : unsent('changed-meanwhile');
  }

  #standsYet(id: TransactionId): boolean {
    try {
      return this.#stands(id);
    } catch (error) {
      // What can't be judged any more is told by the dispatch, which meets it again.
      if (error instanceof Refusal) return false;
      throw error;
    }
  }
}
