import type { AccountId, Digest, FactorId } from './ids.ts';
import { type AuthenticatorClass, authenticatorClasses } from './intent.ts';
import type { Reason } from './reasons.ts';

/** A WebAuthn assertion as it came from the customer's client (WebAuthn L3 §5.1.4): kept whole, as evidence. */
export interface Assertion {
  readonly kind: 'webauthn';
  /** `id` of the PublicKeyCredential, base64url. */
  readonly credential: FactorId;
  readonly authenticatorData: Uint8Array;
  readonly clientData: Uint8Array;
  readonly signature: Uint8Array;
}

/** A one-time code of an enrolled secret (RFC 6238). It names no payment: never the only evidence. */
export interface OneTimeCode {
  readonly kind: 'totp';
  readonly factor: FactorId;
  /** Decimal digits. */
  readonly code: string;
}

/** The word of an MFA service whose key policy pins, that the account's owner approved one intent: a compact JWS. */
export interface ServiceToken {
  readonly kind: 'mfa-token';
  readonly token: string;
}

/** Evidence as it arrives. */
export type Attestation = Assertion | OneTimeCode | ServiceToken;

/** What a verified assertion says about its factor after this use. */
export interface VerifiedAssertion {
  readonly kind: 'webauthn';
  readonly factor: FactorId;
  readonly class: AuthenticatorClass;
  /** `payment.get`: the browser showed the payment itself (Secure Payment Confirmation). */
  readonly ceremony: 'webauthn.get' | 'payment.get';
  readonly userVerified: boolean;
  /** WebAuthn's signature counter; 0 when the authenticator keeps none. */
  readonly signCount: number;
  readonly backupState: boolean;
}

export interface VerifiedCode {
  readonly kind: 'totp';
  readonly factor: FactorId;
  /** RFC 6238 §4.2: the time step that the code is of. It is used once. 0 where it was accepted before and is kept. */
  readonly step: number;
}

export interface VerifiedToken {
  readonly kind: 'mfa-token';
  readonly issuer: string;
  readonly kid: string;
  readonly account: AccountId;
  /** Single use, for each issuer. */
  readonly jti: string;
}

export type VerifiedEvidence = VerifiedAssertion | VerifiedCode | VerifiedToken;

/** What policy accepts, or not, by name: of an enrolled factor, or of an MFA service's token. */
export const acceptedClasses = [...authenticatorClasses, 'totp', 'mfa-service'] as const;
export type AcceptedClass = (typeof acceptedClasses)[number];

/** What evidence is counted as where different classes are wanted: two passkeys are one class, whatever holds them. */
export type EvidenceClass = 'webauthn' | 'totp' | 'mfa-service';

/** An attestation is genuine, or it is refused with its reason. */
export type Verification<E extends VerifiedEvidence = VerifiedEvidence> =
  | { readonly genuine: true; readonly evidence: E }
  | {
      readonly genuine: false;
      readonly reason: Reason;
      readonly message: string;
      readonly details?: Readonly<Record<string, string>>;
    };

/** A registration that was checked: what enrolment will remember. */
export interface VerifiedRegistration {
  readonly credential: FactorId;
  /** COSE_Key, exactly the bytes in the authenticator data. */
  readonly coseKey: Uint8Array;
  /** SHA-256 of `coseKey`. */
  readonly key: Digest;
  readonly class: AuthenticatorClass;
  readonly userVerified: boolean;
  readonly signCount: number;
  readonly backupEligible: boolean;
  readonly backupState: boolean;
  /** The authenticator model, 16 bytes as lowercase hex. Only what is `attested` proves it. */
  readonly aaguid: string;
  /** What the class `hardware` rests on; undefined for the others. */
  readonly attested?: KeptAttestation | undefined;
  /** Why it is not of class `hardware`, where it isn't. */
  readonly notHardware?: string | undefined;
}

/** Why a credential is believed to be of hardware: an authority's word, as it came. */
export interface KeptAttestation {
  /** SHA-256 of the authority's SubjectPublicKeyInfo. */
  readonly authority: Digest;
  /** As policy, or the FIDO metadata, call it. */
  readonly name: string;
  readonly attestationObject: Uint8Array;
  readonly clientData: Uint8Array;
}

/** An admission voucher that was checked. */
export interface VerifiedVoucher {
  readonly issuer: string;
  readonly account: AccountId;
  readonly credential: FactorId;
  readonly key: Digest;
  /** Single use. */
  readonly jti: string;
}
