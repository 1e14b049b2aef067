import { parseInstant, Refusal, type WallMs, type WithdrawalId } from '../domain/index.ts';
import { signCheckpoint } from '../journal/checkpoint.ts';
import { parseLeaf } from '../journal/leaf.ts';
import { consistencyProof } from '../journal/merkle.ts';
import type { NoteSigner } from '../journal/note.ts';
import type { Store } from '../store/store.ts';
import type { Journal, Unwatch } from './custody.ts';
import { receiptOf } from './receipt.ts';
import type { Station } from './station.ts';

/** The log, as others see it: signed heads, entries, proofs, receipts. Signing is outside any commit. */
export class JournalDesk implements Journal {
  readonly verifierKey: string;
  readonly #station: Station;
  readonly #signer: NoteSigner;
  readonly #origin: string;
  #head: { size: number; note: string } | undefined;

  constructor(station: Station, origin: string, signer: NoteSigner, verifierKey: string) {
    this.#station = station;
    this.#origin = origin;
    this.#signer = signer;
    this.verifierKey = verifierKey;
  }

  size(): number {
    return this.#station.store.size;
  }

  checkpoint(consistentWith: number | undefined): { note: string; proof: readonly Uint8Array[] } {
    const { store } = this.#station;
    const { log, size } = store;
    let head = this.#head;
    if (head?.size !== size) {
      // Never over a root that someone else's hand made: what is signed once can't be taken back.
      const { root } = this.#station.reading(() => store.head());
      head = { size, note: signCheckpoint({ origin: this.#origin, size, root, extensions: [] }, this.#signer) };
      this.#head = head;
    }
    if (consistentWith === undefined) return { note: head.note, proof: [] };
    if (consistentWith > size) {
      throw new Refusal('not-found', `the journal has ${size} entries, fewer than the ${consistentWith} asked about`);
    }
    return { note: head.note, proof: consistencyProof(consistentWith, size, log.readNode) };
  }

  entries(from: number, limit: number): { index: number; leaf: Uint8Array }[] {
    const to = Math.min(from + limit, this.size());
    return [...this.#station.store.log.leaves(from, to)].map(({ index, bytes }) => ({ index, leaf: bytes }));
  }

  onGrowth(listener: () => void): Unwatch {
    return this.#station.store.onCommit(() => listener());
  }

  receipt(withdrawal: WithdrawalId): Uint8Array {
    return this.#station.reading(() =>
      receiptOf(this.#station, withdrawal, this.checkpoint(undefined).note, this.size()),
    );
  }
}

/** When the station was founded, by the wall clock of then: its first entry. */
export function foundedAt(store: Pick<Store, 'log'>): WallMs {
  const first = store.log.leaf(0);
  if (first === undefined) throw new Error('journal entry 0 is gone: restore the journal from a backup');
  return parseInstant(parseLeaf(first).time, 'time');
}
