import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { type AccountId, domainTag, type FactorId, sha256 } from '../../domain/index.ts';
import { toBase64url } from '../base64url.ts';
import { enrolmentLifetime } from '../challenge.ts';
import { algorithmNumbers } from './cose-key.ts';

const utf8 = new TextEncoder();

export interface Enrolment {
  readonly account: AccountId;
  readonly rpId: string;
  /** What the authenticator shows as the party that asks. */
  readonly rpName: string;
  /** What tells the customer's passkeys apart in the authenticator's own list: never an e-mail address or a name. */
  readonly userName: string;
  /** Of `makeEnrolmentChallenge`. */
  readonly challenge: Uint8Array;
  /** The account's credentials: an authenticator that has one of them makes no second. */
  readonly enrolled: readonly FactorId[];
}

/**
 * What BeginEnrollment hands out for `navigator.credentials.create()` (WebAuthn L3 §5.4): UV required, attestation `none`.
 * The user handle is a hash, since authenticators may give it away (§14.6.1).
 */
export function creationOptions(enrolment: Enrolment): PublicKeyCredentialCreationOptionsJSON {
  return {
    rp: { id: enrolment.rpId, name: enrolment.rpName },
    user: { id: userHandle(enrolment.account), name: enrolment.userName, displayName: enrolment.userName },
    challenge: toBase64url(enrolment.challenge),
    pubKeyCredParams: algorithmNumbers.map((alg) => ({ type: 'public-key', alg })),
    timeout: enrolmentLifetime,
    excludeCredentials: enrolment.enrolled.map((id) => ({ type: 'public-key', id })),
    authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'required' },
    attestation: 'none',
  };
}

/** formats.md, "User handle": base64url of SHA-256("portcullis/user/v1" ‖ 0x00 ‖ account). */
export function userHandle(account: AccountId): string {
  return toBase64url(sha256(domainTag('portcullis/user/v1'), utf8.encode(account)));
}
