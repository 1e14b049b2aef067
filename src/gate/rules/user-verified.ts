import type { Attested, Evidence, TransactionCase } from '../cases.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';

/** A5: where policy lets a class attest without verifying its user, such an attestation only adds to one that did. */
function someoneVerified(evidence: readonly Evidence[]): Judgement {
  const known = evidence.flatMap(({ verification }) => (verification.genuine ? [verification.evidence] : []));
  const unverified = known.filter((e) => e.kind === 'webauthn' && !e.userVerified).length;
  if (unverified === 0) return pass('every authenticator verified its user');
  const verified = known.filter((e) => e.kind === 'mfa-token' || (e.kind === 'webauthn' && e.userVerified)).length;
  if (verified > 0) return pass(`${unverified} attestation(s) without user verification add to ${verified} with it`);
  return refuse(
    'user-not-verified',
    'no authenticator verified its user: one that did not only adds to an attestation of another that does',
  );
}

export const userVerified: Rule<Pick<Attested, 'evidence'>> = {
  name: 'user-verified',
  judge: ({ evidence }) => someoneVerified(evidence),
};

/** Of the evidence that was kept. */
export const usersVerified: Rule<TransactionCase> = {
  name: 'users-verified',
  judge({ withdrawals }) {
    for (const { evidence } of withdrawals) {
      const judgement = someoneVerified(evidence);
      if (!judgement.passed) return judgement;
    }
    return pass('every approval was given by a verified person');
  },
};
