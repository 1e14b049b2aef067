import type { FactorCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';
import { evidenceGenuine, evidenceSufficient, factorsUsable } from './evidence-genuine.ts';

/**
 * A8, A10: an account's first factor comes with an admission voucher, every later one is attested by a factor that the
 * intent names. An account that ever had a factor only recovers: a voucher does not admit it again.
 */
export const factorAdmitted: Rule<FactorCase> = {
  name: 'factor-admitted',
  judge(of) {
    const { intent, voucher, evidence, everEnrolled } = of;
    const { attestedBy } = intent.intent;
    if (attestedBy === undefined) {
      if (!voucher.present) return refuse('voucher-missing', 'a first factor needs an admission voucher');
      if (!voucher.genuine) return refuse('voucher-invalid', voucher.message);
      if (voucher.spent) return refuse('voucher-spent', 'the admission voucher has been used');
      if (everEnrolled > 0) return refuse('voucher-not-first', 'this account had a factor before');
      return pass('the account’s first factor, vouched for by the admission authority');
    }
    for (const rule of [evidenceGenuine, factorsUsable]) {
      const judgement = rule.judge(of);
      if (!judgement.passed) return judgement;
    }
    if (!evidence.some(({ factor }) => factor?.id === attestedBy)) {
      return refuse('attestation-invalid', 'the attestation is not by the factor that the intent names');
    }
    const enough = evidenceSufficient.judge({
      ...of,
      policy: { ...of.policy, evidence: { ...of.policy.evidence, webauthn: 1 } },
    });
    return enough.passed ? pass('attested by a ripe factor of the account') : enough;
  },
};

export const factorNew: Rule<FactorCase> = {
  name: 'factor-new',
  judge({ existing }) {
    if (existing === undefined) return pass('no factor has this credential id');
    return refuse('factor-exists', 'a factor of this credential id exists already');
  },
};

export const factorClassAccepted: Rule<FactorCase> = {
  name: 'factor-class-accepted',
  judge({ intent: { intent }, policy }) {
    if (policy.evidence.classes.includes(intent.class)) return pass(`policy accepts ${intent.class} factors`);
    return refuse(
      'factor-class-refused',
      `policy accepts ${policy.evidence.classes.join(', ')}, this factor is ${intent.class}`,
    );
  },
};
