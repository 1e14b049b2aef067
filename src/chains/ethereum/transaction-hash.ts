import { keccak_256 } from '@noble/hashes/sha3.js';
import { toHex } from '../../domain/index.ts';

/** A signed transaction's name on its chain: `0x…`. */
export function transactionHash(raw: Uint8Array): string {
  return `0x${toHex(keccak_256(raw))}`;
}
