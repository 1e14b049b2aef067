import { type PublicKeyCredentialCreationOptionsJSON, verifyRegistrationResponse } from '@simplewebauthn/server';
import {
  type AccountId,
  type AuthenticatorClass,
  digestOf,
  domainTag,
  type FactorId,
  type Reason,
  Refusal,
  sha256,
  shown,
  type VerifiedRegistration,
} from '../../domain/index.ts';
import { fromBase64url, toBase64url } from '../base64url.ts';
import { enrolmentLifetime } from '../challenge.ts';
import { type AttestedCredential, checkAuthenticatorData, parseAuthenticatorData } from './authenticator-data.ts';
import { parseCborMap } from './cbor.ts';
import { checkClientData } from './client-data.ts';
import { algorithmNumbers, parseCoseKey } from './cose-key.ts';
import { parseRegistrationResponse, type RegistrationResponse } from './registration-response.ts';

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
  /** Whether the browser is to confirm payments with it, too. */
  readonly payment?: boolean;
  /** Whether its user must be verified; absent: they must. */
  readonly verified?: boolean;
}

/** PublicKeyCredentialCreationOptionsJSON, and the extension of Secure Payment Confirmation. */
export interface CreationOptions extends PublicKeyCredentialCreationOptionsJSON {
  extensions?: PublicKeyCredentialCreationOptionsJSON['extensions'] & { payment?: { isPayment: true } };
}

/**
 * What BeginEnrollment hands out for `navigator.credentials.create()` (WebAuthn L3 §5.4): UV required, attestation `none`.
 * The user handle is a hash, since authenticators may give it away (§14.6.1).
 */
export function creationOptions(enrolment: Enrolment): CreationOptions {
  const { payment, verified } = enrolment;
  return {
    rp: { id: enrolment.rpId, name: enrolment.rpName },
    user: { id: userHandle(enrolment.account), name: enrolment.userName, displayName: enrolment.userName },
    challenge: toBase64url(enrolment.challenge),
    pubKeyCredParams: algorithmNumbers.map((alg) => ({ type: 'public-key', alg })),
    timeout: enrolmentLifetime,
    excludeCredentials: enrolment.enrolled.map((id) => ({ type: 'public-key', id })),
    authenticatorSelection: {
      residentKey: 'preferred',
      requireResidentKey: false,
      userVerification: payment === true || verified !== false ? 'required' : 'preferred',
      // Browsers make such a credential in the device's own authenticator only.
      ...(payment === true ? { authenticatorAttachment: 'platform' } : {}),
    },
    ...(payment === true ? { extensions: { payment: { isPayment: true } } } : {}),
    attestation: 'none',
  };
}

/** formats.md, "User handle": base64url of SHA-256("portcullis/user/v1" ‖ 0x00 ‖ account). */
export function userHandle(account: AccountId): string {
  return toBase64url(sha256(domainTag('portcullis/user/v1'), utf8.encode(account)));
}

export interface ExpectedRegistration {
  readonly rpId: string;
  /** Exact origins, such as `https://approve.example.com`. */
  readonly origins: readonly string[];
  /** Whether these bytes are a challenge that the station set (challenge.ts). */
  readonly challenge: (answered: Uint8Array) => boolean;
  /** Whether the authenticator must have verified its user. */
  readonly userVerification: boolean;
  /** Classes of which it need not have. */
  readonly unverified?: readonly AuthenticatorClass[];
}

export type RegistrationVerification =
  | { readonly genuine: true; readonly registration: VerifiedRegistration }
  | { readonly genuine: false; readonly reason: Reason; readonly message: string };

/**
 * Whether a RegistrationResponseJSON (UTF-8) is a new credential's answer to a challenge of the station: WebAuthn L3 §7.1.
 * The attestation statement is judged by @simplewebauthn/server; all that is remembered of the credential is read by the same
 * parsers that its assertions will meet. Attestation `none` only, so the class is `synced` (BE) or `device`, never `hardware`.
 * Never throws for anything in `json`.
 */
export async function verifyRegistration(
  json: Uint8Array,
  expected: ExpectedRegistration,
): Promise<RegistrationVerification> {
  try {
    const response = parseRegistrationResponse(json);
    const registration = readRegistration(response, expected);
    checkVerified(registration, expected);
    await checkAttestation(response, expected);
    return { genuine: true, registration };
  } catch (error) {
    if (error instanceof Refusal) return { genuine: false, reason: error.reason, message: error.message };
    throw error;
  }
}

function readRegistration(response: RegistrationResponse, expected: ExpectedRegistration): VerifiedRegistration {
  checkClientData(response.clientData, {
    type: 'webauthn.create',
    origins: expected.origins,
    challenge: (answered) => {
      const bytes = fromBase64url(answered);
      return bytes !== undefined && expected.challenge(bytes);
    },
  });

  // "Perform CBOR decoding on the attestationObject field"
  const object = parseCborMap(response.attestationObject, 'the attestation object');
  const format = object.get('fmt');
  if (format !== 'none') {
    throw new Refusal(
      'attestation-invalid',
      `the attestation has the format ${shown(format)}; only none is accepted: ask the browser for attestation "none"`,
    );
  }
  const authData = object.get('authData');
  if (!(authData instanceof Uint8Array)) {
    throw new Refusal('attestation-invalid', 'the attestation object has no authenticator data');
  }
  const data = parseAuthenticatorData(authData);
  // Whether its user must be verified depends on what it turns out to be.
  checkAuthenticatorData(data, { rpId: expected.rpId, userVerification: false });
  if (data.attested === undefined) {
    throw new Refusal('attestation-invalid', 'the authenticator data carry no credential (AT is not set)');
  }
  checkCredential(data.attested, response);
  return {
    credential: response.credential,
    coseKey: data.attested.coseKey,
    key: digestOf(data.attested.coseKey),
    class: data.backupEligible ? 'synced' : 'device',
    userVerified: data.userVerified,
    signCount: data.signCount,
    backupEligible: data.backupEligible,
    backupState: data.backupState,
    aaguid: data.attested.aaguid,
  };
}

function checkVerified(of: VerifiedRegistration, { userVerification, unverified = [] }: ExpectedRegistration): void {
  if (!userVerification || of.userVerified || unverified.includes(of.class)) return;
  throw new Refusal(
    'user-not-verified',
    `the authenticator did not verify its user, and policy wants it of class ${of.class} (UV is not set)`,
  );
}

function checkCredential({ id, coseKey }: AttestedCredential, { credential }: RegistrationResponse): void {
  // The page says which credential it got; the authenticator says which it made.
  if (toBase64url(id) !== credential) {
    throw new Refusal(
      'credential-mismatch',
      `the registration names credential ${shown(credential)}, its authenticator made ${shown(toBase64url(id))}`,
    );
  }
  // "Verify that the "alg" parameter in the credential public key … matches the alg attribute of one of the items in
  // pkOptions.pubKeyCredParams", and whatever else its assertions will want of the key.
  parseCoseKey(coseKey);
}

async function checkAttestation(response: RegistrationResponse, expected: ExpectedRegistration): Promise<void> {
  let verified: boolean;
  try {
    ({ verified } = await verifyRegistrationResponse({
      response: {
        id: response.credential,
        rawId: response.credential,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: toBase64url(response.clientData),
          attestationObject: toBase64url(response.attestationObject),
        },
      },
      expectedChallenge: () => true, // checked above, on the bytes
      expectedOrigin: [...expected.origins],
      expectedRPID: expected.rpId,
      requireUserVerification: false, // checked above
      supportedAlgorithmIDs: [...algorithmNumbers],
    }));
  } catch (error) {
    throw new Refusal('attestation-invalid', `the attestation does not verify: ${shown(error)}`);
  }
  if (!verified) throw new Refusal('attestation-invalid', 'the attestation statement does not verify');
}
