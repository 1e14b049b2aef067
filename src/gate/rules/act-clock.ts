import type { EffectCase, OperatorCase } from '../cases.ts';
import { pass, type Rule } from '../rule.ts';
import { clockTrusted } from './clock-trusted.ts';

/** On a suspect clock only what stops something is done, and what sets the clock right. */
export const actClock: Rule<OperatorCase | EffectCase> = {
  name: 'clock-trusted',
  judge: (of) => (of.demands.whileSuspect ? pass('it does not depend on the clock') : clockTrusted.judge(of)),
};
