import type { TransactionCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** How many payments a person can be asked to approve on a device at once. An anchor's payments are settled with its first version. */
export const batchWithinPolicy: Rule<TransactionCase> = {
  name: 'batch-within-policy',
  judge({ phase, anchor, effects, policy }) {
    const made = effects.payments.length;
    if (phase === 'again' || anchor !== undefined) return pass('its payments were settled with its anchor');
    if (made <= policy.batchMost) return pass(`${made} payment(s), policy allows ${policy.batchMost} at once`);
    return refuse('batch-too-large', `${made} payments at once, policy allows ${policy.batchMost}`, {
      limit: String(policy.batchMost),
    });
  },
};
