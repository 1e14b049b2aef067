import {
  canonicalBytes,
  formatInstant,
  type OperatorRecord,
  parseOperatorName,
  Refusal,
  type WallMs,
} from '../../../domain/index.ts';
import type { Facts } from '../../../store/facts.ts';
import { historyWith } from '../../history.ts';
import { toldBy } from '../../station.ts';
import type { Effect } from '../effect.ts';

const prefix = 'reinstate:';

/**
 * By a quorum without the suspended one, whose signature counts for nothing, and it ripens. Where one operator suspended so many
 * that no quorum is left, the recovery quorum's people carry it. What they approve is the suspension as it is recorded.
 */
export const reinstateEffect: Effect = {
  verb: 'operators',
  form: 'reinstate:NAME',
  payload: 'none',
  ask(subject, _payload, { station }) {
    if (!subject.startsWith(prefix)) return undefined;
    const name = parseOperatorName(subject.slice(prefix.length), 'subject');
    const suspended = (facts: Facts): OperatorRecord => {
      const record = facts.get('operators', name);
      if (record?.suspended !== true) throw new Refusal('not-found', `operator ${name} is not suspended`);
      return record;
    };
    return {
      rows: [['operators', name]],
      tightens: false,
      whileSuspect: false,
      recovery: true,
      stoppedBy: [],
      personal: false,
      approved(facts) {
        const { by, why, since } = suspended(facts);
        return canonicalBytes({
          type: 'portcullis/suspension/v1',
          operator: name,
          by,
          why,
          since: String(since),
        });
      },
      describe(facts) {
        const { by, why, since } = suspended(facts);
        return `Reinstate operator ${name}, whom ${by} suspended at ${formatInstant(since)}: ${why}`;
      },
      signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => station.policy.operators?.delays.reinstate ?? 0,
      apply(facts, by) {
        const before = suspended(facts);
        const record: OperatorRecord = {
          ...before,
          suspended: false,
          by: '',
          why: '',
          since: 0 as WallMs,
          history: historyWith(before.history, toldBy(facts, by.position)),
        };
        const fields = { operator: name, who: by.operators.join(', '), why: `act ${by.act}`, act: by.act };
        return {
          writes: [{ table: 'operators', record, leaf: by.position }],
          leaves: [{ kind: 'operator-reinstated', fields }],
        };
      },
    };
  },
};
