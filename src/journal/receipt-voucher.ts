import { second, type WallMs } from '../domain/index.ts';
import { checkSigned, invalid, pinnedKey, readJws } from './receipt-jws.ts';

/** formats.md, "Admission voucher". */
const type = 'portcullis-admission+jwt';
const names = ['iss', 'aud', 'sub', 'credential', 'key', 'iat', 'exp', 'jti'];
const what = 'an admission voucher';
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
  const token = readJws(jws, type, names, what);
  const { iat, exp, jti } = token.claims;
  for (const name of ['iss', 'aud', 'sub', 'credential', 'key'] as const) {
    if (token.claims[name] !== expected[name]) throw invalid(what, `has another ${name}`);
  }
  if (typeof jti !== 'string' || typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > lifetime)
    throw invalid(what, 'lacks its jti or its times, or lives too long');
  if (!(expected.time >= iat * second - skew && expected.time <= exp * second + skew))
    throw invalid(what, 'was not good when the factor was admitted');
  checkSigned(token, pinnedKey(expected.policy, 'admission', expected.iss, token.kid), what);
  return String(token.kid);
}
