import type { EffectCase, Moment, OperatorSignature, TransactionCase } from '../cases.ts';
import type { Quorum } from '../policy/people.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';
import { signatureStands } from './operator-signs.ts';

/** How many different people of a quorum have signed and are in good standing. */
function standing(signatures: readonly OperatorSignature[], of: Pick<Moment, 'policy'>, quorum: Quorum): number {
  const people = new Set<string>(quorum.people.map((person) => person.name));
  const names = signatures.filter((s) => people.has(s.operator) && signatureStands(s, of, true).passed === true);
  return new Set(names.map((s) => s.operator)).size;
}

export function present(
  signatures: readonly OperatorSignature[],
  needed: number,
  of: Pick<Moment, 'policy'>,
): Judgement {
  const { operators } = of.policy;
  if (operators === undefined) return refuse('operators-unfounded', 'the policy in force founds no operators');
  const count = standing(signatures, of, operators);
  // No act without a person, whatever an effect says.
  if (count >= Math.max(1, needed)) return pass(`${count} operator(s) in good standing signed, ${needed} are needed`);
  return refuse('quorum-missing', `${count} operator(s) in good standing signed, ${needed} are needed`, {
    signed: String(count),
    needed: String(needed),
  });
}

/** S5, S11: as many different operators as it takes, each in good standing now; a suspension lowers no number. */
export const quorumPresent: Rule<EffectCase> = {
  name: 'quorum-present',
  judge(of) {
    const own = present(of.signatures, of.demands.signatures, of);
    const recovery = of.policy.operators?.recovery;
    if (own.passed || !of.demands.recovery || recovery === undefined) return own;
    const count = standing(of.signatures, of, recovery);
    return count >= recovery.quorum ? pass(`${count} of the recovery quorum’s people signed`) : own;
  },
};

/** D4: a withdrawal that operators had to approve is signed only while their approvals verify and they stand. */
export const operatorsApproved: Rule<TransactionCase> = {
  name: 'operators-approved',
  judge(of) {
    for (const { record, approvals } of of.withdrawals) {
      if (record.operators === 0) continue;
      const judgement = present(approvals, record.operators, of);
      if (!judgement.passed)
        return refuse(judgement.reason, `withdrawal ${record.id}: ${judgement.message}`, judgement.details);
    }
    return pass('operators approved whatever needs them');
  },
};
