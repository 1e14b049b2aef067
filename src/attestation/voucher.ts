import {
  type AccountId,
  type Digest,
  day,
  type FactorId,
  minute,
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
  /** `sub` */
  readonly account: AccountId;
  /** `credential`: of the factor that is to be the account's first. */
  readonly credential: FactorId;
  /** `key`: SHA-256 of its COSE key. */
  readonly key: Digest;
  readonly now: WallMs;
}

export type VoucherVerification =
  | { readonly genuine: true; readonly voucher: VerifiedVoucher }
  | { readonly genuine: false; readonly reason: Reason; readonly message: string };

/**
 * Whether the token is an admission authority's word that exactly this key is exactly this account's (A10): a compact JWS with
 * the claims `iss aud sub credential key exp iat jti` and no others. That its `jti` is unspent is for the store to say.
 * Never throws for anything in `token`.
 */
export function verifyVoucher(token: string, expected: ExpectedVoucher): VoucherVerification {
  try {
    return { genuine: true, voucher: readVoucher(token, expected) };
  } catch (error) {
    if (error instanceof Refusal) return { genuine: false, reason: error.reason, message: error.message };
    throw error;
  }
}

function readVoucher(token: string, expected: ExpectedVoucher): VerifiedVoucher {
  if (token === '') throw new Refusal('voucher-missing');
  const { claims, key } = openToken(token, {
    typ: voucherType,
    keys: expected.keys,
    reason: 'voucher-invalid',
    what: 'the voucher',
  });
  const stated = {
    iss: claims.text('iss'),
    aud: claims.text('aud'),
    sub: claims.text('sub'),
    credential: claims.text('credential'),
    key: claims.text('key'),
    exp: claims.count('exp'),
    iat: claims.count('iat'),
    jti: claims.text('jti'),
  };
  claims.close();

  const wanted = {
    iss: key.issuer,
    aud: expected.station,
    sub: expected.account,
    credential: expected.credential,
    key: expected.key,
  };
  for (const name of ['iss', 'aud', 'sub', 'credential', 'key'] as const) {
    if (stated[name] !== wanted[name]) {
      throw invalid(`has the ${name} ${shown(stated[name])}, expected ${shown(wanted[name])}`);
    }
  }
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(stated.jti)) {
    throw invalid(`must have 16 to 64 of A-Z a-z 0-9 _ - as jti, got ${shown(stated.jti)}`);
  }
  checkTimes(stated, expected.now);
  return {
    issuer: key.issuer,
    account: expected.account,
    credential: expected.credential,
    key: expected.key,
    jti: stated.jti,
  };
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
