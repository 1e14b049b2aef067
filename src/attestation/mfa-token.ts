import { categoriesOf, unknownMethod } from '../domain/amr.ts';
import {
  type AccountId,
  type Digest,
  formatInstant,
  minute,
  Refusal,
  type StationName,
  second,
  shown,
  type Verification,
  type VerifiedToken,
  type WallMs,
} from '../domain/index.ts';
import { openToken, type PinnedKey } from './jws.ts';

/** RFC 8725 §3.11: its own type, so that neither a login token of the same service nor a voucher passes for one. */
export const mfaTokenType = 'portcullis-mfa+jwt';
/** A token lives at most this long, from `iat` to `exp`. */
export const mfaTokenLifetime = 2 * minute;
/** How far the service's clock may run ahead of the station's. */
const clockSkew = minute;
/** What a person must have proved: factors of this many categories. */
const categoriesWanted = 2;

/** An MFA service's key, and when it signs: two overlap while the service changes from one to the next. */
export interface AttesterKey extends PinnedKey {
  /** It signed nothing before; undefined: it always did. */
  readonly from: WallMs | undefined;
  /** It signs nothing at this time or after; undefined: it goes on. */
  readonly until: WallMs | undefined;
}

export interface ExpectedMfaToken {
  /** The MFA services' keys that policy pins. */
  readonly keys: readonly AttesterKey[];
  /** `aud` */
  readonly station: StationName;
  /** `sub` */
  readonly account: AccountId;
  /** `intent_digest` */
  readonly digest: Digest;
  /** `kept`: the token was accepted before; whether it is still good now isn't asked again. */
  readonly now: WallMs | 'kept';
}

interface Claims {
  readonly iat: number;
  readonly exp: number;
  readonly amr: readonly string[];
}

/**
 * Whether the token is an MFA service's word that the account's owner approved exactly this intent with two kinds of proof (A7): a
 * compact JWS with the claims `iss aud sub iat exp jti amr intent_digest` and no others. That its `jti` is unspent is for the
 * store to say. Never throws for anything in `token`.
 */
export function verifyMfaToken(token: string, expected: ExpectedMfaToken): Verification {
  try {
    return { genuine: true, evidence: readToken(token, expected) };
  } catch (error) {
    if (error instanceof Refusal) return { genuine: false, reason: error.reason, message: error.message };
    throw error;
  }
}

function readToken(token: string, expected: ExpectedMfaToken): VerifiedToken {
  const { claims, key } = openToken(token, {
    typ: mfaTokenType,
    keys: expected.keys,
    reason: 'attestation-invalid',
    what: 'the MFA token',
  });
  const stated = {
    iss: claims.text('iss'),
    aud: claims.text('aud'),
    sub: claims.text('sub'),
    iat: claims.count('iat'),
    exp: claims.count('exp'),
    jti: claims.text('jti'),
    amr: claims.texts('amr'),
    digest: claims.text('intent_digest'),
  };
  claims.close();

  const wanted = { iss: key.issuer, aud: expected.station, sub: expected.account };
  for (const name of ['iss', 'aud', 'sub'] as const) {
    if (stated[name] !== wanted[name])
      throw invalid(`has the ${name} ${shown(stated[name])}, expected ${shown(wanted[name])}`);
  }
  if (stated.digest !== expected.digest) {
    throw new Refusal(
      'challenge-mismatch',
      `the MFA token approves the intent ${shown(stated.digest)}, not ${expected.digest}`,
    );
  }
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(stated.jti))
    throw invalid(`must have 16 to 64 of A-Z a-z 0-9 _ - as jti, got ${shown(stated.jti)}`);
  checkProof(stated);
  checkTimes(stated, expected.now);
  checkKeyOf(stated, key);
  return { kind: 'mfa-token', issuer: key.issuer, kid: key.kid, account: expected.account, jti: stated.jti };
}

function checkProof({ amr }: Claims): void {
  const unknown = unknownMethod(amr);
  if (unknown !== undefined) throw invalid(`has ${shown(unknown)} in its amr, which RFC 8176 does not list`);
  const proven = [...categoriesOf(amr)];
  if (proven.length < categoriesWanted)
    throw invalid(
      `proves ${proven[0] ?? 'nothing'} by its amr ${shown(amr.join(' '))}: needs two of knowledge, possession and inherence`,
    );
}

/** RFC 7519 §4.1.4: "on or after" `exp` it must not be accepted. */
function checkTimes({ iat, exp }: Claims, now: WallMs | 'kept'): void {
  if (exp <= iat) throw invalid('expires before it is issued');
  if ((exp - iat) * second > mfaTokenLifetime) throw invalid('lives longer than 120 seconds from its iat to its exp');
  if (now === 'kept') return;
  if (now >= exp * second) throw invalid('has expired');
  if (now + clockSkew < iat * second) throw invalid('was issued after the station’s present');
}

function checkKeyOf({ iat }: Claims, { kid, from, until }: AttesterKey): void {
  const at = iat * second;
  if (from !== undefined && at < from)
    throw invalid(`was issued before ${formatInstant(from)}, when its key ${shown(kid)} begins`);
  if (until !== undefined && at >= until)
    throw invalid(`was issued after its key ${shown(kid)} ended, at ${formatInstant(until)}`);
}

function invalid(message: string): Refusal {
  return new Refusal('attestation-invalid', `the MFA token ${message}`);
}
