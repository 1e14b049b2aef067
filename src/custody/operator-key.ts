import { creationOptions, parseAssertionResponse, toBase64url, verifyRegistration } from '../attestation/index.ts';
import {
  type Assertion,
  type AuthenticatorClass,
  type FactorId,
  Malformed,
  type OperatorName,
  parseAccountId,
  Refusal,
} from '../domain/index.ts';

// What a person's own machine does with their key, before any station: `portcullis operator enroll`, and signing.

/** The relying party of operators' keys: pages that are served on loopback. */
export const operatorRpId = 'localhost';
/** What Portcullis listens on for a person's own browser, unless told. */
export const operatorPort = 7480;

/** Of the page on this machine's loopback; policy names it in `operators.origins`. */
export function operatorOrigin(port: number): string {
  return `http://localhost:${port}`;
}

/** A person as policy has them (`operators.people`). */
export interface OperatorEntry {
  readonly name: OperatorName;
  readonly credential: FactorId;
  /** COSE_Key, base64url. */
  readonly key: string;
  readonly class: AuthenticatorClass;
  readonly backupEligible: boolean;
}

/** For `navigator.credentials.create()`; `challenge` is 32 random bytes. */
export function operatorCreationOptions(name: OperatorName, challenge: Uint8Array): ReturnType<typeof creationOptions> {
  return creationOptions({
    // Distinct from any customer's; only what authenticators tell keys apart by comes of it.
    account: parseAccountId(`operator:${name}`, 'name'),
    rpId: operatorRpId,
    rpName: 'Portcullis operators',
    userName: name,
    challenge,
    enrolled: [],
  });
}

/**
 * The person's entry for policy, from the RegistrationResponseJSON (UTF-8) that answered those options: WebAuthn L3 §7.1, user
 * verification required. Throws `Refusal`.
 */
export async function operatorEntry(
  name: OperatorName,
  json: Uint8Array,
  expected: { readonly challenge: Uint8Array; readonly origin: string },
): Promise<OperatorEntry> {
  const verified = await verifyRegistration(json, {
    rpId: operatorRpId,
    origins: [expected.origin],
    challenge: (answered) => Buffer.compare(answered, expected.challenge) === 0,
    userVerification: true,
  });
  if (!verified.genuine) throw new Refusal(verified.reason, verified.message);
  const { credential, coseKey, class: class_, backupEligible } = verified.registration;
  return { name, credential, key: toBase64url(coseKey), class: class_, backupEligible };
}

/** The entry as a line of policy's YAML, in a list. */
export function entryText({ name, credential, key, class: class_, backupEligible }: OperatorEntry): string {
  // Quoted, since a name or base64url could spell a YAML number or word.
  return `- { name: '${name}', credential: '${credential}', key: '${key}', class: ${class_}, backup_eligible: ${backupEligible} }`;
}

/** An AuthenticationResponseJSON (UTF-8) as the station takes it; the station verifies it. Throws `Refusal`. */
export function operatorAssertion(json: Uint8Array): Assertion {
  return parseAssertionResponse(json);
}

/** A port for the page. Throws `Malformed`. */
export function parseOperatorPort(text: string, place: string): number {
  const port = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Malformed(place, 'expected a port, 1 to 65535');
  return port;
}
