import type { EffectCase, OperatorCase } from '../cases.ts';
import type { Rule } from '../rule.ts';

/** S5: what the operators signed is what is there: a freeze, a withdrawal, a document, by its digest. */
export const subjectStands: Rule<OperatorCase | EffectCase> = {
  name: 'subject-stands',
  judge: ({ subject }) => subject,
};
