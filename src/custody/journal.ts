import { parseInstant, Refusal, type WallMs, type WithdrawalId } from '../domain/index.ts';
import type { CheckpointSigner } from '../journal/checkpoint-signer.ts';
import { parseLeaf } from '../journal/leaf.ts';
import { consistencyProof } from '../journal/merkle.ts';
import { formatVerifierKey } from '../journal/note.ts';
import { type Tile, tilePath, tileWidth } from '../journal/tiles.ts';
import type { Store } from '../store/store.ts';
import type { Journal, Unwatch } from './custody.ts';
import { type Head, Heads } from './heads.ts';
import { receiptOf } from './receipt.ts';
import type { Station } from './station.ts';
import { WitnessDesk } from './witnesses.ts';

/** The log, as others see it: signed heads, entries, proofs, receipts. Signing is outside any commit. */
export class JournalDesk implements Journal {
  readonly verifierKey: string;
  readonly #station: Station;
  readonly #heads: Heads;
  readonly witnesses: WitnessDesk;

  /** The newest of the log's keys first. */
  constructor(station: Station, signers: readonly CheckpointSigner[]) {
    const [newest] = signers;
    if (newest === undefined) throw new Error('the journal has no key: name one in the config');
    this.#station = station;
    this.verifierKey = formatVerifierKey(newest.verifier);
    // Never over a root that someone else's hand made: what is signed once can't be taken back.
    this.#heads = new Heads(signers, () => station.reading(() => station.store.head()));
    this.witnesses = new WitnessDesk(station, this.#heads, newest.origin);
  }

  size(): number {
    return this.#station.store.size;
  }

  async checkpoint(consistentWith: number | undefined): Promise<{ note: string; proof: readonly Uint8Array[] }> {
    const { note, size } = await this.#heads.now(this.size());
    if (consistentWith === undefined) return { note, proof: [] };
    if (consistentWith > size) {
      throw new Refusal('not-found', `the journal has ${size} entries, fewer than the ${consistentWith} asked about`);
    }
    return { note, proof: consistencyProof(consistentWith, size, this.#station.store.log.readNode) };
  }

  head(): Promise<Head> {
    return this.#heads.now(this.size());
  }

  tile(tile: Tile): Uint8Array {
    const { log, size } = this.#station.store;
    const most = tileWidth(tile, size);
    if (tile.width > most) {
      throw new Refusal('not-found', `${tilePath(tile)} has ${most} of them in a journal of ${size} entries`);
    }
    return log.tile(tile);
  }

  entries(from: number, limit: number): { index: number; leaf: Uint8Array }[] {
    const to = Math.min(from + limit, this.size());
    return [...this.#station.store.log.leaves(from, to)].map(({ index, bytes }) => ({ index, leaf: bytes }));
  }

  onGrowth(listener: () => void): Unwatch {
    return this.#station.store.onCommit(() => listener());
  }

  async receipt(withdrawal: WithdrawalId): Promise<Uint8Array> {
    // What it tells of is read first: the checkpoint then covers all of it.
    const prove = this.#station.reading(() => receiptOf(this.#station, withdrawal));
    const head = await this.#heads.now(this.size());
    return this.#station.reading(() => prove(head));
  }
}

/** When the station was founded, by the wall clock of then: its first entry. */
export function foundedAt(store: Pick<Store, 'log'>): WallMs {
  const first = store.log.leaf(0);
  if (first === undefined) throw new Error('journal entry 0 is gone: restore the journal from a backup');
  return parseInstant(parseLeaf(first).time, 'time');
}
