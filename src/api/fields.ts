import { intentBytesMost, intentLifetime, Malformed, second, type WallMs } from '../domain/index.ts';

/** Parsers of wire values that are no word of the domain. Each names the field, in the proto's spelling, that it refuses. */
export type FieldParser<T> = (value: string, field: string) => T;

/** Bytes, at least one and at most `most`. */
export function parseBytes(value: Uint8Array, most: number, field: string): Uint8Array {
  if (value.length === 0) throw new Malformed(field, 'is missing');
  if (value.length > most) throw new Malformed(field, `is ${value.length} bytes long, more than ${most}`);
  return value;
}

/** An intent's canonical bytes; custody parses them. */
export function parseIntentBytes(value: Uint8Array, field: string): Uint8Array {
  return parseBytes(value, intentBytesMost, field);
}

/** A list of at most `most` values, each parsed; complaints name the element. */
export function parseList<W, T>(
  values: readonly W[],
  most: number,
  field: string,
  parse: (value: W, field: string) => T,
): readonly T[] {
  if (values.length > most) throw new Malformed(field, `has ${values.length} elements, more than ${most}`);
  return values.map((value, i) => parse(value, `${field}[${i}]`));
}

/** As `parseList`, and not empty. */
export function parseSomeList<W, T>(
  values: readonly W[],
  most: number,
  field: string,
  parse: (value: W, field: string) => T,
): readonly T[] {
  if (values.length === 0) throw new Malformed(field, 'is empty');
  return parseList(values, most, field, parse);
}

/** proto3's empty string for "not given". */
export function parseOptional<T>(value: string, field: string, parse: FieldParser<T>): T | undefined {
  return value === '' ? undefined : parse(value, field);
}

/** Seconds, 0 for the default; in ms. */
export function parseLifetime(seconds: number, field: string): number | undefined {
  if (seconds === 0) return undefined;
  if (seconds * second > intentLifetime.most) {
    throw new Malformed(field, `must be at most ${intentLifetime.most / second}, got ${seconds}`);
  }
  return seconds * second;
}

/** RFC 3339 ends there, and with it what an intent can state. */
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59);

/** A `google.protobuf.Timestamp` that may be unset. */
export function parseTime(value: Date | undefined, field: string): WallMs | undefined {
  if (value === undefined) return undefined;
  const time = value.getTime();
  if (!(time >= 0 && time <= lastInstant)) throw new Malformed(field, 'must lie between the years 1970 and 9999');
  return Math.floor(time) as WallMs;
}

/** An index, size or cursor: uint64 on the wire, below 2^53 here. */
export function parseCount(value: bigint, field: string): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed(field, 'must be below 2^53');
  return Number(value);
}

/** Text of a closed alphabet. */
export function parseText(value: string, pattern: RegExp, expected: string, field: string): string {
  if (value === '') throw new Malformed(field, 'is missing');
  if (!pattern.test(value)) throw new Malformed(field, `expected ${expected}`);
  return value;
}
