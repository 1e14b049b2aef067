import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import {
  type AccountId,
  type AuthenticatorClass,
  digestOf,
  domainTag,
  type FactorId,
  type KeptAttestation,
  type Reason,
  Refusal,
  sha256,
  shown,
  type VerifiedRegistration,
  type WallMs,
} from '../../domain/index.ts';
import { fromBase64url, toBase64url } from '../base64url.ts';
import { enrolmentLifetime } from '../challenge.ts';
import { authorityKey } from '../x509/certificate.ts';
import { type AttestedCredential, checkAuthenticatorData, parseAuthenticatorData } from './authenticator-data.ts';
import { checkNotRevoked, classOf, modelOf, type TrustedAuthority, type TrustedModels } from './authenticator-model.ts';
import { asCborMap, parseCborMap } from './cbor.ts';
import { checkClientData } from './client-data.ts';
import { algorithmNumbers, type CredentialKey, parseCoseKey } from './cose-key.ts';
import { parseRegistrationResponse, type RegistrationResponse } from './registration-response.ts';
import { readStatement } from './statement.ts';

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
  /** Whether it is to prove what it is: where policy trusts somebody's word for it. */
  readonly attested?: boolean;
}

/** PublicKeyCredentialCreationOptionsJSON, and the extension of Secure Payment Confirmation. */
export interface CreationOptions extends PublicKeyCredentialCreationOptionsJSON {
  extensions?: PublicKeyCredentialCreationOptionsJSON['extensions'] & { payment?: { isPayment: true } };
}

/**
 * What BeginEnrollment hands out for `navigator.credentials.create()` (WebAuthn L3 §5.4): UV required; attestation `direct` where policy trusts
 * somebody's word about authenticators, else `none`: what nobody would judge is not asked for (§13.4.4).
 * The user handle is a hash, since authenticators may give it away (§14.6.1).
 */
export function creationOptions(enrolment: Enrolment): CreationOptions {
  const { payment, verified, attested } = enrolment;
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
    attestation: attested === true ? 'direct' : 'none',
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
  /** What policy trusts of authenticators; absent: nobody's word, so that nothing is `hardware`. */
  readonly models?: TrustedModels;
}

const nobody: TrustedModels = { authorities: [], aaguids: undefined, metadata: undefined, now: 0 as WallMs };

export type RegistrationVerification =
  | { readonly genuine: true; readonly registration: VerifiedRegistration }
  | { readonly genuine: false; readonly reason: Reason; readonly message: string };

/**
 * Whether a RegistrationResponseJSON (UTF-8) is a new credential's answer to a challenge of the station: WebAuthn L3 §7.1. All that is
 * remembered of the credential is read by the same parsers that its assertions will meet. Its class is what its attestation proves:
 * where that is less than policy would trust, the credential is enrolled as what it is. Never throws for anything in `json`.
 */
export async function verifyRegistration(
  json: Uint8Array,
  expected: ExpectedRegistration,
): Promise<RegistrationVerification> {
  try {
    const response = parseRegistrationResponse(json);
    const registration = await readRegistration(response, expected);
    checkVerified(registration, expected);
    return { genuine: true, registration };
  } catch (error) {
    if (error instanceof Refusal) return { genuine: false, reason: error.reason, message: error.message };
    throw error;
  }
}

async function readRegistration(
  response: RegistrationResponse,
  expected: ExpectedRegistration,
): Promise<VerifiedRegistration> {
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
  const authData = object.get('authData');
  if (!(authData instanceof Uint8Array)) {
    throw new Refusal('attestation-invalid', 'the attestation object has no authenticator data');
  }
  const data = parseAuthenticatorData(authData);
  // Whether its user must be verified depends on what it turns out to be.
  checkAuthenticatorData(data, { rpId: expected.rpId, userVerification: false });
  const { attested } = data;
  if (attested === undefined) {
    throw new Refusal('attestation-invalid', 'the authenticator data carry no credential (AT is not set)');
  }
  const models = expected.models ?? nobody;
  const key = checkCredential(attested, response);
  checkNotRevoked(attested.aaguid, models);
  const { statement, judged } = readStatement(object.get('fmt'), {
    statement: asCborMap(object.get('attStmt') ?? null, 'the attestation statement'),
    authData,
    clientDataHash: sha256(response.clientData),
    credential: attested,
    key,
    rpIdHash: authData.subarray(0, 32),
  });
  if (object.size !== 3) throw new Refusal('attestation-invalid', 'the attestation object has further members');
  if (!judged) {
    // Loaded when it is first needed: it takes a third of a second and 20 MB, and most starts see no registration for long.
    const { checkStatement } = await import('./library-statement.ts');
    await checkStatement(response, expected);
  }
  const basis = classOf(statement, data, models);
  return {
    credential: response.credential,
    coseKey: attested.coseKey,
    key: digestOf(attested.coseKey),
    class: basis.class,
    userVerified: data.userVerified,
    signCount: data.signCount,
    backupEligible: data.backupEligible,
    backupState: data.backupState,
    aaguid: modelOf(statement, attested),
    ...(basis.authority === undefined
      ? { attested: undefined, notHardware: basis.why }
      : { attested: keptAttestation(response, basis.authority), notHardware: undefined }),
  };
}

/** Who is to be believed is kept with what they said, so that both can be judged again. */
function keptAttestation(response: RegistrationResponse, { name, certificate }: TrustedAuthority): KeptAttestation {
  const { attestationObject, clientData } = response;
  return { authority: authorityKey(certificate), name, attestationObject, clientData };
}

function checkVerified(of: VerifiedRegistration, { userVerification, unverified = [] }: ExpectedRegistration): void {
  if (!userVerification || of.userVerified || unverified.includes(of.class)) return;
  throw new Refusal(
    'user-not-verified',
    `the authenticator did not verify its user, and policy wants it of class ${of.class} (UV is not set)`,
  );
}

function checkCredential({ id, coseKey }: AttestedCredential, { credential }: RegistrationResponse): CredentialKey {
  // The page says which credential it got; the authenticator says which it made.
  if (toBase64url(id) !== credential) {
    throw new Refusal(
      'credential-mismatch',
      `the registration names credential ${shown(credential)}, its authenticator made ${shown(toBase64url(id))}`,
    );
  }
  // "Verify that the "alg" parameter in the credential public key … matches the alg attribute of one of the items in
  // pkOptions.pubKeyCredParams", and whatever else its assertions will want of the key.
  return parseCoseKey(coseKey);
}
