import { bytesToHex } from '@noble/curves/utils.js';
import { keccak_256 } from '@noble/hashes/sha3.js';

/** The address of an uncompressed public key, as its last 20 bytes of Keccak-256. */
export const addressOf = (point: Uint8Array): Uint8Array => keccak_256(point.subarray(1)).subarray(12);

/** Mixed-case checksum (EIP-55), without 0x. */
export function checksummed(address: Uint8Array): string {
  const hex = bytesToHex(address);
  const hash = bytesToHex(keccak_256(new TextEncoder().encode(hex)));
  return [...hex].map((digit, i) => ((hash.codePointAt(i) ?? 0) >= 0x38 ? digit.toUpperCase() : digit)).join('');
}

/** As screens show it. */
export const displayed = (address: Uint8Array): string => `0x${checksummed(address)}`;
