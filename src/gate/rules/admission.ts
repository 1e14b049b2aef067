import { digestOf } from '../../domain/index.ts';
import type { FactorCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';
import { evidenceGenuine, evidenceSufficient, factorsUsable, factorUsable } from './evidence-genuine.ts';

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
    // Not fewer factors than a withdrawal wants, as far as the account has them: else one stolen factor would make its own second.
    const ripe = of.factors.filter((factor) => factorUsable(factor, intent.intent.account, of).passed).length;
    const wanted = Math.max(1, Math.min(of.policy.evidence.webauthn, ripe));
    const enough = evidenceSufficient.judge({
      ...of,
      policy: { ...of.policy, evidence: { ...of.policy.evidence, webauthn: wanted } },
    });
    return enough.passed ? pass('attested by as many ripe factors of the account as policy wants') : enough;
  },
};

export const factorNew: Rule<FactorCase> = {
  name: 'factor-new',
  judge({ existing, factors, intent: { intent } }) {
    if (existing !== undefined) return refuse('factor-exists', 'a factor of this credential id exists already');
    // The same key under a second id would count as a second factor.
    if (factors.some((factor) => digestOf(factor.coseKey) === intent.key)) {
      return refuse('factor-exists', 'the account has, or had, a factor with this very key');
    }
    return pass('no factor has this credential id, nor the account this key');
  },
};

export const factorClassAccepted: Rule<FactorCase> = {
  name: 'factor-class-accepted',
  judge({ intent: { intent }, policy }) {
    if (policy.evidence.accepts.includes(intent.class)) return pass(`policy accepts ${intent.class} factors`);
    return refuse(
      'factor-class-refused',
      `policy accepts ${policy.evidence.accepts.join(', ')}, this factor is ${intent.class}`,
    );
  },
};
