import { digestOf } from '../../domain/index.ts';
import type { AdmissionCase, FactorCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';
import { evidenceGenuine, factorsUsable } from './evidence-genuine.ts';
import { sufficientForFactor } from './evidence-sufficient.ts';

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
    const enough = sufficientForFactor(of);
    return enough.passed ? pass('attested by as much as a payment takes, as far as the account has it') : enough;
  },
};

/** A6: one-time codes are a second factor: what they stand beside is there first, and lets them in itself. */
export const codesComeSecond: Rule<FactorCase> = {
  name: 'codes-come-second',
  judge({ intent: { intent }, evidence }) {
    if (intent.kind !== 'totp') return pass('a passkey may be an account’s first factor');
    if (intent.attestedBy === undefined)
      return refuse(
        'attestation-insufficient',
        'one-time codes are never an account’s first factor: enrol a passkey first',
      );
    const attested = evidence.some(
      ({ verification }) => verification.genuine && verification.evidence.kind === 'webauthn',
    );
    if (attested) return pass('a passkey of the account lets one-time codes stand beside it');
    return refuse('attestation-insufficient', 'one-time codes are attested by a passkey of the account: needs one');
  },
};

export const factorNew: Rule<AdmissionCase> = {
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

export const factorClassAccepted: Rule<AdmissionCase> = {
  name: 'factor-class-accepted',
  judge({ intent: { intent }, policy, notHardware }) {
    const why = notHardware === undefined || !policy.evidence.accepts.includes('hardware') ? '' : `: ${notHardware}`;
    if (policy.evidence.accepts.includes(intent.class)) return pass(`policy accepts ${intent.class} factors`);
    return refuse(
      'factor-class-refused',
      `policy accepts ${policy.evidence.accepts.join(', ')}, this factor is ${intent.class}${why}`,
    );
  },
};
