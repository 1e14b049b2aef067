import { type Assertion, parseFactorId, Refusal, shown } from '../../domain/index.ts';
import { fromBase64url } from '../base64url.ts';
import { Members } from '../members.ts';

/** Three short texts in base64url: a browser's come to some 700 bytes. */
const maxLength = 16 * 1024;

/**
 * AuthenticationResponseJSON (WebAuthn L3 §5.1.1) as a page gives it, UTF-8. A closed parse: throws `Refusal` `malformed` or, where
 * it names two credentials, `credential-mismatch`. It verifies nothing.
 */
export function parseAssertionResponse(json: Uint8Array): Assertion {
  if (json.length === 0 || json.length > maxLength) {
    throw new Refusal('malformed', `the assertion must be 1 to ${maxLength} bytes, got ${json.length}`);
  }
  const outer = Members.parse(json, 'assertion', 'malformed');
  const id = outer.text('id');
  const rawId = outer.text('rawId');
  const type = outer.text('type');
  const inner = outer.object('response');
  outer.ignore('authenticatorAttachment', 'clientExtensionResults');
  outer.close();
  const authenticatorData = bytesOf('authenticatorData', inner);
  const clientData = bytesOf('clientDataJSON', inner);
  const signature = bytesOf('signature', inner);
  inner.ignore('userHandle');
  inner.close();

  if (type !== 'public-key') throw new Refusal('malformed', `assertion.type must be public-key, got ${shown(type)}`);
  const credential = parseFactorId(id, 'assertion.id');
  if (rawId !== id) {
    throw new Refusal('credential-mismatch', `the assertion has the id ${shown(id)} and the rawId ${shown(rawId)}`);
  }
  return { kind: 'webauthn', credential, authenticatorData, clientData, signature };
}

function bytesOf(name: string, members: Members): Uint8Array {
  const bytes = fromBase64url(members.text(name));
  if (bytes === undefined) throw new Refusal('malformed', `assertion.response.${name} is not base64url`);
  return bytes;
}
