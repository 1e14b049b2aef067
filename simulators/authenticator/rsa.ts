import { createPrivateKey, createPublicKey, hkdfSync, sign } from 'node:crypto';
import { type Cbor, encodeCbor } from './cbor.ts';
import type { Algorithm } from './signing.ts';

const E = 65537n;
const primeBits = 1024;

/** RS256 (RFC 8812 §2) with 2048 bits; its key is derived from the seed like any other, so that a seeded authenticator repeats itself. */
export const rs256: Algorithm = {
  cose: -257,
  seedLength: 32,
  secretKey: (seed) => pkcs8Of(seed),
  coseKey(secret) {
    const { n = '' } = publicOf(secret).export({ format: 'jwk' });
    return encodeCbor(
      new Map<number, Cbor>([
        [1, 3],
        [3, -257],
        [-1, new Uint8Array(Buffer.from(n, 'base64url'))],
        [-2, Uint8Array.of(1, 0, 1)],
      ]),
    );
  },
  spki: (secret) => new Uint8Array(publicOf(secret).export({ format: 'der', type: 'spki' })),
  sign: (message, secret) => new Uint8Array(sign('sha256', message, privateOf(secret))),
};

const made = new Map<string, Uint8Array>();

/** PKCS #8 of the key that the seed stands for. Its primes are the first ones after numbers that are drawn from the seed. */
function pkcs8Of(seed: Uint8Array): Uint8Array {
  const name = Buffer.from(seed).toString('hex');
  const known = made.get(name);
  if (known !== undefined) return known;
  const [p, q] = [primeFrom(seed, 'p'), primeFrom(seed, 'q')];
  const d = inverse(E, (p - 1n) * (q - 1n));
  const members = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const jwk = Object.fromEntries(Object.entries(members).map(([key, value]) => [key, base64urlOf(value)]));
  const key = createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
  const pkcs8 = new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));
  made.set(name, pkcs8);
  return pkcs8;
}

function primeFrom(seed: Uint8Array, info: string): bigint {
  const drawn = Buffer.from(hkdfSync('sha256', seed, 'simulated authenticator', `rsa ${info}`, primeBits / 8));
  // The two highest bits are set, so that the product has all of its bits.
  const start = BigInt(`0x${drawn.toString('hex')}`) | (3n << BigInt(primeBits - 2)) | 1n;
  for (let candidate = start; ; candidate += 2n) {
    if ((candidate - 1n) % E !== 0n && small.every((prime) => candidate % prime !== 0n) && isPrime(candidate))
      return candidate;
  }
}

const small = [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n, 73n];

/** Miller and Rabin's test: good enough for test keys. */
function isPrime(n: bigint): boolean {
  let [d, r] = [n - 1n, 0];
  for (; d % 2n === 0n; r++) d /= 2n;
  return small.slice(0, 8).every((base) => {
    let x = power(base, d, n);
    for (let i = 1; i < r && x !== 1n && x !== n - 1n; i++) x = (x * x) % n;
    return x === n - 1n || (x === 1n && power(base, d, n) === 1n);
  });
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus];
  for (let e = exponent; e > 0n; e >>= 1n) {
    if ((e & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [modulus, value % modulus, 0n, 1n];
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % modulus) + modulus) % modulus;
}

function base64urlOf(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

const privateOf = (secret: Uint8Array) => createPrivateKey({ key: Buffer.from(secret), format: 'der', type: 'pkcs8' });
const publicOf = (secret: Uint8Array) => createPublicKey(privateOf(secret));
