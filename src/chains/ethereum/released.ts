import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Released, toHex } from '../../domain/index.ts';
import { faultOf } from './assembled.ts';
import { parsePublicKey } from './key.ts';
import { parseTransaction } from './transaction.ts';

/**
 * Whether signed bytes are these unsigned ones with the signature of the wallet's key (compressed, hex): all that I7 asks, of bytes that
 * come from elsewhere. Throws Refusal where `unsigned` isn't a transaction that `decodeUnsigned` takes.
 */
export function released(unsigned: Uint8Array, raw: Uint8Array, publicKey: string): Released {
  const fault = faultOf(raw, parseTransaction(unsigned), parsePublicKey(publicKey));
  return fault === undefined ? { ok: true, hash: `0x${toHex(keccak_256(raw))}` } : { ok: false, fault };
}
