import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Assembled, equalBytes, toHex } from '../../domain/index.ts';
import { faultOf } from './assembled.ts';
import { encodeSigned } from './encode.ts';
import { order, parsePublicKey, type Recovered, recover } from './key.ts';
import { parseTransaction } from './transaction.ts';

/**
 * I7: puts a device's signature to the permitted bytes, and lets the result go only if it is the wallet's key's signature over
 * exactly these bytes, in canonical form.
 *
 * @param unsigned canonical unsigned bytes, as permitted
 * @param signature r ‖ s, 64 bytes, big-endian; the recovery id is found by trial, so the device's is not needed
 * @param publicKeyHex the wallet's pinned key, compressed, lowercase hex
 * @throws Refusal where `unsigned` isn't a transaction that `decodeUnsigned` takes; Malformed where the key isn't one
 */
export function assembleSigned(unsigned: Uint8Array, signature: Uint8Array, publicKeyHex: string): Assembled {
  const transaction = parseTransaction(unsigned);
  const pinned = parsePublicKey(publicKeyHex);

  if (signature.length !== 64) return wrong(`it has ${signature.length} bytes, not 64`);
  const r = BigInt(`0x${toHex(signature.subarray(0, 32))}`);
  const s = BigInt(`0x${toHex(signature.subarray(32))}`);
  if (r === 0n || r >= order || s === 0n || s >= order) return wrong('r or s is out of range');
  // EIP-2: of s and n - s, only the lower is valid. Whoever signs high normalises before it comes here.
  if (s > order / 2n) return wrong('s is in the upper half of the group order');

  // Ethereum carries one bit. Ids 2 and 3 (r beyond n, SEC 1 §4.1.6) have no form there.
  const digest = digestOf(unsigned);
  const recovered = bySender(digest, signature, pinned);
  if (recovered === undefined) return wrong('it is not by the wallet’s key over the permitted bytes');

  const raw = encodeSigned(transaction, { r, s, parity: recovered.parity });
  const fault = faultOf(raw, transaction, pinned, recovered);
  if (fault !== undefined) return wrong(`of the assembled transaction, ${fault}`);
  return { ok: true, raw, hash: `0x${toHex(keccak_256(raw))}` };
}

/** The recovery, by either parity, that gives the key. */
function bySender(digest: Uint8Array, signature: Uint8Array, pinned: Uint8Array): Recovered | undefined {
  for (const parity of [0, 1]) {
    const key = recover(digest, signature, parity);
    if (key !== undefined && equalBytes(key, pinned)) return { digest, signature, parity, key };
  }
  return undefined;
}

/** What a signature of these unsigned bytes is over, 32 bytes (EIP-155, EIP-2930, EIP-1559). */
export function digestOf(unsigned: Uint8Array): Uint8Array {
  return keccak_256(unsigned);
}

function wrong(why: string): Assembled {
  return { ok: false, reason: 'signature-wrong', message: `The signature was discarded: ${why}.` };
}
