import type { OperatorCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** S5: an operator's second signature under one act is nothing new, whatever intent it was made over. */
export const actJoinedOnce: Rule<OperatorCase> = {
  name: 'act-joined-once',
  judge({ act, signature }) {
    const name = signature?.operator;
    if (act === undefined) return pass('this opens the act');
    if (name !== undefined && act.operators.includes(name))
      return refuse('already-approved', `operator ${name} has signed this act already`, { act: act.id });
    return pass(`${act.operators.length} operator(s) signed before`);
  },
};
