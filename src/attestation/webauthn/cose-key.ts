import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { Refusal } from '../../domain/index.ts';
import { toBase64url } from '../base64url.ts';
import { type CborMap, parseCborMap } from './cbor.ts';

/** A public key that can check its authenticator's signatures. */
export interface CredentialKey {
  /** Its COSE algorithm number. */
  readonly number: number;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/** COSE algorithm numbers (RFC 9053) that are accepted, in the order in which they are offered to an authenticator. */
export const algorithmNumbers = [-8, -7, -35, -257] as const;
type AlgorithmNumber = (typeof algorithmNumbers)[number];

/** The longest COSE key that is looked at. Those of RSA with 4096 bits have 530 bytes, others 109 or fewer. */
const maxKeyLength = 1024;

const KTY = 1;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;

const N = -1;
const E = -2;

interface Algorithm {
  readonly name: string;
  /** The members that say which kind of key it is. */
  readonly parameters: ReadonlyMap<number, number>;
  /** The members that are the key, and how many bytes each may have. */
  readonly material: readonly (readonly [label: number, least: number, most: number])[];
  /** The hash that the signature is made of; null where the algorithm takes the message itself. */
  readonly hash: 'sha256' | 'sha384' | null;
  /** What the import of a key doesn't check by itself. */
  readonly flaw?: (...material: Uint8Array[]) => string | undefined;
  readonly imported: (...material: Uint8Array[]) => KeyObject;
}

/** DER of the SubjectPublicKeyInfo up to the coordinates, and these. */
const ofSpki =
  (prefix: string) =>
  (...coordinates: Uint8Array[]): KeyObject => {
    const key = Buffer.concat([Buffer.from(prefix, 'hex'), ...coordinates]);
    return createPublicKey({ key, format: 'der', type: 'spki' });
  };

// WebAuthn L3 §5.8.5: with these algorithm numbers a key must be on exactly this curve, its point uncompressed.
const algorithms: { readonly [A in AlgorithmNumber]: Algorithm } = {
  // RFC 9053 §2.1, §7.1.1. RFC 5480: id-ecPublicKey, prime256v1.
  [-7]: {
    name: 'ES256',
    parameters: new Map([
      [KTY, 2],
      [ALG, -7],
      [CRV, 1],
    ]),
    material: [
      [X, 32, 32],
      [Y, 32, 32],
    ],
    hash: 'sha256',
    imported: ofSpki('3059301306072a8648ce3d020106082a8648ce3d030107034200' + '04'),
  },
  // RFC 9053 §2.2, §7.2; Ed25519 alone. RFC 8410.
  [-8]: {
    name: 'EdDSA',
    parameters: new Map([
      [KTY, 1],
      [ALG, -8],
      [CRV, 6],
    ]),
    material: [[X, 32, 32]],
    hash: null,
    flaw: flawOfEd25519,
    imported: ofSpki('302a300506032b6570032100'),
  },
  // RFC 9053 §2.1, §7.1.1. RFC 5480: id-ecPublicKey, secp384r1.
  [-35]: {
    name: 'ES384',
    parameters: new Map([
      [KTY, 2],
      [ALG, -35],
      [CRV, 2],
    ]),
    material: [
      [X, 48, 48],
      [Y, 48, 48],
    ],
    hash: 'sha384',
    imported: ofSpki('3076301006072a8648ce3d020106052b81040022036200' + '04'),
  },
  // RFC 8812 §2, RFC 8230 §4: RSASSA-PKCS1-v1_5 with SHA-256, of 2048 to 4096 bits.
  [-257]: {
    name: 'RS256',
    parameters: new Map([
      [KTY, 3],
      [ALG, -257],
    ]),
    material: [
      [N, 256, 512],
      [E, 3, 3],
    ],
    hash: 'sha256',
    flaw: flawOfRsa,
    imported: (...material) => {
      const [n = '', e = ''] = material.map(toBase64url);
      return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    },
  },
};

/**
 * A COSE_Key as WebAuthn L3 §6.5.1 has it in attested credential data: canonical CBOR, its `alg` stated, nothing optional,
 * a point that is on the curve, an RSA modulus of 2048 to 4096 bits with the exponent 65537. Throws `Refusal` `attestation-invalid`.
 */
export function parseCoseKey(bytes: Uint8Array): CredentialKey {
  if (bytes.length > maxKeyLength) throw wrong(`is longer than ${maxKeyLength} bytes`);
  const map = parseCborMap(bytes, 'the credential’s public key');
  const number = map.get(ALG);
  const known = algorithmNumbers.find((accepted) => accepted === number);
  if (known === undefined) {
    const accepted = algorithmNumbers.map((n) => `${n} (${algorithms[n].name})`).join(', ');
    throw wrong(`has the algorithm ${typeof number === 'number' ? number : 'of no number'}; accepted are ${accepted}`);
  }
  const algorithm = algorithms[known];
  const material = materialOf(map, algorithm);
  const flaw = algorithm.flaw?.(...material);
  if (flaw !== undefined) throw wrong(flaw);
  try {
    return { number: known, algorithm, key: algorithm.imported(...material) };
  } catch {
    throw wrong(`is no point on the curve of ${algorithm.name}`);
  }
}

function materialOf(map: CborMap, { name, parameters, material }: Algorithm): Uint8Array[] {
  for (const [label, value] of parameters) {
    if (map.get(label) !== value) throw wrong(`must have ${value} as member ${label} for ${name}`);
  }
  const parts = material.map(([label, least, most]) => {
    const value = map.get(label);
    if (!(value instanceof Uint8Array) || value.length < least || value.length > most)
      throw wrong(`must have ${least === most ? least : `${least} to ${most}`} bytes as member ${label}`);
    return value;
  });
  if (map.size !== parameters.size + parts.length) throw wrong(`has members that ${name} does not know`);
  return parts;
}

/** RFC 8230 §4: no leading zeros. Other exponents than 65537 no authenticator has, and small ones have been attacked (Bleichenbacher 2006). */
function flawOfRsa(n: Uint8Array, e: Uint8Array): string | undefined {
  if (n[0] === 0 || (n.length === 256 && ((n[0] ?? 0) & 0x80) === 0))
    return 'must be of 2048 to 4096 bits, without leading zeros';
  if (((n.at(-1) ?? 0) & 1) === 0) return 'has an even modulus';
  return toBase64url(e) === 'AQAB' ? undefined : 'must have the exponent 65537';
}

/**
 * OpenSSL takes any 32 bytes. RFC 8032 §5.1.3 doesn't; and under a point of small order one signature fits nearly any
 * message, so that an assertion would say nothing.
 */
function flawOfEd25519(x: Uint8Array): string | undefined {
  try {
    return ed25519.Point.fromBytes(x).isSmallOrder() ? 'is a point of small order' : undefined;
  } catch {
    return 'is no point on the curve of EdDSA';
  }
}

function wrong(message: string): Refusal {
  return new Refusal('attestation-invalid', `the credential’s public key ${message}`);
}

/**
 * Whether the signature is the key's over the message (WebAuthn L3 §6.5.5: ES256 and ES384 in DER, which OpenSSL takes
 * in its one canonical encoding only; EdDSA by RFC 8032; RS256 by RFC 8017 §8.2.2). High and low s are both valid in WebAuthn: nothing may be keyed by a signature.
 */
export function verifiesUnder({ algorithm, key }: CredentialKey, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(algorithm.hash, message, key, signature);
}
