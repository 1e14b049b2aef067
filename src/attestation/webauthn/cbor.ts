import { Refusal } from '../../domain/index.ts';

export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | CborMap;
/** Keys are integers or text, in the order of the bytes. */
export type CborMap = ReadonlyMap<number | string, Cbor>;

/** CTAP2 canonical CBOR: "the depth of nested CBOR structures … MUST be limited to at most four". */
const maxDepth = 4;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads one item of CTAP2 canonical CBOR, which WebAuthn L3 §2.4 demands of authenticators and asks verifiers to insist on:
 * shortest lengths, no indefinite ones, no tags, map keys sorted and different. Floating-point numbers, `undefined` and
 * integers beyond 2⁵³ aren't used by anything that is read here, and are refused too.
 * Throws `Refusal` `attestation-invalid` that names the offset.
 */
export function readCbor(bytes: Uint8Array, offset: number, what: string): { value: Cbor; end: number } {
  const reader = new Reader(bytes, offset, what);
  const value = reader.item(maxDepth);
  return { value, end: reader.offset };
}

/** As `readCbor`, of a map that fills the bytes. */
export function parseCborMap(bytes: Uint8Array, what: string): CborMap {
  const { value, end } = readCbor(bytes, 0, what);
  if (end !== bytes.length)
    throw new Refusal('attestation-invalid', `${what} has ${bytes.length - end} bytes after its end`);
  return asCborMap(value, what);
}

export function asCborMap(value: Cbor, what: string): CborMap {
  if (!(value instanceof Map)) throw new Refusal('attestation-invalid', `${what} is not a CBOR map`);
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  offset: number;

  constructor(bytes: Uint8Array, offset: number, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.offset = offset;
  }

  item(depth: number): Cbor {
    const initial = this.#take(1)[0] ?? 0;
    const major = initial >> 5;
    if (major === 7) return this.#simple(initial);
    const argument = this.#argument(initial & 0x1f);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return this.#take(argument).slice();
      case 3:
        return this.#text(argument);
      case 4:
        return this.#array(argument, depth);
      case 5:
        return this.#map(argument, depth);
      default:
        throw this.#refusal('a tag');
    }
  }

  #array(length: number, depth: number): Cbor[] {
    const items: Cbor[] = [];
    for (let i = 0; i < length; i++) items.push(this.item(this.#within(depth)));
    return items;
  }

  #map(length: number, depth: number): CborMap {
    const map = new Map<number | string, Cbor>();
    let previous: Uint8Array | undefined;
    for (let i = 0; i < length; i++) {
      const start = this.offset;
      const key = this.item(this.#within(depth));
      if (typeof key !== 'number' && typeof key !== 'string')
        throw this.#refusal('a map key that is no integer or text');
      const encoded = this.#bytes.subarray(start, this.offset);
      // CTAP2 sorts by major type, length, bytes: for keys in their shortest form that is the order of their bytes.
      if (previous !== undefined && Buffer.compare(previous, encoded) >= 0)
        throw this.#refusal('map keys out of order or repeated');
      previous = encoded;
      map.set(key, this.item(this.#within(depth)));
    }
    return map;
  }

  #text(length: number): string {
    try {
      return strictUtf8.decode(this.#take(length));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw this.#refusal('text that is not UTF-8');
    }
  }

  #simple(initial: number): boolean | null {
    switch (initial) {
      case 0xf4:
        return false;
      case 0xf5:
        return true;
      case 0xf6:
        return null;
      default:
        throw this.#refusal('a floating-point number or an unknown simple value');
    }
  }

  #argument(info: number): number {
    if (info < 24) return info;
    const size = [1, 2, 4, 8][info - 24];
    if (size === undefined) throw this.#refusal('an indefinite or reserved length');
    const at = this.offset;
    this.#take(size);
    const value =
      size === 1
        ? this.#view.getUint8(at)
        : size === 2
          ? this.#view.getUint16(at)
          : size === 4
            ? this.#view.getUint32(at)
            : Number(this.#view.getBigUint64(at));
    if (value >= Number.MAX_SAFE_INTEGER) throw this.#refusal('an integer beyond 2^53');
    if (value < (size === 1 ? 24 : 2 ** (4 * size))) throw this.#refusal('an integer that is not in its shortest form');
    return value;
  }

  #take(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.#bytes.length) throw this.#refusal('its end too early');
    const taken = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  #within(depth: number): number {
    if (depth === 0) throw this.#refusal('nesting deeper than four');
    return depth - 1;
  }

  #refusal(found: string): Refusal {
    return new Refusal(
      'attestation-invalid',
      `${this.#what} is not canonical CBOR (WebAuthn L3 §2.4): ${found} at byte ${this.offset}`,
    );
  }
}
