import { concatBytes, equalBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Os } from '../../os/app.ts';
import { answer, StatusError, status } from '../../os/status.ts';
import { provenRoot } from './merkle.ts';
import { Reader, varint } from './reader.ts';

const request = { yield: 0x10, preimage: 0x40, leafProof: 0x41, leafIndex: 0x42, more: 0xa0 } as const;

/** How long the app waits for CONTINUE before it gives up altogether. */
const patienceMs = 5000;

/** What the host answered is malformed, or is not what its own hashes say. Most commands end with 6a80 then. */
export class HostError extends StatusError {
  constructor(why: string) {
    super(status.incorrectData, why);
    this.name = 'HostError';
  }
}

/** Something else came while the app waited for CONTINUE; that has been answered, and the command is over. */
export class CommandLost extends Error {}

interface Waiting {
  readonly resolve: (reply: Reader) => void;
  readonly reject: (error: Error) => void;
  readonly stop: () => void;
}

/**
 * The host as a memory that isn't trusted: the app answers with a request and e000, the host sends CONTINUE with the
 * reply, and every reply is checked against a hash that the app already holds.
 */
export class Host {
  readonly #os: Os;
  #waiting: Waiting | undefined;

  constructor(os: Os) {
    this.#os = os;
  }

  /** Whether CONTINUE is due. */
  get due(): boolean {
    return this.#waiting !== undefined;
  }

  /** CONTINUE has come. */
  continue(data: Uint8Array): void {
    this.#end()?.resolve(new Reader(data, (why) => new HostError(`in the host's reply: ${why}`)));
  }

  /** Something else has come instead. */
  lose(): void {
    this.#end()?.reject(new CommandLost());
  }

  /** The bytes with this SHA-256. */
  async preimage(hash: Uint8Array, max = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    let reply = await this.#ask(concatBytes(Uint8Array.of(request.preimage, 0), hash));
    const length = reply.varint();
    if (length < 1 || length > max) throw new HostError(`a preimage of ${length} bytes`);
    const parts = [reply.take(reply.u8())];
    let got = parts[0]?.length ?? 0;
    while (got < length) {
      reply = await this.#ask(Uint8Array.of(request.more));
      const [count, size] = [reply.u8(), reply.u8()];
      if (size !== 1) throw new HostError(`elements of ${size} bytes, for single bytes`);
      if (count === 0) throw new HostError('nothing, though more is missing');
      parts.push(reply.take(count));
      got += count;
    }
    if (got > length) throw new HostError('more of a preimage than its length');
    const bytes = concatBytes(...parts);
    if (!equalBytes(sha256(bytes), hash)) throw new HostError('a preimage of another hash');
    return bytes;
  }

  /** The hash of a leaf, once its place below the root is proven. */
  async merkleLeafHash(root: Uint8Array, size: number, index: number): Promise<Uint8Array> {
    let reply = await this.#ask(concatBytes(Uint8Array.of(request.leafProof), root, varint(size), varint(index)));
    const leaf = reply.take(32);
    const total = reply.u8();
    const proof = takeHashes(reply, reply.u8());
    while (proof.length < total) {
      reply = await this.#ask(Uint8Array.of(request.more));
      const count = reply.u8();
      if (count === 0) throw new HostError('nothing, though more is missing');
      // Elements of another length than a hash's prove nothing below.
      reply.u8();
      proof.push(...takeHashes(reply, count));
    }
    const proven = proof.length === total ? provenRoot(leaf, index, size, proof) : undefined;
    if (proven === undefined || !equalBytes(proven, root)) throw new HostError(`no proof of leaf ${index} of ${size}`);
    return leaf;
  }

  /** An element of a tree. */
  async merkleLeaf(root: Uint8Array, size: number, index: number, max = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    const hash = await this.merkleLeafHash(root, size, index);
    return (await this.preimage(hash, max + 1)).subarray(1);
  }

  /** Where a tree has this leaf. That it has none can't be proven: undefined is only what the host says. */
  async leafIndex(root: Uint8Array, size: number, leaf: Uint8Array): Promise<number | undefined> {
    const reply = await this.#ask(concatBytes(Uint8Array.of(request.leafIndex), root, leaf));
    const found = reply.u8();
    const index = reply.varint();
    if (found !== 1) {
      if (found !== 0) throw new HostError(`found: ${found}`);
      return undefined;
    }
    if (!equalBytes(await this.merkleLeafHash(root, size, index), leaf))
      throw new HostError('the index of another leaf');
    return index;
  }

  /** Hands the host a signature, after what says whose it is. */
  async yieldSignature(head: Uint8Array, signature: Uint8Array): Promise<void> {
    await this.#wait(() =>
      this.#os.replySignature(signature, concatBytes(Uint8Array.of(request.yield), head), status.interrupted),
    );
  }

  #ask(bytes: Uint8Array): Promise<Reader> {
    return this.#wait(() => this.#os.reply(answer(bytes, status.interrupted)));
  }

  #wait(send: () => void): Promise<Reader> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, stop: this.#os.after(patienceMs, () => this.#os.crash()) };
      send();
    });
  }

  #end(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.stop();
    return waiting;
  }
}

const takeHashes = (reply: Reader, count: number): Uint8Array[] => Array.from({ length: count }, () => reply.take(32));
