import { fromBase64url, toBase64url } from '../attestation/base64url.ts';
import { checkEnrolmentChallenge, verifyRegistration } from '../attestation/index.ts';
import { parseAuthenticatorData } from '../attestation/webauthn/authenticator-data.ts';
import { parseCborMap } from '../attestation/webauthn/cbor.ts';
import { parseRegistrationResponse } from '../attestation/webauthn/registration-response.ts';
import {
  type AccountId,
  authenticatorClasses,
  canonicalBytes,
  digestOf,
  type FactorRecord,
  type KeptAttestation,
  Malformed,
  parseCanonical,
  parseDigest,
  parseFactorId,
  shown,
  type VerifiedRegistration,
} from '../domain/index.ts';
import type { Station } from './station.ts';

/**
 * A registration response (RegistrationResponseJSON, UTF-8) that answers a challenge which this station set for this account,
 * no longer than fifteen minutes ago. Throws `Malformed` with the reason.
 */
export async function registered(
  station: Station,
  account: AccountId,
  response: Uint8Array,
  field = 'registration_json',
): Promise<VerifiedRegistration> {
  const facts = station.look({});
  const result = await verifyRegistration(response, {
    rpId: station.policy.rpId,
    origins: station.policy.origins,
    userVerification: true,
    unverified: station.policy.authenticatorsUse.unverified,
    models: station.models.trusted(station.policy, facts.now),
    challenge: (challenge) =>
      checkEnrolmentChallenge(station.keys.ticket, facts.station.ticketEpoch, account, facts.now, challenge) === 'ok',
  });
  if (result.genuine) return result.registration;
  throw new Malformed(field, result.message, result.reason);
}

/** formats.md, "Attestation": who attested a credential to be of hardware, and what they said, as a factor's row keeps it. */
export function encodeAttestation({ authority, name, attestationObject, clientData }: KeptAttestation): Uint8Array {
  return canonicalBytes({
    type: attestationType,
    authority,
    name,
    attestation_object: toBase64url(attestationObject),
    client_data: toBase64url(clientData),
  });
}

function decodeAttestation(bytes: Uint8Array, field: string): KeptAttestation {
  const { type: named, authority, name, attestation_object, client_data } = parseCanonical(bytes, field);
  const [attestationObject, clientData] = [attestation_object, client_data].map((text) => fromBase64url(text ?? ''));
  if (named !== attestationType || name === undefined || attestationObject === undefined || clientData === undefined)
    throw new Malformed(field, 'is no attestation');
  return { authority: parseDigest(authority ?? '', `${field}.authority`), name, attestationObject, clientData };
}

/** The columns of a factor's row that its class rests on. */
export function attestedColumns({
  attested,
}: Pick<VerifiedRegistration, 'attested'>): Pick<FactorRecord, 'authority' | 'attestation'> {
  if (attested === undefined) return { authority: null, attestation: null };
  return { authority: attested.authority, attestation: encodeAttestation(attested) };
}

const attestationType = 'portcullis/attestation/v1';
const type = 'portcullis/registration/v1';

/** A registration that was verified, as an act keeps it while it waits: its challenge is not good for so long. */
export function encodeRegistration(of: VerifiedRegistration): Uint8Array {
  return canonicalBytes({
    type,
    credential: of.credential,
    cose_key: toBase64url(of.coseKey),
    class: of.class,
    sign_count: String(of.signCount),
    backup_eligible: String(of.backupEligible),
    backup_state: String(of.backupState),
    aaguid: of.aaguid,
    user_verified: String(of.userVerified),
    attestation: of.attested === undefined ? '' : toBase64url(encodeAttestation(of.attested)),
  });
}

/** The inverse. Throws `Malformed`: what is not such a document was never verified. */
export function decodeRegistration(bytes: Uint8Array, field: string): VerifiedRegistration {
  const members = parseCanonical(bytes, field);
  const take = (name: string, pattern: RegExp): string => {
    const value = members[name];
    if (value === undefined || !pattern.test(value)) throw new Malformed(`${field}.${name}`, `got ${shown(value)}`);
    return value;
  };
  const flag = (name: string): boolean => take(name, /^(?:true|false)$/) === 'true';
  if (members['type'] !== type) throw new Malformed(field, 'is no registration');
  const coseKey = fromBase64url(take('cose_key', /^.{1,2048}$/)) ?? new Uint8Array();
  const kept = fromBase64url(take('attestation', /^/)) ?? new Uint8Array();
  const named = authenticatorClasses.find((known) => known === members['class']);
  if (named === undefined || coseKey.length === 0) throw new Malformed(field, 'is no registration');
  return {
    credential: parseFactorId(take('credential', /./), `${field}.credential`),
    coseKey,
    key: digestOf(coseKey),
    class: named,
    signCount: Number(take('sign_count', /^[0-9]{1,10}$/)),
    backupEligible: flag('backup_eligible'),
    backupState: flag('backup_state'),
    aaguid: take('aaguid', /^[0-9a-f]{32}$/),
    userVerified: flag('user_verified'),
    attested: kept.length === 0 ? undefined : decodeAttestation(kept, `${field}.attestation`),
  };
}

/**
 * The credential in a registration, unverified: of a response, or of what an act keeps of one. For whoever signs, to hold against
 * what the station says that it is about. Throws `Refusal`.
 */
export function credentialIn(payload: Uint8Array): Pick<VerifiedRegistration, 'credential' | 'key'> {
  try {
    return decodeRegistration(payload, 'payload');
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  const { credential, attestationObject } = parseRegistrationResponse(payload);
  const data = parseCborMap(attestationObject, 'the attestation object').get('authData');
  const attested = data instanceof Uint8Array ? parseAuthenticatorData(data).attested : undefined;
  if (attested === undefined) throw new Malformed('registration', 'holds no credential');
  return { credential, key: digestOf(attested.coseKey) };
}
