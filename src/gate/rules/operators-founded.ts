import type { Moment } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

export const operatorsFounded: Rule<Moment> = {
  name: 'operators-founded',
  judge({ policy: { operators } }) {
    if (operators === undefined) return refuse('operators-unfounded', 'the policy in force founds no operators');
    return pass(`policy names ${operators.people.length} operators, ${operators.quorum} of whom are a quorum`);
  },
};
