import { describe, expect, it } from 'vitest';
import { codesComeSecond } from '../../src/gate/rules/admission.ts';
import { evidence, factor, factorCase, factorIntent } from './hand-made.ts';

describe('A6: one-time codes as a factor', () => {
  const codes = (attestedBy: string) => factorIntent({ kind: 'totp', class: 'totp', attested_by: attestedBy });
  const reason = (of: Parameters<typeof factorCase>[0]): string => {
    const judgement = codesComeSecond.judge(factorCase(of));
    return judgement.passed ? 'passed' : `${judgement.reason}: ${judgement.message}`;
  };

  it('are attested by a passkey', () => {
    expect(reason({ intent: codes(factor().id), evidence: [evidence()] })).toBe('passed');
  });

  it('are never the first, whoever vouches', () => {
    expect(reason({ intent: codes(''), evidence: [evidence()] })).toBe(
      'attestation-insufficient: one-time codes are never an account’s first factor: enrol a passkey first',
    );
  });

  it('are attested by nothing else: neither a code, nor a token, nor what does not verify', () => {
    const others = [
      { genuine: true, evidence: { kind: 'totp', factor: factor().id, step: 7 } },
      { genuine: false, reason: 'signature-invalid', message: 'no' },
    ] as const;
    for (const verification of others)
      expect(reason({ intent: codes(factor().id), evidence: [{ verification, factor: factor() }] })).toBe(
        'attestation-insufficient: one-time codes are attested by a passkey of the account: needs one',
      );
    expect(reason({ intent: codes(factor().id), evidence: [] })).toContain('needs one');
  });

  it('say nothing of a passkey', () => {
    expect(reason({})).toBe('passed');
  });
});
