import type { AccountId, Digest, FactorId } from './ids.ts';
import type { FactorClass, FactorKind } from './intent.ts';
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

/** Evidence as it arrives; later kinds (TOTP, MFA-service token) join this union. */
export type Attestation = Assertion;

/** What a verified assertion says about its factor after this use. */
export interface VerifiedEvidence {
  readonly kind: FactorKind;
  readonly factor: FactorId;
  readonly class: FactorClass;
  /** WebAuthn's signature counter; 0 when the authenticator keeps none. */
  readonly signCount: number;
  readonly backupState: boolean;
}

/** An attestation is genuine, or it is refused with its reason. */
export type Verification =
  | { readonly genuine: true; readonly evidence: VerifiedEvidence }
  | { readonly genuine: false; readonly reason: Reason; readonly message: string };

/** A registration that was checked: what enrolment will remember. */
export interface VerifiedRegistration {
  readonly credential: FactorId;
  /** COSE_Key, exactly the bytes in the authenticator data. */
  readonly coseKey: Uint8Array;
  /** SHA-256 of `coseKey`. */
  readonly key: Digest;
  readonly class: FactorClass;
  readonly signCount: number;
  readonly backupEligible: boolean;
  readonly backupState: boolean;
  /** The authenticator model, 16 bytes as lowercase hex. */
  readonly aaguid: string;
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
