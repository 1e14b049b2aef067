import type { EffectCase, OperatorCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** S11: what was decided on one policy does not happen under another, unless all that it does is to tighten. */
export const baseInForce: Rule<OperatorCase | EffectCase> = {
  name: 'base-in-force',
  judge(of) {
    const base = 'intent' in of ? of.intent.intent.base : of.act.base;
    if (base === of.station.policy) return pass('it was decided on the policy in force');
    if (of.demands.tightens) return pass('it only tightens, whatever policy is in force');
    return refuse('act-lapsed', `it was decided on the policy ${base}; ${of.station.policy} is in force`);
  },
};
