import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { parseDocument } from 'yaml';
import { second, type WallMs } from '../domain/index.ts';
import { ReceiptError } from './receipt-error.ts';
import { saidOf } from './receipt-leaves.ts';

/** formats.md, "Admission voucher". */
const type = 'portcullis-admission+jwt';
const lifetime = 24 * 60 * 60;
/** Between the reading of a voucher and the entry of its decision, and between the authority's clock and the station's. */
const skew = 60 * second;

export interface ExpectedReceiptVoucher {
  /** The policy document in force when the factor was admitted. */
  readonly policy: string;
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly credential: string;
  /** SHA-256 of the COSE key, hex. */
  readonly key: string;
  /** When the factor was admitted. */
  readonly time: WallMs;
}

/**
 * Whether the voucher is the word of an admission authority, by a key that the policy pins, that exactly this factor is this
 * account's. Returns the key's id. The station checks the same before it admits (`attestation/voucher.ts`), more strictly.
 */
export function checkReceiptVoucher(jws: string, expected: ExpectedReceiptVoucher): string {
  const [head = '', body = '', tail = '', ...more] = jws.split('.');
  const parts = [head, body, tail].map((part) => Buffer.from(part, 'base64url'));
  const [header, payload, signature] = parts;
  const canonical = parts.map((part) => part.toString('base64url')).join('.') === jws;
  if (!canonical || more.length > 0 || header === undefined || payload === undefined || signature === undefined)
    throw invalid('is not a compact JWS');
  const { alg, typ, kid, ...otherMembers } = membersOf(header);
  const { iss, aud, sub, credential, key, iat, exp, jti, ...otherClaims } = membersOf(payload);
  if (typ !== type || Object.keys({ ...otherMembers, ...otherClaims }).length > 0)
    throw invalid('is not one of version 1');
  const said = { iss, aud, sub, credential, key };
  for (const name of ['iss', 'aud', 'sub', 'credential', 'key'] as const) {
    if (said[name] !== expected[name]) throw invalid(`has another ${name}`);
  }
  if (typeof jti !== 'string' || typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > lifetime)
    throw invalid('lacks its jti or its times, or lives too long');
  if (!(expected.time >= iat * second - skew && expected.time <= exp * second + skew))
    throw invalid('was not good when the factor was admitted');
  const pinned = pinnedKey(expected.policy, expected.iss, kid);
  if (alg !== pinned.alg) throw invalid(`has the alg ${String(alg)}; its key is for ${pinned.alg}`);
  const { hash, dsaEncoding } = algorithms[pinned.alg];
  if (!verify(hash, Buffer.from(`${head}.${body}`), { key: pinned.key, dsaEncoding }, signature))
    throw invalid('does not verify under the key that the policy pins');
  return String(kid);
}

const algorithms = {
  EdDSA: { hash: null, dsaEncoding: 'der' },
  // RFC 7518 §3.4: R and S, 32 bytes each.
  ES256: { hash: 'sha256', dsaEncoding: 'ieee-p1363' },
} as const;

/** The key of that id which the policy pins for the issuer. */
function pinnedKey(policy: string, issuer: string, kid: unknown): { alg: 'EdDSA' | 'ES256'; key: KeyObject } {
  const [pinned, another] = admissionOf(policy).filter((key) => key['kid'] === kid);
  if (pinned === undefined || another !== undefined || pinned['issuer'] !== issuer)
    throw differs(`the policy pins no key ${String(kid)} of ${issuer}, or several`);
  const { kty, crv, x, y } = asObject(pinned['jwk']) ?? {};
  const alg = kty === 'OKP' && crv === 'Ed25519' ? 'EdDSA' : kty === 'EC' && crv === 'P-256' ? 'ES256' : undefined;
  if (alg === undefined) throw differs(`the policy’s key ${String(kid)} is neither Ed25519 nor P-256`);
  const jwk = Object.fromEntries(Object.entries({ kty, crv, x, y }).filter(([, value]) => typeof value === 'string'));
  try {
    return { alg, key: createPublicKey({ key: jwk, format: 'jwk' }) };
  } catch (error) {
    throw differs(`the policy’s key ${String(kid)} is none: ${saidOf(error)}`);
  }
}

/** The policy's `admission`. The station accepted the document as strict YAML 1.2 (core schema) before it hashed it. */
function admissionOf(policy: string): Record<string, unknown>[] {
  try {
    const document = parseDocument(policy, { version: '1.2', schema: 'core', merge: false });
    if (document.errors.length === 0) {
      const admission = asObject(document.toJS({ maxAliasCount: 0 }))?.['admission'];
      if (Array.isArray(admission)) return admission.map((key: unknown) => asObject(key) ?? {});
    }
  } catch {
    // Told below.
  }
  throw differs('a policy document lists no admission keys');
}

function membersOf(json: Uint8Array): Record<string, unknown> {
  try {
    const value = asObject(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)));
    if (value !== undefined) return value;
  } catch {
    // Told below.
  }
  throw invalid('holds no JSON objects');
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function invalid(message: string): ReceiptError {
  return new ReceiptError('evidence-invalid', `an admission voucher ${message}`);
}

function differs(message: string): ReceiptError {
  return new ReceiptError('policy-differs', message);
}
