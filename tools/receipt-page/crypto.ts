import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { bytesOf } from './bytes.ts';

// What of node:crypto the verifier of receipts uses, for a browser, whose own cryptography answers later only.

const hashes = { sha256, sha384, sha512, ripemd160 } as const;
type HashName = keyof typeof hashes;
type Data = string | Uint8Array;

export function hash(name: HashName, data: Data, encoding = 'hex'): Uint8Array | string {
  const digest = bytesOf(hashes[name](bytesOf(data)));
  return encoding === 'buffer' ? digest : digest.toString(encoding);
}

export function createHash(name: HashName): {
  update(data: Data): ReturnType<typeof createHash>;
  digest(encoding?: string): Uint8Array | string;
} {
  const hashing = hashes[name].create();
  const of: ReturnType<typeof createHash> = {
    update(data) {
      hashing.update(bytesOf(data));
      return of;
    },
    digest(encoding) {
      const digest = bytesOf(hashing.digest());
      return encoding === undefined ? digest : digest.toString(encoding);
    },
  };
  return of;
}

type Material =
  | { readonly kind: 'ed25519'; readonly point: Uint8Array }
  | { readonly kind: 'ec'; readonly curve: typeof p256; readonly point: Uint8Array }
  | { readonly kind: 'rsa'; readonly n: bigint; readonly e: bigint; readonly length: number };

class PublicKey {
  readonly type = 'public';
  readonly material: Material;

  constructor(material: Material) {
    if (material.kind === 'ed25519') ed25519.Point.fromBytes(material.point);
    if (material.kind === 'ec') material.curve.Point.fromBytes(material.point);
    this.material = material;
  }

  get asymmetricKeyType(): Material['kind'] {
    return this.material.kind;
  }

  export(): { x: string | undefined } {
    const { material } = this;
    return { x: material.kind === 'ed25519' ? bytesOf(material.point).toString('base64url') : undefined };
  }
}

interface Jwk {
  readonly kty?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

// RFC 8410, RFC 5480: the SubjectPublicKeyInfo up to the point.
const spkis = [
  ['302a300506032b6570032100', 'ed25519', 64],
  ['3059301306072a8648ce3d020106082a8648ce3d030107034200', 'P-256', 130],
  ['3076301006072a8648ce3d020106052b81040022036200', 'P-384', 194],
] as const;
const curves = { 'P-256': p256, 'P-384': p384 } as const;

export function createPublicKey(given: { readonly key: Uint8Array | Jwk; readonly format: 'der' | 'jwk' }): PublicKey {
  return new PublicKey(given.key instanceof Uint8Array ? ofSpki(bytesOf(given.key).toString('hex')) : ofJwk(given.key));
}

function ofSpki(hex: string): Material {
  for (const [prefix, kind, digits] of spkis) {
    if (!hex.startsWith(prefix) || hex.length !== prefix.length + digits) continue;
    const point = bytesOf(hex.slice(prefix.length), 'hex');
    return kind === 'ed25519' ? { kind, point } : { kind: 'ec', curve: curves[kind], point };
  }
  throw new Error('a key of another kind');
}

function ofJwk({ kty, crv, x = '', y = '', n = '', e = '' }: Jwk): Material {
  if (kty === 'OKP' && crv === 'Ed25519') return { kind: 'ed25519', point: bytesOf(x, 'base64url') };
  if (kty === 'EC' && (crv === 'P-256' || crv === 'P-384')) {
    const point = Uint8Array.of(4, ...bytesOf(x, 'base64url'), ...bytesOf(y, 'base64url'));
    return { kind: 'ec', curve: curves[crv], point };
  }
  if (kty !== 'RSA') throw new Error('a key of another kind');
  const modulus = bytesOf(n, 'base64url');
  return { kind: 'rsa', n: numberOf(modulus), e: numberOf(bytesOf(e, 'base64url')), length: modulus.length };
}

/** Of the exact kinds that the verifier knows; whatever is wrong with a signature makes it no signature. */
export function verify(
  name: 'sha256' | 'sha384' | null,
  data: Uint8Array,
  key: PublicKey | { readonly key: PublicKey; readonly dsaEncoding: 'der' | 'ieee-p1363' },
  signature: Uint8Array,
): boolean {
  const [{ material }, encoding] = key instanceof PublicKey ? [key, 'der'] : [key.key, key.dsaEncoding];
  try {
    switch (material.kind) {
      case 'ed25519':
        return name === null && ed25519.verify(signature, data, material.point, { zip215: false });
      case 'ec':
        return (
          name !== null &&
          material.curve.verify(signature, hashes[name](data), material.point, {
            prehash: false,
            lowS: false,
            format: encoding === 'der' ? 'der' : 'compact',
          })
        );
      case 'rsa':
        return name === 'sha256' && ofRsa(data, material, signature);
    }
  } catch {
    return false;
  }
}

/** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.2): the encoded message is made anew, and compared whole. */
function ofRsa(data: Uint8Array, { n, e, length }: Extract<Material, { kind: 'rsa' }>, signature: Uint8Array): boolean {
  const s = numberOf(signature);
  if (signature.length !== length || s >= n) return false;
  const info = `3031300d060960864801650304020105000420${bytesOf(sha256(data)).toString('hex')}`;
  const padding = 'ff'.repeat(length - 3 - info.length / 2);
  return power(s, e, n) === BigInt(`0x0001${padding}00${info}`);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x0${bytesOf(bytes).toString('hex')}`);
}

// Named by modules of which the page runs another part.

export function sign(): never {
  throw new Error('this page signs nothing');
}

export class X509Certificate {
  constructor() {
    throw new Error('this page reads no certificates');
  }
}
