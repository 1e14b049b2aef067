import { sha256 } from '@noble/hashes/sha2.js';

/** An output as a transaction carries it; the amount in satoshis. */
export interface PreviousOutput {
  readonly amount: bigint;
  readonly script: Uint8Array;
}

/** What the app keeps of a `non_witness_utxo`. */
export interface PreviousTransaction {
  /** As an outpoint has it: the double SHA-256 without the witnesses (BIP-141), not reversed. */
  readonly txid: Uint8Array;
  /** Undefined where the transaction has no such output. */
  readonly output: PreviousOutput | undefined;
}

/** Longer scripts are no wallet's that the app knows: it stops at them. */
export const maxPreviousScript = 34;

/**
 * Reads a transaction, with or without witnesses (BIP-144), for one of its outputs. Undefined where it ends too early, its
 * flag isn't 1, or the output's script is too long. Like the app it doesn't look at what follows the locktime.
 */
export function readPreviousTransaction(bytes: Uint8Array, outputIndex: number): PreviousTransaction | undefined {
  try {
    return new TransactionReader(bytes).read(outputIndex);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

class Malformed extends Error {}

class TransactionReader {
  readonly #bytes: Uint8Array;
  readonly #hash = sha256.create();
  #at = 0;
  #output: PreviousOutput | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(outputIndex: number): PreviousTransaction {
    this.#hashed(4);
    const segwit = this.#bytes[this.#at] === 0;
    if (segwit && this.#take(2)[1] !== 1) throw new Malformed();
    const inputs = this.#hashedCount();
    for (let i = 0; i < inputs; i++) {
      this.#hashed(36);
      this.#hashed(this.#hashedCount());
      this.#hashed(4);
    }
    const outputs = this.#hashedCount();
    for (let i = 0; i < outputs; i++) this.#readOutput(i === outputIndex);
    if (segwit) this.#skipWitnesses(inputs);
    this.#hashed(4);
    return { txid: sha256(this.#hash.digest()), output: this.#output };
  }

  #readOutput(wanted: boolean): void {
    const amount = this.#hashed(8);
    const length = this.#hashedCount();
    if (wanted && length > maxPreviousScript) throw new Malformed();
    const script = this.#hashed(length);
    if (!wanted) return;
    this.#output = { amount: new DataView(amount.buffer, amount.byteOffset).getBigUint64(0, true), script };
  }

  #skipWitnesses(inputs: number): void {
    for (let i = 0; i < inputs; i++) {
      for (let left = this.#count(); left > 0; left--) this.#take(this.#count());
    }
  }

  #hashed(length: number): Uint8Array {
    const bytes = this.#take(length);
    this.#hash.update(bytes);
    return bytes;
  }

  #hashedCount(): number {
    const start = this.#at;
    const count = this.#count();
    this.#hash.update(this.#bytes.subarray(start, this.#at));
    return count;
  }

  /** A compact size. */
  #count(): number {
    const [first = 0] = this.#take(1);
    if (first < 0xfd) return first;
    const size = first === 0xfd ? 2 : first === 0xfe ? 4 : 8;
    const count = this.#take(size).reduceRight((sum, byte) => sum * 256 + byte, 0);
    if (count > this.#bytes.length) throw new Malformed();
    return count;
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Malformed();
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
