import { Refusal } from '../../domain/index.ts';

// Recursive Length Prefix (Ethereum Yellow Paper, appendix B), strict: each value has one encoding, and only that one is read.
//
// Why a reader of our own: a library reads more than it would write. viem, the fastest here, takes integers with leading zeros
// or beyond 256 bits, drops a field that is a list where bytes belong, and cuts what is too much in an access list. A strict
// reader is short enough to be checked at one sitting. viem and micro-eth-signer are the second opinion: the former on every
// assembled transaction before it is released (assembled.ts), both in the differential tests.

/** A byte string, or a list of items. */
export type Rlp = Uint8Array | readonly Rlp[];

/** Lists in lists: transaction, access list, entry, storage keys (EIP-2930). A bound keeps hostile bytes off the stack. */
export const deepest = 4;

/** Reads one item that fills `bytes` to the last one. Throws Refusal `transaction-undecodable`. */
export function decodeRlp(bytes: Uint8Array): Rlp {
  const { item, end } = readItem(bytes, 0, bytes.length, 0);
  if (end !== bytes.length) throw undecodable(`${bytes.length - end} bytes after the end, at offset ${end}`);
  return item;
}

export function encodeRlp(item: Rlp): Uint8Array {
  if (item instanceof Uint8Array) {
    const [first = 0x80] = item;
    return item.length === 1 && first < 0x80 ? item : joined([header(0x80, item.length), item]);
  }
  const parts = item.map(encodeRlp);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return joined([header(0xc0, length), ...parts]);
}

/** A non-negative integer as RLP writes it: big-endian, no leading zero, nothing for 0. */
export function integerBytes(value: bigint): Uint8Array {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) digits.push(Number(rest & 0xffn));
  return Uint8Array.from(digits.reverse());
}

export function undecodable(message: string): Refusal {
  return new Refusal('transaction-undecodable', `The transaction cannot be decoded whole: ${message}.`);
}

interface Read {
  readonly item: Rlp;
  /** Offset of the first byte behind the item. */
  readonly end: number;
}

function readItem(bytes: Uint8Array, at: number, limit: number, depth: number): Read {
  const prefix = bytes[at];
  if (prefix === undefined) throw undecodable(`an item is missing at offset ${at}`);
  if (prefix < 0x80) return { item: bytes.subarray(at, at + 1), end: at + 1 };

  const isList = prefix >= 0xc0;
  const base = isList ? 0xc0 : 0x80;
  const { start, length } = readLength(bytes, at, limit, prefix - base);
  const end = start + length;
  if (end > limit) throw undecodable(`the item at offset ${at} is longer than what holds it`);

  if (!isList) {
    const item = bytes.subarray(start, end);
    const [first = 0x80] = item;
    if (length === 1 && first < 0x80) throw undecodable(`the byte at offset ${at} has a length that it does not need`);
    return { item, end };
  }
  if (depth === deepest) throw undecodable(`lists are nested more than ${deepest} deep at offset ${at}`);
  const items: Rlp[] = [];
  for (let next = start; next < end; ) {
    const read = readItem(bytes, next, end, depth + 1);
    items.push(read.item);
    next = read.end;
  }
  return { item: items, end };
}

/** `size` is the prefix less its base: up to 55 it is the length itself, above it tells how many bytes the length has. */
function readLength(bytes: Uint8Array, at: number, limit: number, size: number): { start: number; length: number } {
  if (size <= 55) return { start: at + 1, length: size };
  const start = at + 1 + (size - 55);
  if (start > limit) throw undecodable(`the length at offset ${at} is cut off`);
  const digits = bytes.subarray(at + 1, start);
  if (digits[0] === 0) throw undecodable(`the length at offset ${at} has leading zeros`);
  // Up to 8 digits: exact as a double or too large anyway, for no input is near 2^53 bytes long.
  const length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
  if (length <= 55) throw undecodable(`the length at offset ${at} is written longer than it needs`);
  return { start, length };
}

function header(base: number, length: number): Uint8Array {
  if (length <= 55) return Uint8Array.of(base + length);
  const digits = integerBytes(BigInt(length));
  return Uint8Array.of(base + 55 + digits.length, ...digits);
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
