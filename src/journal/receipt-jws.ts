import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { ReceiptError } from './receipt-error.ts';
import { saidOf } from './receipt-leaves.ts';
import { asObject, policyDiffers as differs, policyMembers } from './receipt-policy.ts';

/** A compact JWS of a party that a policy names, taken apart; its signature is checked by `checkSigned`. */
export interface ReceiptJws {
  readonly kid: unknown;
  readonly alg: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly input: Uint8Array;
  readonly signature: Uint8Array;
}

/** A key of a policy, as its document states it. */
export interface ReceiptKey {
  readonly alg: 'EdDSA' | 'ES256';
  readonly key: KeyObject;
  /** All members that the document gives it. */
  readonly stated: Readonly<Record<string, unknown>>;
}

/**
 * Takes a token apart whose header has exactly `alg`, `typ` and `kid`, of that type, and whose claims are exactly these. `what` as
 * in "an admission voucher". Throws `ReceiptError`.
 */
export function readJws(jws: string, typ: string, names: readonly string[], what: string): ReceiptJws {
  const [head = '', body = '', tail = ''] = jws.split('.');
  const parts = [head, body, tail].map((part) => Buffer.from(part, 'base64url'));
  const [header, payload, signature] = parts;
  // Also of exactly three parts.
  const canonical = parts.map((part) => part.toString('base64url')).join('.') === jws;
  if (!canonical || header === undefined || payload === undefined || signature === undefined)
    throw invalid(what, 'is not a compact JWS');
  const { alg, typ: type, kid, ...others } = membersOf(header, what);
  const claims = membersOf(payload, what);
  const closed = names.length === Object.keys(claims).length && names.every((name) => Object.hasOwn(claims, name));
  if (type !== typ || Object.keys(others).length > 0 || !closed) throw invalid(what, 'is not one of version 1');
  return { kid, alg, claims, input: Buffer.from(`${head}.${body}`), signature };
}

/** The key of that id which the policy's list pins for the issuer. */
export function pinnedKey(policy: string, list: 'admission' | 'attesters', issuer: string, kid: unknown): ReceiptKey {
  const [pinned, another] = keysOf(policy, list).filter((key) => key['kid'] === kid);
  if (pinned === undefined || another !== undefined || pinned['issuer'] !== issuer)
    throw differs(`the policy pins no key ${String(kid)} of ${issuer}, or several`);
  const { kty, crv, x, y } = asObject(pinned['jwk']) ?? {};
  const alg = kty === 'OKP' && crv === 'Ed25519' ? 'EdDSA' : kty === 'EC' && crv === 'P-256' ? 'ES256' : undefined;
  if (alg === undefined) throw differs(`the policy’s key ${String(kid)} is neither Ed25519 nor P-256`);
  const jwk = Object.fromEntries(Object.entries({ kty, crv, x, y }).filter(([, value]) => typeof value === 'string'));
  try {
    return { alg, key: createPublicKey({ key: jwk, format: 'jwk' }), stated: pinned };
  } catch (error) {
    throw differs(`the policy’s key ${String(kid)} is none: ${saidOf(error)}`);
  }
}

const algorithms = {
  EdDSA: { hash: null, dsaEncoding: 'der' },
  // RFC 7518 §3.4: R and S, 32 bytes each.
  ES256: { hash: 'sha256', dsaEncoding: 'ieee-p1363' },
} as const;

export function checkSigned({ alg, input, signature }: ReceiptJws, pinned: ReceiptKey, what: string): void {
  if (alg !== pinned.alg) throw invalid(what, `has the alg ${String(alg)}; its key is for ${pinned.alg}`);
  const { hash, dsaEncoding } = algorithms[pinned.alg];
  if (!verify(hash, input, { key: pinned.key, dsaEncoding }, signature))
    throw invalid(what, 'does not verify under the key that the policy pins');
}

/** A list of the policy. */
function keysOf(policy: string, list: 'admission' | 'attesters'): Record<string, unknown>[] {
  const keys = policyMembers(policy)[list];
  if (Array.isArray(keys)) return keys.map((key: unknown) => asObject(key) ?? {});
  throw differs(`a policy document lists no ${list === 'admission' ? 'admission keys' : 'MFA services'}`);
}

function membersOf(json: Uint8Array, what: string): Record<string, unknown> {
  try {
    const value = asObject(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)));
    if (value !== undefined) return value;
  } catch {
    // Told below.
  }
  throw invalid(what, 'holds no JSON objects');
}

export function invalid(what: string, message: string): ReceiptError {
  return new ReceiptError('evidence-invalid', `${what} ${message}`);
}
