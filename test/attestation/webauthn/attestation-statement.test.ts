import { expect, it, vi } from 'vitest';
import { verifyRegistration } from '../../../src/attestation/webauthn/registration.ts';
import { origin, rpId } from './credential.ts';
import { registration } from './registration-fixture.ts';

// Attestation `none` has nothing that the library could judge false; others do.
vi.mock('@simplewebauthn/server', () => ({
  SettingsService: { setRootCertificates: () => {} },
  verifyRegistrationResponse: async () => ({ verified: false }),
}));

it('A5: a registration whose attestation statement @simplewebauthn/server doesn’t believe is refused', async () => {
  const expected = { rpId, origins: [origin], userVerification: true, challenge: () => true };
  expect(await verifyRegistration(registration(), expected)).toEqual({
    genuine: false,
    reason: 'attestation-invalid',
    message: 'the attestation statement does not verify',
  });
});
