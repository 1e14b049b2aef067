import { parseActId, parseWithdrawalId, Refusal } from '../../../domain/index.ts';
import type { Facts } from '../../../store/facts.ts';
import { reservedRows } from '../../reservations.ts';
import { endWithdrawal } from '../../withdrawals.ts';
import type { Ask, Effect, EffectParts } from '../effect.ts';
import { end, isUnsettled } from '../settlement.ts';
import { paidWithdrawalText } from './withdrawal-text.ts';

/** By one operator, at once: a withdrawal that no transaction pays yet, or an act that has not taken effect. */
export const refuseEffect: Effect = {
  verb: 'refuse',
  form: 'withdrawal:ID, act:ID',
  payload: 'none',
  ask(subject, _payload, parts) {
    if (subject.startsWith('withdrawal:')) return refuseWithdrawal(subject.slice('withdrawal:'.length), parts);
    if (subject.startsWith('act:')) return refuseAct(subject.slice('act:'.length));
    return undefined;
  },
};

const alone = {
  tightens: true,
  whileSuspect: true,
  recovery: false,
  stoppedBy: [],
  personal: false,
  signatures: () => 1,
  delay: () => undefined,
} as const;

function refuseWithdrawal(name: string, { station }: EffectParts): Ask {
  const id = parseWithdrawalId(name, 'subject');
  const known = station.store.read('withdrawals', id);
  const stands = (facts: Facts) => {
    const record = facts.get('withdrawals', id);
    if (record === undefined) throw new Refusal('not-found', `there is no withdrawal ${id}`);
    if (record.state === 'HELD' || record.state === 'AUTHORIZED') return record;
    throw new Refusal('act-subject-changed', `withdrawal ${id} is ${record.state}: it cannot be refused`);
  };
  return {
    ...alone,
    rows: [['withdrawals', id], ...(known === undefined ? [] : reservedRows(known))],
    approved: (facts) => stands(facts).intent,
    describe: (facts) => `Refuse ${paidWithdrawalText(stands(facts), station.policy)}`,
    apply(facts, by) {
      const record = stands(facts);
      const event = record.state === 'HELD' ? 'refuse' : 'cancel';
      const { writes = [], leaves = [] } = endWithdrawal(
        { ...record, act: by.act },
        event,
        by.operators.join(', '),
        facts,
        by.position,
      );
      return { writes, leaves };
    },
  };
}

function refuseAct(name: string): Ask {
  const id = parseActId(name, 'subject');
  const stands = (facts: Facts) => {
    const act = facts.get('acts', id);
    if (act === undefined) throw new Refusal('not-found', `there is no act ${id}`);
    if (isUnsettled(act)) return act;
    throw new Refusal('act-settled', `act ${id} is ${act.state}`);
  };
  return {
    ...alone,
    rows: [['acts', id]],
    approved: (facts) => new TextEncoder().encode(stands(facts).id),
    describe(facts) {
      const { verb, subject, operators } = stands(facts);
      return `Refuse the act ${id}: ${verb} ${subject}, which ${operators.join(', ')} signed`;
    },
    apply(facts, by) {
      const { writes, leaves } = end(stands(facts), 'REFUSED', '', by.operators.join(', '), facts, by.position);
      return { writes, leaves };
    },
  };
}
