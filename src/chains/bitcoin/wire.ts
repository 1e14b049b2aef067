import { Refusal } from '../../domain/index.ts';
import { sha256 } from './hashes.ts';

// Bitcoin's wire encoding, strict: each number has one encoding, and only that one is read.
//
// Why a reader of our own: a library reads more than it would write. bitcoinjs-lib takes compact sizes that are longer than they
// need be, @scure/btc-signer is fifty times slower, and each takes PSBTs that the other does not. A strict reader is short enough
// to be checked at one sitting. bitcoinjs-lib is the second opinion on every assembled transaction before it is released
// (assembled.ts), and both are in the differential tests.

export function undecodable(message: string): Refusal {
  return new Refusal('transaction-undecodable', `The PSBT cannot be decoded whole: ${message}.`);
}

/** Reads `bytes` from the front; `what` is their name in messages. Every method throws Refusal `transaction-undecodable`. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** Offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next byte, which stays where it is; undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** What was read from `start` up to here. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#at);
  }

  take(length: number): Uint8Array {
    const start = this.#at;
    this.skip(length);
    return this.#bytes.subarray(start, this.#at);
  }

  skip(length: number): void {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw this.wrong(`${length} bytes are wanted, ${left} are left`);
    this.#at += length;
  }

  u8(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.wrong('a byte is missing');
    this.#at += 1;
    return byte;
  }

  u32(): number {
    return u32Of(this.take(4));
  }

  u64(): bigint {
    const low = this.u32();
    return (BigInt(this.u32()) << 32n) | BigInt(low);
  }

  /** A compact size in its one, shortest encoding. */
  compactSize(): number {
    const first = this.u8();
    if (first < 0xfd) return first;
    if (first === 0xfd) {
      const [low = 0, high = 0] = this.take(2);
      return this.#least(low + high * 0x100, 0xfd);
    }
    if (first === 0xfe) return this.#least(this.u32(), 0x1_0000);
    const value = this.u64();
    // No input is near 2^53 bytes long: whatever this counts or measures isn't there.
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.wrong(`a size of ${value}`);
    return this.#least(Number(value), 0x1_0000_0000);
  }

  /** A byte string behind its length. */
  bytes(): Uint8Array {
    return this.take(this.compactSize());
  }

  skipBytes(): void {
    this.skip(this.compactSize());
  }

  end(): void {
    if (!this.done) throw this.wrong(`${this.#bytes.length - this.#at} bytes after the end`);
  }

  wrong(message: string): Refusal {
    return undecodable(`${this.#what}, at offset ${this.#at}: ${message}`);
  }

  #least(value: number, least: number): number {
    if (value < least) throw this.wrong(`the size ${value} is written longer than it needs`);
    return value;
  }
}

/** Four bytes, little-endian. */
export function u32Of(bytes: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

export function u64(value: bigint): Uint8Array {
  return joined([u32(Number(value & 0xffff_ffffn)), u32(Number(value >> 32n))]);
}

export function compactSize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  if (value < 0x1_0000) return Uint8Array.of(0xfd, value, value >>> 8);
  return joined([Uint8Array.of(0xfe), u32(value)]);
}

/** A byte string behind its length. */
export function sized(bytes: Uint8Array): Uint8Array {
  return joined([compactSize(bytes.length), bytes]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** SHA-256 of SHA-256. */
export function hash256(bytes: Uint8Array): Uint8Array {
  return sha256(sha256(bytes));
}
