import { Refusal } from '../../domain/index.ts';

/** One value in DER: its identifier, what it holds, and all of its bytes. */
export interface Der {
  /** The identifier octet; above 30 (X.690 §8.1.2.4) the first octet × 2¹⁶ + the number. */
  readonly tag: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier of a value that is tagged explicitly with a number: `[702]`. */
export const explicit = (number: number): number => (number < 31 ? 0xa0 | number : 0xbf * 0x1_0000 + number);

/**
 * Reads DER (X.690 §10, §11) value by value, as far as whoever reads it knows what comes: nothing is followed into a depth that was not
 * asked for, so that nesting costs nothing. Lengths are in their shortest form. Throws `Refusal` `attestation-invalid`.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** The values in one that is constructed. */
  static within({ content }: Der, what: string): DerReader {
    return new DerReader(content, what);
  }

  get ended(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The next value, which must have that tag. */
  take(tag: number): Der {
    const value = this.next();
    if (value.tag !== tag) throw this.#refusal(`has the tag ${value.tag} where ${tag} belongs`);
    return value;
  }

  /** The next value if it has that tag. */
  optional(tag: number): Der | undefined {
    if (this.ended) return undefined;
    const before = this.#offset;
    const value = this.next();
    if (value.tag === tag) return value;
    this.#offset = before;
    return undefined;
  }

  next(): Der {
    const start = this.#offset;
    const tag = this.#tag();
    const length = this.#length();
    const from = this.#offset;
    if (from + length > this.#bytes.length) throw this.#refusal('ends too early');
    this.#offset = from + length;
    return { tag, content: this.#bytes.subarray(from, this.#offset), raw: this.#bytes.subarray(start, this.#offset) };
  }

  done(): void {
    if (!this.ended) throw this.#refusal(`has ${this.#bytes.length - this.#offset} bytes after its end`);
  }

  #octet(): number {
    const octet = this.#bytes[this.#offset];
    if (octet === undefined) throw this.#refusal('ends too early');
    this.#offset += 1;
    return octet;
  }

  #tag(): number {
    const first = this.#octet();
    if ((first & 0x1f) !== 0x1f) return first;
    let number = 0;
    for (let i = 0; i < 2; i++) {
      const octet = this.#octet();
      number = number * 128 + (octet & 0x7f);
      if (octet < 0x80) return first * 0x1_0000 + number;
    }
    throw this.#refusal('has a tag that nothing here has');
  }

  #length(): number {
    const first = this.#octet();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 3) throw this.#refusal('has a length that is indefinite, or too large');
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#octet();
    if (length < 0x80 || length < 256 ** (count - 1))
      throw this.#refusal('has a length that is not in its shortest form');
    return length;
  }

  #refusal(flaw: string): Refusal {
    return new Refusal(
      'attestation-invalid',
      `${this.#what} is no DER that is known here: it ${flaw} (byte ${this.#offset})`,
    );
  }
}

/** An object identifier in dots (X.690 §8.19). */
export function oidOf({ content }: Der): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...others] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...others].join('.');
}

/** A whole number of at most four bytes; undefined for any other. */
export function smallInteger({ content }: Der): number | undefined {
  if (content.length === 0 || content.length > 4 || (content[0] ?? 0) >= 0x80) return undefined;
  return content.reduce((value, octet) => value * 256 + octet, 0);
}
