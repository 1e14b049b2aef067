/** The few CBOR forms that an attestation object needs, in CTAP2's canonical encoding (RFC 8949, CTAP 2.1 §8). */
export type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

/** Encodes whole numbers, text, bytes, lists and maps; definite lengths, shortest heads, map keys in canonical order. */
export function encodeCbor(value: Cbor): Uint8Array {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return concat([head(2, value.length), value]);
  if (isList(value)) return concat([head(4, value.length), ...value.map(encodeCbor)]);
  const entries = [...value].map(([key, item]) => ({ key: encodeCbor(key), item: encodeCbor(item) }));
  // CTAP 2.1 §8: by major type, then by length, then by bytes.
  entries.sort(
    (a, b) => majorType(a.key) - majorType(b.key) || a.key.length - b.key.length || Buffer.compare(a.key, b.key),
  );
  return concat([head(5, entries.length), ...entries.flatMap(({ key, item }) => [key, item])]);
}

function isList(value: readonly Cbor[] | ReadonlyMap<number | string, Cbor>): value is readonly Cbor[] {
  return Array.isArray(value);
}

function majorType(encoded: Uint8Array): number {
  return (encoded[0] ?? 0) >> 5;
}

function head(major: number, argument: number): Uint8Array {
  if (!Number.isInteger(argument) || argument < 0 || argument > 0xffff) {
    throw new RangeError(`${argument} doesn't fit the CBOR forms of this simulator: whole numbers up to 65535`);
  }
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | argument);
  if (argument < 0x100) return Uint8Array.of(first | 24, argument);
  return Uint8Array.of(first | 25, argument >> 8, argument & 0xff);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
