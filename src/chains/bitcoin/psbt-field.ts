import { toHex } from '../../domain/index.ts';
import type { Entry } from './key-map.ts';
import { compactSize, joined, Reader, u32Of, undecodable } from './wire.ts';

// What the fields of PSBTs are made of (BIP-174, BIP-371). `place` is the map's name in messages.

/** Where a key comes from: the master key's fingerprint and the steps from it, hardened ones from 2^31 (BIP-32). */
export interface Origin {
  /** 8 lowercase hex digits. */
  readonly fingerprint: string;
  readonly steps: readonly number[];
}

/** A key that a PSBT names, and its origin. */
export interface Derivation extends Origin {
  /** 33 or 65 bytes; of taproot's 32. */
  readonly key: Uint8Array;
  /** Taproot: whether it is named as one of a script path's (BIP-371). */
  readonly inLeaves: boolean;
}

/** The key of an entry, as a message names it: `key 0102… of input 3`. */
export function named({ type, data }: Entry, place: string): string {
  const key = toHex(joined([compactSize(type), data.subarray(0, 40)]));
  return `key ${key}${data.length > 40 ? '…' : ''} of ${place}`;
}

/** An entry whose key is its type alone. */
export function onlyOne(entry: Entry, place: string): Uint8Array {
  if (entry.data.length > 0) throw undecodable(`${named(entry, place)} has more than its type`);
  return entry.value;
}

export function u32Value(entry: Entry, place: string): number {
  return u32Of(wholeValue(entry, place, 4));
}

/** The value of an entry whose key is its type alone, of that many bytes. */
export function wholeValue(entry: Entry, place: string, length: number): Uint8Array {
  onlyOne(entry, place);
  return ofLength(entry, place, length);
}

export function ofLength(entry: Entry, place: string, ...lengths: readonly number[]): Uint8Array {
  if (!lengths.includes(entry.value.length))
    throw undecodable(`${named(entry, place)} has ${entry.value.length} bytes, not ${lengths.join(' or ')}`);
  return entry.value;
}

/** A public key as key data: compressed, or uncompressed. Whether it is a point shows when it is compared with a derived one. */
export function publicKeyData(entry: Entry, place: string): Uint8Array {
  const { data } = entry;
  const [first] = data;
  const whole = data.length === 33 ? first === 2 || first === 3 : data.length === 65 && first === 4;
  if (!whole) throw undecodable(`${named(entry, place)} holds no public key (33 or 65 bytes)`);
  return data;
}

/** An x-only public key as key data (BIP-340). */
function xOnlyData(entry: Entry, place: string): Uint8Array {
  if (entry.data.length !== 32) throw undecodable(`${named(entry, place)} holds ${entry.data.length} bytes, not 32`);
  return entry.data;
}

export function expectOrigin(value: Uint8Array, what: string): Origin {
  if (value.length < 4 || value.length % 4 !== 0)
    throw undecodable(`${what} has ${value.length} bytes for a fingerprint and steps of 4 bytes each`);
  const steps: number[] = [];
  for (let at = 4; at < value.length; at += 4) steps.push(u32Of(value.subarray(at, at + 4)));
  return { fingerprint: toHex(value.subarray(0, 4)), steps };
}

/** `PSBT_IN_BIP32_DERIVATION`, `PSBT_OUT_BIP32_DERIVATION`. */
export function derivationOf(entry: Entry, place: string): Derivation {
  const key = publicKeyData(entry, place);
  return { key, inLeaves: false, ...expectOrigin(entry.value, named(entry, place)) };
}

/** `PSBT_IN_TAP_BIP32_DERIVATION`, `PSBT_OUT_TAP_BIP32_DERIVATION`. */
export function tapDerivationOf(entry: Entry, place: string): Derivation {
  const key = xOnlyData(entry, place);
  const reader = new Reader(entry.value, named(entry, place));
  const leaves = reader.compactSize();
  reader.take(32 * leaves);
  const origin = expectOrigin(entry.value.subarray(reader.at), named(entry, place));
  return { key, inLeaves: leaves > 0, ...origin };
}
