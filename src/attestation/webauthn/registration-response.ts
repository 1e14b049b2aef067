import { type FactorId, parseFactorId, Refusal, shown } from '../../domain/index.ts';
import { fromBase64url } from '../base64url.ts';
import { Members } from '../members.ts';

/** RegistrationResponseJSON (WebAuthn L3 §5.1.1), as far as it is used: the rest only repeats the attestation object. */
export interface RegistrationResponse {
  readonly credential: FactorId;
  readonly clientData: Uint8Array;
  readonly attestationObject: Uint8Array;
}

/** With a certificate chain in its attestation statement a response comes to some 8 KiB. */
const maxLength = 16 * 1024;

/** A closed parse: throws `Refusal` `malformed` or, where it names two credentials, `credential-mismatch`. */
export function parseRegistrationResponse(json: Uint8Array): RegistrationResponse {
  if (json.length === 0 || json.length > maxLength) {
    throw new Refusal('malformed', `the registration must be 1 to ${maxLength} bytes, got ${json.length}`);
  }
  const outer = Members.parse(json, 'registration', 'malformed');
  const id = outer.text('id');
  const rawId = outer.text('rawId');
  const type = outer.text('type');
  const inner = outer.object('response');
  outer.ignore('authenticatorAttachment', 'clientExtensionResults');
  outer.close();
  const clientData = bytesOf('clientDataJSON', inner);
  const attestationObject = bytesOf('attestationObject', inner);
  inner.ignore('authenticatorData', 'publicKey', 'publicKeyAlgorithm', 'transports');
  inner.close();

  if (type !== 'public-key') throw new Refusal('malformed', `registration.type must be public-key, got ${shown(type)}`);
  const credential = parseFactorId(id, 'registration.id');
  if (fromBase64url(id) === undefined) throw new Refusal('malformed', 'registration.id is not base64url');
  if (rawId !== id) {
    throw new Refusal('credential-mismatch', `the registration has the id ${shown(id)} and the rawId ${shown(rawId)}`);
  }
  return { credential, clientData, attestationObject };
}

function bytesOf(name: string, members: Members): Uint8Array {
  const bytes = fromBase64url(members.text(name));
  if (bytes === undefined) throw new Refusal('malformed', `registration.response.${name} is not base64url`);
  return bytes;
}
