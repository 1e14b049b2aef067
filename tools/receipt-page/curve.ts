import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesOf } from './bytes.ts';

// What of libsecp256k1's binding the verifier of receipts uses, for a browser. Throws where the binding does.

const { Point } = secp256k1;
const scalar = (bytes: Uint8Array): bigint => BigInt(`0x${bytesOf(bytes).toString('hex')}`);

// biome-ignore lint/style/noDefaultExport: it stands in the place of a module that has one
export default {
  publicKeyConvert: (key: Uint8Array, compressed = true) => Point.fromBytes(key).toBytes(compressed),
  publicKeyVerify: (key: Uint8Array) => secp256k1.utils.isValidPublicKey(key),
  publicKeyCreate: (secret: Uint8Array) => secp256k1.getPublicKey(secret, true),
  publicKeyTweakAdd: (key: Uint8Array, tweak: Uint8Array) =>
    Point.fromBytes(key)
      .add(Point.BASE.multiply(scalar(tweak)))
      .toBytes(true),
  publicKeyTweakMul: (key: Uint8Array, tweak: Uint8Array) => Point.fromBytes(key).multiply(scalar(tweak)).toBytes(true),
  publicKeyCombine: (keys: readonly Uint8Array[]) =>
    keys.reduce((sum, key) => sum.add(Point.fromBytes(key)), Point.ZERO).toBytes(true),
  /** As libsecp256k1, of low-S signatures only. */
  ecdsaVerify: (signature: Uint8Array, digest: Uint8Array, key: Uint8Array) =>
    secp256k1.verify(signature, digest, key, { prehash: false, lowS: true, format: 'compact' }),
  ecdsaRecover: (signature: Uint8Array, parity: number, digest: Uint8Array, compressed = true) =>
    secp256k1.Signature.fromBytes(signature, 'compact')
      .addRecoveryBit(parity)
      .recoverPublicKey(digest)
      .toBytes(compressed),
};
