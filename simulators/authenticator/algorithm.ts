import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { type Cbor, encodeCbor } from './cbor.ts';
import { rs256 } from './rsa.ts';
import type { Algorithm } from './signing.ts';

const KTY = 1;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;

/** ES256: ECDSA on P-256 with SHA-256, DER; deterministic by RFC 6979, s high or low as it falls. */
export const es256: Algorithm = {
  cose: -7,
  seedLength: 48,
  secretKey: (seed) => p256.utils.randomSecretKey(seed),
  coseKey(secret) {
    const point = p256.getPublicKey(secret, false);
    return encodeCbor(
      new Map<number, Cbor>([
        [KTY, 2],
        [ALG, -7],
        [CRV, 1],
        [X, point.slice(1, 33)],
        [Y, point.slice(33)],
      ]),
    );
  },
  // RFC 5480: id-ecPublicKey, prime256v1, uncompressed point.
  spki: (secret) => der('3059301306072a8648ce3d020106082a8648ce3d030107034200', p256.getPublicKey(secret, false)),
  sign: (message, secret) => p256.sign(message, secret, { prehash: true, lowS: false, format: 'der' }),
};

/** EdDSA on Ed25519 (RFC 8032). */
export const eddsa: Algorithm = {
  cose: -8,
  seedLength: 32,
  secretKey: (seed) => seed,
  coseKey: (secret) =>
    encodeCbor(
      new Map<number, Cbor>([
        [KTY, 1],
        [ALG, -8],
        [CRV, 6],
        [X, ed25519.getPublicKey(secret)],
      ]),
    ),
  // RFC 8410.
  spki: (secret) => der('302a300506032b6570032100', ed25519.getPublicKey(secret)),
  sign: (message, secret) => ed25519.sign(message, secret),
};

/** ES384: ECDSA on P-384 with SHA-384. */
const es384: Algorithm = {
  cose: -35,
  seedLength: 72,
  secretKey: (seed) => p384.utils.randomSecretKey(seed),
  coseKey(secret) {
    const point = p384.getPublicKey(secret, false);
    return encodeCbor(
      new Map<number, Cbor>([
        [KTY, 2],
        [ALG, -35],
        [CRV, 2],
        [X, point.slice(1, 49)],
        [Y, point.slice(49)],
      ]),
    );
  },
  // RFC 5480: id-ecPublicKey, secp384r1, uncompressed point.
  spki: (secret) => der('3076301006072a8648ce3d020106052b81040022036200', p384.getPublicKey(secret, false)),
  sign: (message, secret) => p384.sign(message, secret, { prehash: true, lowS: false, format: 'der' }),
};

/** What the simulated authenticator can do. RSA only where its settings ask for it: making such a key takes a while. */
export const algorithms: readonly Algorithm[] = [es256, eddsa, es384, rs256];
/** Of these, what it does unless told. */
export const usualAlgorithms: readonly number[] = [es256.cose, eddsa.cose];

/** The other valid form of an ES256 signature, (r, n − s): same key, same message, other bytes. */
export function mirroredEs256(signature: Uint8Array): Uint8Array {
  const { r, s } = p256.Signature.fromBytes(signature, 'der');
  return new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes('der');
}

function der(prefix: string, key: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(prefix, 'hex'), key]));
}
