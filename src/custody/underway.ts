import type { TransactionId, TransactionState } from '../domain/index.ts';
import type { Outcome, Signer } from '../signers/signer.ts';
import type { Permit } from '../store/permit.ts';
import type { Reliance } from '../store/reliance.ts';
import type { Attempts } from './attempts.ts';
import type { Station } from './station.ts';

/** What is before a device now, for this process: one attempt at a time for each transaction, and its end, recorded once. */
export class Underway {
  readonly #station: Station;
  readonly #attempts: () => Attempts;
  readonly #before = new Set<TransactionId>();
  /** How attempts ended that the store could not record yet: a person is not asked twice because a disk was full. */
  readonly #unrecorded = new Map<TransactionId, Outcome>();

  constructor(station: Station, attempts: () => Attempts) {
    this.#station = station;
    this.#attempts = attempts;
  }

  has(id: TransactionId): boolean {
    return this.#before.has(id);
  }

  begin(id: TransactionId): void {
    this.#before.add(id);
  }

  done(id: TransactionId): void {
    this.#before.delete(id);
  }

  /** Has a signer sign. Whatever it throws leaves a signature possible. */
  async sign(signer: Signer, permit: Permit): Promise<Outcome> {
    try {
      return await signer.sign(permit);
    } catch (error) {
      this.#station.log('signer-failed', { signer: signer.name, error: String(error) });
      return { kind: 'uncertain', reason: 'signer-failed', message: String(error) };
    }
  }

  /** Records how an attempt ended, or keeps that for when it can be recorded. */
  async end(id: TransactionId, outcome: Outcome, reliance?: Reliance): Promise<TransactionState> {
    this.#unrecorded.set(id, outcome);
    const state = await this.#attempts().end(id, outcome, reliance);
    this.#unrecorded.delete(id);
    return state;
  }

  /** Of a transaction that is SENT with nobody at it: how that ended could not be recorded, or is not known. */
  async endLost(id: TransactionId): Promise<TransactionState> {
    const message = 'the station stopped while the device had it';
    const lost: Outcome = { kind: 'uncertain', reason: 'device-lost', message };
    this.begin(id);
    try {
      return await this.end(id, this.#unrecorded.get(id) ?? lost);
    } finally {
      this.done(id);
    }
  }
}
