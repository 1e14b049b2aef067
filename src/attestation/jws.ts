import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { type Reason, Refusal, shown } from '../domain/index.ts';
import { fromBase64url } from './base64url.ts';
import { Members } from './members.ts';

/** The members of a JWK that are used. */
export interface PublicJwk {
  readonly kty?: string | undefined;
  readonly crv?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
}

/** A public key of a party that policy pins. Only what is pinned here verifies: nothing is fetched, nothing in a token adds to it. */
export interface PinnedKey {
  /** The `iss` that it may speak for. */
  readonly issuer: string;
  /** Unique among the pinned keys. */
  readonly kid: string;
  /** RFC 7517: OKP Ed25519, or EC P-256. */
  readonly jwk: PublicJwk;
}

export interface ExpectedToken<K extends PinnedKey = PinnedKey> {
  /** Exact `typ` of the header. */
  readonly typ: string;
  readonly keys: readonly K[];
  /** What a refusal is called, and what the token is called in its message. */
  readonly reason: Reason;
  readonly what: string;
}

export interface OpenedToken<K extends PinnedKey = PinnedKey> {
  readonly claims: Members;
  readonly key: K;
}

const maxLength = 4096;

/**
 * Opens a compact JWS (RFC 7515 §7.1) by a pinned key: the header is closed to `alg`, `typ` and `kid`, so that no `jku`, `jwk`,
 * `x5u`, `x5c`, `crit` or `b64` is even looked at (A7); `alg` must be the one that the pinned key is for, so that neither
 * `none` nor an HMAC under a public key can be asked for (RFC 8725 §3.1). Synchronous, since kept tokens are verified again
 * between two looks at a freeze, where nothing may come between. Throws `Refusal`.
 */
export function openToken<K extends PinnedKey>(token: string, expected: ExpectedToken<K>): OpenedToken<K> {
  const { reason, what } = expected;
  const refusal = (message: string) => new Refusal(reason, `${what} ${message}`);
  if (token.length > maxLength) throw refusal(`is longer than ${maxLength} characters`);
  const [header, payload, signature] = token.split('.').map(fromBase64url);
  if (header === undefined || payload === undefined || signature === undefined || token.split('.').length !== 3) {
    throw refusal('is not a compact JWS: three parts in base64url');
  }
  const members = Members.parse(header, `${what}’s header`, reason);
  const alg = members.text('alg');
  const typ = members.text('typ');
  const kid = members.text('kid');
  members.close();
  if (typ !== expected.typ) throw refusal(`has the typ ${shown(typ)}, expected ${expected.typ}`);

  const [key, ...others] = expected.keys.filter((pinned) => pinned.kid === kid);
  if (key === undefined || others.length > 0)
    throw refusal(`has the kid ${shown(kid)}, which names no pinned key, or several`);
  const problem = signatureProblem(token, alg, key);
  if (problem !== undefined) throw refusal(problem);
  return { claims: Members.parse(payload, `${what}’s claims`, reason), key };
}

/**
 * What is wrong with a compact JWS under a key, as in "the token …"; undefined where its signature verifies. `alg` is what its
 * header asks for: the key alone says what it is for.
 */
export function signatureProblem(token: string, alg: string, { kid, jwk }: PinnedKey): string | undefined {
  const algorithm = algorithmOf(jwk);
  if (algorithm === undefined) return `has the kid ${shown(kid)}, whose pinned key is neither Ed25519 nor P-256`;
  if (alg !== algorithm) return `has the alg ${shown(alg)}; its key is for ${algorithm}`;
  const end = token.lastIndexOf('.');
  const signature = fromBase64url(token.slice(end + 1));
  if (signature === undefined || !signedBy(jwk, algorithm, Buffer.from(token.slice(0, end)), signature))
    return `does not verify under the pinned key ${shown(kid)}`;
  return undefined;
}

function algorithmOf({ kty, crv }: PublicJwk): 'EdDSA' | 'ES256' | undefined {
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA';
  if (kty === 'EC' && crv === 'P-256') return 'ES256';
  return undefined;
}

/** RFC 7515 §5.2 step 8; RFC 7518 §3.4: r and s, 32 bytes each; RFC 8037 §3.1. */
function signedBy(jwk: PublicJwk, algorithm: 'EdDSA' | 'ES256', input: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: publicPart(jwk), format: 'jwk' });
    return algorithm === 'EdDSA'
      ? verify(null, input, key, signature)
      : verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

/** Leaves out what would make it a private key, or restrict its use. */
function publicPart({ kty = '', crv = '', x = '', y }: PublicJwk): JsonWebKey {
  return y === undefined ? { kty, crv, x } : { kty, crv, x, y };
}
