import type { HeadRecord } from '../domain/index.ts';
import { type CheckpointSigner, signedCheckpoint } from '../journal/checkpoint-signer.ts';
import { sameBytes } from '../journal/hash.ts';

/** A signed head of the journal. */
export interface Head {
  /** The log's. */
  readonly origin: string;
  readonly size: number;
  /** RFC 9162, 32 bytes. */
  readonly root: Uint8Array;
  /** The checkpoint: a C2SP signed note. */
  readonly note: string;
}

/**
 * The journal's checkpoints. One is signed at a time, of the journal as it is then, and whoever asks meanwhile waits for the one
 * after it: so an answer covers whatever was durable when it was asked for, and a slow signer is not asked once a caller.
 */
export class Heads {
  readonly #signers: readonly CheckpointSigner[];
  readonly #head: () => HeadRecord;
  #former: Head | undefined;
  #newest: Head | undefined;
  #signing: Promise<Head> | undefined;
  #next: Promise<Head> | undefined;

  /** `head` reads the durable journal; it throws where that is not the station's own, so that nothing is signed over it. */
  constructor(signers: readonly CheckpointSigner[], head: () => HeadRecord) {
    this.#signers = signers;
    this.#head = head;
  }

  /** Of the journal as it is now. Rejects with what `head` throws, or with what a signer answers wrongly. */
  now(size: number): Promise<Head> {
    if (this.#newest?.size === size) return Promise.resolve(this.#newest);
    this.#next ??= this.#turn();
    return this.#next;
  }

  /** Of an earlier head, whose root whoever asks vouches for. */
  async of({ size, root }: Pick<Head, 'size' | 'root'>): Promise<Head> {
    for (const known of [this.#newest, this.#former])
      if (known?.size === size && sameBytes(known.root, root)) return known;
    this.#former = await this.#signed({ size, root });
    return this.#former;
  }

  async #turn(): Promise<Head> {
    // Whoever waited for that one was told how it failed.
    await this.#signing?.catch(() => undefined);
    this.#next = undefined;
    this.#signing = this.#sign();
    return this.#signing;
  }

  async #sign(): Promise<Head> {
    this.#newest = await this.#signed(this.#head());
    return this.#newest;
  }

  async #signed({ size, root }: Pick<Head, 'size' | 'root'>): Promise<Head> {
    const [first] = this.#signers;
    if (first === undefined) throw new Error('the journal has no key: name one in the config');
    const { origin } = first;
    const note = await signedCheckpoint({ origin, size, root, extensions: [] }, this.#signers);
    return { origin, size, root, note };
  }
}
