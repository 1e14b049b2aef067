import { bytesToHex, concatBytes } from '@noble/curves/utils.js';
import { keccak_256 } from '@noble/hashes/sha3.js';

/** A personal message (EIP-191, version 0x45) that is coming in. */
export interface PersonalMessage {
  readonly path: readonly number[];
  readonly length: number;
  bytes: Uint8Array;
}

/** What is signed. */
export function messageDigest(bytes: Uint8Array): Uint8Array {
  const prefix = new TextEncoder().encode(`\x19Ethereum Signed Message:\n${bytes.length}`);
  return keccak_256(concatBytes(prefix, bytes));
}

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** ASCII with its white space as spaces; anything else as hex. */
export function messageText(bytes: Uint8Array): string {
  const printable = bytes.every((byte) => isSpace(byte) || (byte > 0x20 && byte < 0x7f));
  if (!printable) return `0x${bytesToHex(bytes)}`;
  return new TextDecoder().decode(bytes.map((byte) => (isSpace(byte) ? 0x20 : byte)));
}
