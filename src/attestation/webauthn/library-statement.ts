import { SettingsService, verifyRegistrationResponse } from '@simplewebauthn/server';
import { Refusal, shown } from '../../domain/index.ts';
import { toBase64url } from '../base64url.ts';
import { algorithmNumbers } from './cose-key.ts';
import type { RegistrationResponse } from './registration-response.ts';

// The library comes with roots of Apple's, Google's and GlobalSign's, and where it has a root for a format it judges the chain, which
// fetches the revocation lists that its certificates name. Without roots it judges statements alone; chains are judged here, by what
// policy pins (x509/chain.ts). Its MetadataService, which would fetch too, is off until somebody initializes it.
for (const identifier of ['android-key', 'android-safetynet', 'apple', 'fido-u2f', 'mds', 'packed', 'tpm'] as const)
  SettingsService.setRootCertificates({ identifier, certificates: [] });

/** Has @simplewebauthn/server judge an attestation statement in itself (WebAuthn L3 §8). Throws `Refusal` `attestation-invalid`. */
export async function checkStatement(
  response: RegistrationResponse,
  expected: { readonly rpId: string; readonly origins: readonly string[] },
): Promise<void> {
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
      expectedChallenge: () => true, // checked before, on the bytes
      expectedOrigin: [...expected.origins],
      expectedRPID: expected.rpId,
      requireUserVerification: false, // likewise
      supportedAlgorithmIDs: [...algorithmNumbers],
    }));
  } catch (error) {
    throw new Refusal('attestation-invalid', `the attestation does not verify: ${shown(error)}`);
  }
  if (!verified) throw new Refusal('attestation-invalid', 'the attestation statement does not verify');
}
