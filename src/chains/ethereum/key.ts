import { keccak_256 } from '@noble/hashes/sha3.js';
import secp256k1 from 'secp256k1/bindings.js';
import { Malformed, shown } from '../../domain/index.ts';
import { checksummed } from './address.ts';

/** The order of secp256k1's group (SEC 2 §2.4.1). */
export const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * The EIP-55 address of a compressed public key, 33 bytes as lowercase hex: the last 20 bytes of the Keccak-256 of the point's
 * coordinates (Yellow Paper, appendix F). Throws Malformed where the key isn't one.
 */
export function addressOfKey(publicKeyHex: string): string {
  const point = secp256k1.publicKeyConvert(parsePublicKey(publicKeyHex), false);
  return checksummed(keccak_256(point.subarray(1)).subarray(12));
}

/** Keys of wallets that were found to be points: policy names each of them for weeks. */
const points = new Map<string, Uint8Array>();
const pointsMost = 1_024;

/** Throws Malformed. */
export function parsePublicKey(publicKeyHex: string): Uint8Array {
  const known = points.get(publicKeyHex);
  if (known !== undefined) return known.slice();
  const key = pointOf(publicKeyHex);
  if (points.size >= pointsMost) points.clear();
  points.set(publicKeyHex, key);
  return key.slice();
}

function pointOf(publicKeyHex: string): Uint8Array {
  const hex = /^0[23][0-9a-f]{64}$/.test(publicKeyHex) ? publicKeyHex : '';
  const key = Uint8Array.from(Buffer.from(hex, 'hex'));
  if (hex === '' || !secp256k1.publicKeyVerify(key)) {
    throw new Malformed(
      'public_key',
      `expected a compressed secp256k1 point in lowercase hex, got ${shown(publicKeyHex)}`,
    );
  }
  return key;
}

/** A signature, and the key that it was recovered to. */
export interface Recovered {
  /** 32 bytes. */
  readonly digest: Uint8Array;
  /** r ‖ s. */
  readonly signature: Uint8Array;
  readonly parity: number;
  readonly key: Uint8Array;
}

/** The key whose signature over `digest` this is, compressed, if the nonce point had this parity; undefined where none is. */
export function recover(digest: Uint8Array, signature: Uint8Array, parity: number): Uint8Array | undefined {
  try {
    return secp256k1.ecdsaRecover(signature, parity, digest, true);
  } catch {
    return undefined;
  }
}
