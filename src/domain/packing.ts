// How rows of `buckets` are packed (formats.md, "Buckets", "Who was seen").

const ascii = new TextDecoder();

/** Reads what `Writer` wrote. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint8(): number {
    return this.#view.getUint8(this.#forth(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#forth(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#forth(4));
  }

  bytes(count: number): Uint8Array {
    const at = this.#forth(count);
    return this.#bytes.subarray(at, at + count);
  }

  name(): string {
    return ascii.decode(this.bytes(this.uint8()));
  }

  amount(): bigint {
    let amount = 0n;
    for (let left = this.uint8(); left > 0; left--) {
      amount = (amount << 64n) | this.#view.getBigUint64(this.#forth(8));
    }
    return amount;
  }

  #forth(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new Error('buckets end too early');
    this.#at += count;
    return at;
  }
}

/** Integers big-endian, names of things in ASCII. */
export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  uint8(value: number): void {
    const at = this.#forth(1);
    this.#view.setUint8(at, fitting(value, 0xff));
  }

  uint16(value: number): void {
    const at = this.#forth(2);
    this.#view.setUint16(at, fitting(value, 0xffff));
  }

  uint32(value: number): void {
    const at = this.#forth(4);
    this.#view.setUint32(at, fitting(value, 0xffffffff));
  }

  bytes(value: Uint8Array): void {
    const at = this.#forth(value.length);
    this.#bytes.set(value, at);
  }

  /** Printable ASCII, at most 255 bytes. */
  name(value: string): void {
    if (!/^[\x20-\x7e]{1,255}$/.test(value)) throw new Error(`buckets cannot count ${JSON.stringify(value)}`);
    this.uint8(value.length);
    this.bytes(new TextEncoder().encode(value));
  }

  amount(value: bigint): void {
    let words = 0;
    while (value >> BigInt(64 * words) > 0n) words++;
    this.uint8(words);
    for (let word = words - 1; word >= 0; word--) {
      const at = this.#forth(8);
      this.#view.setBigUint64(at, BigInt.asUintN(64, value >> BigInt(64 * word)));
    }
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  /** Where the next `count` bytes go. May replace buffer and view, so it comes before either is used. */
  #forth(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** DataView would cut a number that is too large, and what it counts for with it. */
function fitting(value: number, most: number): number {
  if (!(value >= 0 && value <= most)) throw new RangeError(`buckets cannot hold ${value} where at most ${most} fits`);
  return value;
}
