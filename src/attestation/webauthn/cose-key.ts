import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { Refusal } from '../../domain/index.ts';
import { type CborMap, parseCborMap } from './cbor.ts';

/** A public key that can check its authenticator's signatures. */
export interface CredentialKey {
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/** COSE algorithm numbers (RFC 9053) that are accepted, in the order in which they are offered to an authenticator. */
export const algorithmNumbers = [-8, -7] as const;
type AlgorithmNumber = (typeof algorithmNumbers)[number];

/** The longest COSE key that is looked at. Those of today's algorithms have 77 bytes or fewer. */
const maxKeyLength = 1024;

const KTY = 1;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;

interface Algorithm {
  readonly name: string;
  /** The members that say which key it is, besides the coordinates. */
  readonly parameters: ReadonlyMap<number, number>;
  /** 32 bytes each. */
  readonly coordinates: readonly number[];
  /** DER of the SubjectPublicKeyInfo up to the coordinates. */
  readonly spki: Uint8Array;
  /** The hash that the signature is made of; null where the algorithm takes the message itself. */
  readonly hash: 'sha256' | null;
  /** What the import of a key doesn't check by itself. */
  readonly flaw?: (coordinates: Uint8Array) => string | undefined;
}

// WebAuthn L3 §5.8.5: with these algorithm numbers a key must be on exactly this curve.
const algorithms: { readonly [A in AlgorithmNumber]: Algorithm } = {
  // RFC 9053 §2.1, §7.1.1; the point uncompressed (WebAuthn L3 §5.8.5). RFC 5480: id-ecPublicKey, prime256v1.
  [-7]: {
    name: 'ES256',
    parameters: new Map([
      [KTY, 2],
      [ALG, -7],
      [CRV, 1],
    ]),
    coordinates: [X, Y],
    spki: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200' + '04', 'hex'),
    hash: 'sha256',
  },
  // RFC 9053 §2.2, §7.2; Ed25519 alone. RFC 8410.
  [-8]: {
    name: 'EdDSA',
    parameters: new Map([
      [KTY, 1],
      [ALG, -8],
      [CRV, 6],
    ]),
    coordinates: [X],
    spki: Buffer.from('302a300506032b6570032100', 'hex'),
    hash: null,
    flaw: flawOfEd25519,
  },
};

/**
 * A COSE_Key as WebAuthn L3 §6.5.1 has it in attested credential data: canonical CBOR, its `alg` stated, nothing optional,
 * a point that is on the curve. Throws `Refusal` `attestation-invalid`.
 */
export function parseCoseKey(bytes: Uint8Array): CredentialKey {
  if (bytes.length > maxKeyLength) throw wrong(`is longer than ${maxKeyLength} bytes`);
  const map = parseCborMap(bytes, 'the credential’s public key');
  const number = map.get(ALG);
  const known = algorithmNumbers.find((accepted) => accepted === number);
  if (known === undefined) {
    throw wrong(
      `has the algorithm ${typeof number === 'number' ? number : 'of no number'}; accepted are -8 (EdDSA), -7 (ES256)`,
    );
  }
  const algorithm = algorithms[known];
  const coordinates = coordinatesOf(map, algorithm);
  const flaw = algorithm.flaw?.(coordinates);
  if (flaw !== undefined) throw wrong(flaw);
  try {
    const key = createPublicKey({ key: Buffer.concat([algorithm.spki, coordinates]), format: 'der', type: 'spki' });
    return { algorithm, key };
  } catch {
    throw wrong(`is no point on the curve of ${algorithm.name}`);
  }
}

function coordinatesOf(map: CborMap, { name, parameters, coordinates }: Algorithm): Uint8Array {
  for (const [label, value] of parameters) {
    if (map.get(label) !== value) throw wrong(`must have ${value} as member ${label} for ${name}`);
  }
  const parts = coordinates.map((label) => {
    const value = map.get(label);
    if (!(value instanceof Uint8Array) || value.length !== 32) throw wrong(`must have 32 bytes as member ${label}`);
    return value;
  });
  if (map.size !== parameters.size + parts.length) throw wrong(`has members that ${name} does not know`);
  return Buffer.concat(parts);
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
 * Whether the signature is the key's over the message (WebAuthn L3 §6.5.5: ES256 in DER, which OpenSSL takes in its one
 * canonical encoding only; EdDSA by RFC 8032). High and low s are both valid in WebAuthn: nothing may be keyed by a signature.
 */
export function verifiesUnder({ algorithm, key }: CredentialKey, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(algorithm.hash, message, key, signature);
}
