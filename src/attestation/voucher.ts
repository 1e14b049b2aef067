import {
  day,
  minute,
  parseAccountId,
  parseDigest,
  parseFactorId,
  type Reason,
  Refusal,
  type StationName,
  second,
  shown,
  type VerifiedVoucher,
  type WallMs,
} from '../domain/index.ts';
import { openToken, type PinnedKey } from './jws.ts';

/** RFC 8725 §3.11: its own type, so that no other token of the authority passes for a voucher. */
export const voucherType = 'portcullis-admission+jwt';
/** A voucher lives at most this long, from `iat` to `exp`. */
export const voucherLifetime = day;
/** How far the authority's clock may run ahead of the station's. */
const clockSkew = minute;

export interface ExpectedVoucher {
  /** The admission authorities' keys that policy pins. */
  readonly keys: readonly PinnedKey[];
  /** `aud` */
  readonly station: StationName;
  readonly now: WallMs;
}

export type VoucherVerification =
  | { readonly genuine: true; readonly voucher: VerifiedVoucher }
  | { readonly genuine: false; readonly reason: Reason; readonly message: string };

/**
 * Whether the token is an admission authority's word that a key is an account's (A10): a compact JWS with the claims
 * `iss aud sub credential key exp iat jti` and no others. The caller compares the account, credential and key that come back
 * with those of the intent, and spends the `jti`.
 * Never throws for anything in `token`.
 */
export async function verifyVoucher(token: string, expected: ExpectedVoucher): Promise<VoucherVerification> {
  try {
    return { genuine: true, voucher: await readVoucher(token, expected) };
  } catch (error) {
    if (error instanceof Refusal) return { genuine: false, reason: error.reason, message: error.message };
    throw error;
  }
}

async function readVoucher(token: string, expected: ExpectedVoucher): Promise<VerifiedVoucher> {
  if (token === '') throw new Refusal('voucher-missing');
  const { claims, key } = await openToken(token, {
    typ: voucherType,
    keys: expected.keys,
    reason: 'voucher-invalid',
    what: 'the voucher',
  });
  const iss = claims.text('iss');
  const aud = claims.text('aud');
  const account = parsed(parseAccountId, claims.text('sub'), 'sub');
  const credential = parsed(parseFactorId, claims.text('credential'), 'credential');
  const digest = parsed(parseDigest, claims.text('key'), 'key');
  const exp = claims.count('exp');
  const iat = claims.count('iat');
  const jti = claims.text('jti');
  claims.close();

  if (iss !== key.issuer) throw invalid(`has the iss ${shown(iss)}; its key is pinned for ${shown(key.issuer)}`);
  if (aud !== expected.station) throw invalid(`has the aud ${shown(aud)}, expected ${expected.station}`);
  // No colon, so that an issuer and a jti put together stay apart from any others.
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(jti)) {
    throw invalid(`must have 16 to 64 of A-Z a-z 0-9 _ - as jti, got ${shown(jti)}`);
  }
  checkTimes({ exp, iat }, expected.now);
  return { issuer: key.issuer, account, credential, key: digest, jti };
}

function parsed<T>(parse: (value: string, field: string) => T, value: string, name: string): T {
  try {
    return parse(value, name);
  } catch (error) {
    throw error instanceof Refusal ? invalid(`has a malformed claim: ${error.message}`) : error;
  }
}

/** RFC 7519 §4.1.4: "on or after" `exp` it must not be accepted. */
function checkTimes({ exp, iat }: { exp: number; iat: number }, now: WallMs): void {
  if ((exp - iat) * second > voucherLifetime) throw invalid('lives longer than 24 hours from its iat to its exp');
  if (now >= exp * second) throw invalid('has expired');
  if (now + clockSkew < iat * second) throw invalid('was issued after the station’s present');
}

function invalid(message: string): Refusal {
  return new Refusal('voucher-invalid', `the voucher ${message}`);
}
