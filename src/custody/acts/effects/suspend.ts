import { type OperatorRecord, parseOperatorName, Refusal } from '../../../domain/index.ts';
import type { Facts } from '../../../store/facts.ts';
import { historyWith } from '../../history.ts';
import { noticeSeed, operatorSuspendedText, writeNotice } from '../../notice.ts';
import { toldBy } from '../../station.ts';
import { type Effect, whyOf } from '../effect.ts';
import { newOperator, peopleOf } from '../signatures.ts';

const prefix = 'suspend:';

/**
 * By one operator, at once. The suspended one's signatures count no longer, wherever they stand; how many are needed stays the
 * same, so that nobody lowers a quorum by suspending the others (S11). The recovery quorum's people are a quorum's to suspend, and
 * they suspend operators themselves: else one operator would suspend everybody, or refuse each reinstatement, for good.
 */
export const suspendEffect: Effect = {
  verb: 'operators',
  form: 'suspend:NAME',
  payload: 'why',
  ask(subject, payload, { station }) {
    if (!subject.startsWith(prefix)) return undefined;
    const name = parseOperatorName(subject.slice(prefix.length), 'subject');
    const why = whyOf(payload);
    const seed = noticeSeed(station);
    const { operators } = station.policy;
    const recovers = operators?.recovery.people.some((person) => person.name === name) === true;
    const stands = (facts: Facts): OperatorRecord => {
      const person = peopleOf(operators).find((p) => p.name === name);
      if (person === undefined) throw new Refusal('operator-unknown', `policy names no operator ${name}`);
      const record = facts.get('operators', name) ?? newOperator(person);
      if (record.suspended) throw new Refusal('operator-suspended', `operator ${name} was suspended by ${record.by}`);
      return record;
    };
    return {
      rows: [['operators', name]],
      tightens: true,
      whileSuspect: true,
      recovery: true,
      stoppedBy: [],
      personal: false,
      approved(facts) {
        stands(facts);
        return payload;
      },
      describe: () => `Suspend operator ${name}, at once: ${why}`,
      signatures: () => (recovers ? (operators?.quorum ?? Number.POSITIVE_INFINITY) : 1),
      delay: () => undefined,
      apply(facts, by) {
        const before = stands(facts);
        const who = by.operators.join(', ');
        const record: OperatorRecord = {
          ...before,
          suspended: true,
          by: who,
          why,
          since: facts.now,
          history: historyWith(before.history, toldBy(facts, by.position)),
        };
        const text = operatorSuspendedText(name, who, why);
        const of = { account: null, kind: 'operator-suspended', subject: name, text, leaf: by.position } as const;
        return {
          writes: [
            { table: 'operators', record, leaf: by.position },
            { table: 'notices', record: writeNotice(seed, facts, of), leaf: by.position },
          ],
          leaves: [{ kind: 'operator-suspended', fields: { operator: name, who, why, act: by.act, notice: seed.id } }],
        };
      },
    };
  },
};
