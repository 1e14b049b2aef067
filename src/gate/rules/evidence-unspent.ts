import type { Attested, Intended } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** I4: evidence is spent by the digest of the intent that it approves, so a second use under any name is the same use. */
export const evidenceUnspent: Rule<Intended> = {
  name: 'evidence-unspent',
  judge({ spent }) {
    if (spent === undefined) return pass('this approval has not been used');
    return refuse('attestation-spent', `this approval was used for ${spent.by}`);
  },
};

/** A7: a token is used once, also for what another intent approves, and by the name that its service gave it. */
export const tokensUnspent: Rule<Pick<Attested, 'evidence'>> = {
  name: 'tokens-unspent',
  judge({ evidence }) {
    const seen = new Set<string>();
    for (const { verification, spent } of evidence) {
      if (verification.genuine !== true || verification.evidence.kind !== 'mfa-token') continue;
      const { issuer, jti } = verification.evidence;
      if (spent !== undefined) return refuse('attestation-spent', `this token of ${issuer} was used for ${spent.by}`);
      if (seen.has(`${issuer} ${jti}`)) return refuse('attestation-spent', `a token of ${issuer} came twice`);
      seen.add(`${issuer} ${jti}`);
    }
    return pass('no token has been used');
  },
};
