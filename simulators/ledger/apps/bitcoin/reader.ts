/** Takes bytes apart from the front. What it can't read is the error that its maker wants: a command's or a reply's. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #error: (why: string) => Error;
  #at = 0;

  constructor(bytes: Uint8Array, error: (why: string) => Error) {
    this.#bytes = bytes;
    this.#error = error;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** The rest, with another error. */
  relabelled(error: (why: string) => Error): Reader {
    return new Reader(this.#bytes.subarray(this.#at), error);
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw this.#error(`${length} bytes wanted, ${this.left} left`);
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  u8(): number {
    return this.#view(1).getUint8(0);
  }

  u32be(): number {
    return this.#view(4).getUint32(0);
  }

  u32le(): number {
    return this.#view(4).getUint32(0, true);
  }

  /** Bitcoin's compact size, in any of its lengths. Above 2⁵³ it is near, and too large for any use. */
  varint(): number {
    const first = this.u8();
    if (first < 0xfd) return first;
    if (first === 0xfd) return this.#view(2).getUint16(0, true);
    return first === 0xfe ? this.u32le() : Number(this.#view(8).getBigUint64(0, true));
  }

  #view(length: number): DataView {
    const bytes = this.take(length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}

/** Bitcoin's compact size of a number below 2³². */
export function varint(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  const out = new DataView(new ArrayBuffer(value <= 0xffff ? 3 : 5));
  out.setUint8(0, value <= 0xffff ? 0xfd : 0xfe);
  if (value <= 0xffff) out.setUint16(1, value, true);
  else out.setUint32(1, value, true);
  return new Uint8Array(out.buffer);
}
