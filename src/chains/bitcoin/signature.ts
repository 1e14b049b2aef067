import secp256k1 from 'secp256k1/bindings.js';
import { equalBytes, toHex } from '../../domain/index.ts';
import { taggedHash } from './hashes.ts';
import { sighashAll, sighashDefault } from './sighash.ts';
import { joined } from './wire.ts';

/** The order of secp256k1's group (SEC 2 §2.4.1). */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Judges a signature over the digest of its type: what is wrong with it, or undefined. `digest` takes the sighash type. */
export type Digest = (type: number) => Uint8Array;

/**
 * ECDSA as it stands in a script: strict DER (BIP-66) with a low s (BIP-146), and SIGHASH_ALL behind it. `key` has 33 bytes.
 */
export function faultOfEcdsa(signature: Uint8Array, digest: Digest, key: Uint8Array): string | undefined {
  const type = signature.at(-1);
  if (type !== sighashAll) return `its sighash type is ${type ?? 'missing'}, not ${sighashAll} (ALL)`;
  const numbers = readDer(signature.subarray(0, -1));
  if (numbers === undefined) return 'it is not strict DER (BIP-66)';
  const { r, s } = numbers;
  if (s > order / 2n) return 's is in the upper half of the group order (BIP-146)';
  const compact = joined([bytesOf(r), bytesOf(s)]);
  if (!secp256k1.ecdsaVerify(compact, digest(type), key)) return 'it is not by that key over the permitted transaction';
  return undefined;
}

/** Schnorr as it stands in a taproot witness: 64 bytes, or 65 that end in SIGHASH_ALL (BIP-341). `key` has 32 bytes. */
export function faultOfSchnorr(signature: Uint8Array, digest: Digest, key: Uint8Array): string | undefined {
  const { length } = signature;
  const type = length === 65 ? signature[64] : sighashDefault;
  if (length !== 64 && length !== 65) return `it has ${length} bytes, not 64 or 65`;
  // BIP-341: DEFAULT has no byte of its own.
  if (length === 65 && type !== sighashAll) return `its sighash type is ${type}, not ${sighashAll} (ALL)`;
  if (!verifySchnorr(signature.subarray(0, 64), digest(type ?? sighashDefault), key))
    return 'it is not by that key over the permitted transaction';
  return undefined;
}

const challenge = taggedHash('BIP0340/challenge');

/**
 * BIP-340, "Verification", with the arithmetic of libsecp256k1: the module of that library for Schnorr isn't in the package, and the
 * curve in JavaScript is ten times slower.
 */
export function verifySchnorr(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  const r = signature.subarray(0, 32);
  const s = signature.subarray(32);
  const e = BigInt(`0x${toHex(challenge(joined([r, key, message])))}`) % order;
  if (e === 0n) return false;
  try {
    // R = s·G − e·P, P with an even y. Each call throws on what is no point, no scalar, or infinity.
    const sG = secp256k1.publicKeyCreate(Uint8Array.from(s));
    const eP = secp256k1.publicKeyTweakMul(Uint8Array.of(2, ...key), bytesOf(order - e));
    return equalBytes(secp256k1.publicKeyCombine([sG, eP]), Uint8Array.of(2, ...r));
  } catch {
    return false;
  }
}

/** r and s, each from 1 to the order less 1, if the bytes are the one DER that says them. */
function readDer(der: Uint8Array): { readonly r: bigint; readonly s: bigint } | undefined {
  const rLength = der[3] ?? 0;
  const sLength = der[5 + rLength] ?? 0;
  if (rLength < 1 || sLength < 1 || rLength > 33 || sLength > 33) return undefined;
  const r = numberOf(der.subarray(4, 4 + rLength));
  const s = numberOf(der.subarray(6 + rLength, 6 + rLength + sLength));
  if (r < 1n || r >= order || s < 1n || s >= order) return undefined;
  return equalBytes(writeDer(r, s), der) ? { r, s } : undefined;
}

function writeDer(r: bigint, s: bigint): Uint8Array {
  const body = joined([derInteger(r), derInteger(s)]);
  return joined([Uint8Array.of(0x30, body.length), body]);
}

/** Shortest two's complement, big-endian. */
function derInteger(value: bigint): Uint8Array {
  const bytes = bytesOf(value);
  const digits = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return Uint8Array.of(0x02, sign.length + digits.length, ...sign, ...digits);
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

/** 32 bytes, big-endian. */
function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}
