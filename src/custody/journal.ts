import { Malformed, parseInstant, Refusal, type WallMs, type WithdrawalId } from '../domain/index.ts';
import type { CheckpointSigner } from '../journal/checkpoint-signer.ts';
import { parseLeaf } from '../journal/leaf.ts';
import { consistencyProof } from '../journal/merkle.ts';
import { formatVerifierKey, type NoteVerifier, parseVerifierKey } from '../journal/note.ts';
import { type Tile, tilePath, tileWidth } from '../journal/tiles.ts';
import { JournalBehind } from '../store/failure.ts';
import { standingOf } from '../store/published.ts';
import type { Store } from '../store/store.ts';
import type { Journal, Unwatch } from './custody.ts';
import { behindRefusal } from './freeze.ts';
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
  readonly #verifiers: readonly NoteVerifier[];
  readonly #keep: (note: Uint8Array) => void;

  /** The newest of the log's keys first. */
  constructor(
    station: Station,
    signers: readonly CheckpointSigner[],
    published?: { readonly keys: readonly string[]; readonly keep: (note: Uint8Array) => void },
  ) {
    const [newest] = signers;
    if (newest === undefined) throw new Error('the journal has no key: name one in the config');
    this.#station = station;
    this.verifierKey = formatVerifierKey(newest.verifier);
    // Never over a root that someone else's hand made: what is signed once can't be taken back.
    this.#heads = new Heads(signers, () => station.reading(() => station.store.head()));
    this.witnesses = new WitnessDesk(station, this.#heads, newest.origin);
    this.#verifiers = published?.keys.map((key) => parseVerifierKey(key)) ?? signers.map(({ verifier }) => verifier);
    this.#keep = published?.keep ?? (() => {});
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

  hold(note: Uint8Array): number {
    const { store } = this.#station;
    const { origin } = this.#station.look({}).station;
    const own = { origin, size: store.size, readNode: store.log.readNode };
    const standing = standingOf(note, 'what was handed in', own, this.#verifiers);
    if (standing.stands === 'goes-on') return standing.size;
    if (standing.stands === 'unproven') throw new Malformed('checkpoint', standing.message);
    if (standing.stands === 'former')
      throw new Malformed('checkpoint', `it is of ${standing.checkpoint.origin}, from before the station was restored`);
    const behind = new JournalBehind(standing.message);
    // The next start has to find it, too.
    if (store.behind === undefined) this.#keep(note);
    this.#station.fallBehind(behind);
    throw behindRefusal(behind);
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
