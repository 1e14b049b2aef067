import { expect, it } from 'vitest';
import { certifiedAs } from '../../../src/attestation/metadata/status.ts';
import { certifications } from '../../../src/gate/policy/authenticators.ts';

it('certifications are ordered as policy orders them', () => {
  for (const [i, least] of certifications.entries()) {
    for (const [j, status] of certifications.entries()) expect(certifiedAs(status, least)).toBe(j >= i);
    for (const status of ['NOT_FIDO_CERTIFIED', 'SELF_ASSERTION_SUBMITTED', 'FIDO_CERTIFIED_L9', '', undefined])
      expect(certifiedAs(status, least)).toBe(false);
    for (const unknown of ['FIDO_CERTIFIED_L9', '']) expect(certifiedAs(least, unknown)).toBe(false);
  }
});
