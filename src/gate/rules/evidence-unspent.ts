import type { Intended } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** I4: evidence is spent by the digest of the intent that it approves, so a second use under any name is the same use. */
export const evidenceUnspent: Rule<Intended> = {
  name: 'evidence-unspent',
  judge({ spent }) {
    if (spent === undefined) return pass('this approval has not been used');
    return refuse('attestation-spent', `this approval was used for ${spent.by}`);
  },
};
