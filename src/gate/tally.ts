import type { Evidence } from './cases.ts';
import type { Tally } from './demand.ts';

/** What evidence comes to. A factor counts once, however often it attests; so does an MFA service. */
export function tallyOf(evidence: readonly Evidence[]): Tally {
  const found = { webauthn: new Set(), hardware: new Set(), totp: new Set(), services: new Set() };
  for (const { verification, factor } of evidence) {
    if (verification.genuine !== true) continue;
    const { evidence: verified } = verification;
    if (verified.kind === 'mfa-token') {
      found.services.add(verified.issuer);
    } else if (factor !== undefined) {
      found[verified.kind].add(factor.id);
      if (verified.kind === 'webauthn' && factor.class === 'hardware') found.hardware.add(factor.id);
    }
  }
  const { webauthn, hardware, totp, services } = found;
  return { webauthn: webauthn.size, hardware: hardware.size, totp: totp.size, services: services.size };
}
