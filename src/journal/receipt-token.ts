import { categoriesOf } from '../domain/amr.ts';
import { parseInstant, second, type WallMs } from '../domain/index.ts';
import { checkSigned, invalid, pinnedKey, type ReceiptKey, readJws } from './receipt-jws.ts';

/** formats.md, "MFA token". */
const type = 'portcullis-mfa+jwt';
const names = ['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'amr', 'intent_digest'];
const what = 'an MFA token';
const lifetime = 120;
/** Between the reading of a token and the entry of its decision, and between the service's clock and the station's. */
const skew = 60 * second;

export interface ExpectedReceiptToken {
  /** The policy document in force when the token was accepted. */
  readonly policy: string;
  readonly aud: string;
  readonly sub: string;
  /** Of the intent, hex. */
  readonly digest: string;
  /** When it was accepted. */
  readonly time: WallMs;
}

/**
 * Whether the token is the word of an MFA service, by a key that the policy pinned and that had its time then, that the account's
 * owner approved exactly this intent, with factors of two categories. Returns who says so. The station checks the same before it
 * accepts (`attestation/mfa-token.ts`), more strictly.
 */
export function checkReceiptToken(jws: string, expected: ExpectedReceiptToken): { iss: string; kid: string } {
  const token = readJws(jws, type, names, what);
  const { iss, iat, exp, jti, amr, intent_digest } = token.claims;
  const said = { aud: token.claims['aud'], sub: token.claims['sub'], digest: intent_digest };
  for (const name of ['aud', 'sub', 'digest'] as const) {
    if (said[name] !== expected[name]) throw invalid(what, `has another ${name}`);
  }
  if (typeof iss !== 'string' || typeof jti !== 'string' || typeof iat !== 'number' || typeof exp !== 'number')
    throw invalid(what, 'lacks its iss, its jti or its times');
  if (exp - iat > lifetime) throw invalid(what, 'lives too long');
  if (!(expected.time >= iat * second - skew && expected.time <= exp * second + skew))
    throw invalid(what, 'was not good when it was accepted');
  const methods: unknown[] = Array.isArray(amr) ? amr : [];
  if (categoriesOf(methods.map(String)).size < 2) throw invalid(what, 'proves factors of fewer than two categories');
  const pinned = pinnedKey(expected.policy, 'attesters', iss, token.kid);
  if (!inTime(pinned, iat * second)) throw invalid(what, 'was issued outside the time of its key');
  checkSigned(token, pinned, what);
  return { iss, kid: String(token.kid) };
}

/** Whether the policy gives the key this time. */
function inTime({ stated: { from, until } }: ReceiptKey, at: number): boolean {
  return (
    (typeof from !== 'string' || at >= parseInstant(from, 'from')) &&
    (typeof until !== 'string' || at < parseInstant(until, 'until'))
  );
}
