import type { OperatorName } from '../../domain/index.ts';
import type { Moment, OperatorCase, OperatorSignature } from '../cases.ts';
import type { OperatorPolicy } from '../policy/people.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';

/** The person of this name whom policy lets sign; the recovery quorum's people only where `recovery` says so. */
function personOf(name: OperatorName, policy: Moment['policy'], recovery: boolean): OperatorPolicy | undefined {
  const { operators } = policy;
  if (operators === undefined) return undefined;
  const people = recovery ? [...operators.people, ...operators.recovery.people] : operators.people;
  return people.find((person) => person.name === name);
}

/** S5: genuine under the key that policy gives the name, and the operator in good standing. */
export function signatureStands(
  signature: OperatorSignature,
  of: Pick<Moment, 'policy'>,
  recovery: boolean,
): Judgement {
  const { operator, verification, record } = signature;
  if (personOf(operator, of.policy, recovery) === undefined)
    return refuse('operator-unknown', `policy names no operator ${operator} who may sign this`);
  if (record?.suspended === true)
    return refuse('operator-suspended', `operator ${operator} was suspended by ${record.by}`);
  if (verification.genuine !== true) return refuse(verification.reason, verification.message);
  return pass(`operator ${operator} is in good standing, and signed this`);
}

/** S5, S11: whoever signs is one of policy's operators, not suspended, and did sign exactly this intent. */
export const operatorSigns: Rule<OperatorCase> = {
  name: 'operator-signs',
  judge(of) {
    if (of.signature === undefined)
      return refuse('operator-unknown', 'the assertion is by no credential of policy’s operators');
    return signatureStands(of.signature, of, of.demands.recovery);
  },
};
