import type { Attestation } from '../../src/generated/portcullis/v1/evidence.ts';

/** What the station takes of an AuthenticationResponseJSON (WebAuthn L3 §5.1.8); its bytes are base64url. */
export interface AssertionJson {
  readonly id: string;
  readonly rawId: string;
  readonly response: {
    readonly authenticatorData: string;
    readonly clientDataJSON: string;
    readonly signature: string;
  };
}

/** A passkey's answer, as evidence for the station. */
export function attestationOf({ id, rawId, response }: AssertionJson): Attestation {
  return {
    evidence: {
      $case: 'webauthn',
      value: {
        credentialId: id,
        rawId: Buffer.from(rawId, 'base64url'),
        authenticatorData: Buffer.from(response.authenticatorData, 'base64url'),
        clientDataJson: Buffer.from(response.clientDataJSON, 'base64url'),
        signature: Buffer.from(response.signature, 'base64url'),
      },
    },
  };
}
