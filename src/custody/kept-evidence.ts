import { fromBase64url, toBase64url } from '../attestation/base64url.ts';
import type { Assertion, Attestation, FactorId } from '../domain/index.ts';

/** formats.md, "Evidence": the attestations as they came, as JSON, kept with what they approved. */
export function encodeEvidence(attestations: readonly Attestation[]): Uint8Array {
  const list = attestations.map(encodeAttestation);
  return new TextEncoder().encode(JSON.stringify({ type: 'portcullis/evidence/v1', attestations: list }));
}

/** A one-time code is spent, and proves nothing to anyone without its secret: only that there was one is kept. */
function encodeAttestation(attestation: Attestation): Readonly<Record<string, string>> {
  const { kind } = attestation;
  switch (kind) {
    case 'webauthn':
      return {
        kind,
        credential: attestation.credential,
        authenticator_data: toBase64url(attestation.authenticatorData),
        client_data: toBase64url(attestation.clientData),
        signature: toBase64url(attestation.signature),
      };
    case 'totp':
      return { kind, factor: attestation.factor };
    case 'mfa-token':
      return { kind, token: attestation.token };
  }
}

/** The inverse. What is stored is under a MAC, so anything unexpected here is the program's mistake. */
export function decodeEvidence(bytes: Uint8Array): Attestation[] {
  const parsed: { type: string; attestations: Record<string, string>[] } = JSON.parse(new TextDecoder().decode(bytes));
  if (parsed.type !== 'portcullis/evidence/v1') throw new Error('kept evidence is of an unknown version');
  return parsed.attestations.map(decodeAttestation);
}

function decodeAttestation(of: Record<string, string>): Attestation {
  switch (of['kind']) {
    case 'webauthn':
      return decodeAssertion(of);
    case 'totp':
      return { kind: 'totp', factor: (of['factor'] ?? '') as FactorId, code: '' };
    case 'mfa-token':
      return { kind: 'mfa-token', token: of['token'] ?? '' };
    default:
      throw new Error('kept evidence is of an unknown kind');
  }
}

function decodeAssertion(of: Record<string, string>): Assertion {
  const bytesOf = (name: string): Uint8Array => {
    const text = of[name];
    const value = text === undefined ? undefined : fromBase64url(text);
    if (value === undefined) throw new Error('kept evidence is damaged');
    return value;
  };
  return {
    kind: 'webauthn',
    credential: (of['credential'] ?? '') as FactorId,
    authenticatorData: bytesOf('authenticator_data'),
    clientData: bytesOf('client_data'),
    signature: bytesOf('signature'),
  };
}
