import { canonicalBytes, type StationRecord } from '../../../domain/index.ts';
import { epochRaisedKey } from '../../intents.ts';
import { toldBy } from '../../station.ts';
import type { Effect } from '../effect.ts';

/**
 * A9: by a quorum, at once. One write ends every customer's factor, every authorization that is not signed, and whatever was
 * whitelisted under them: all of these name the epoch that they were made in, and are held to the present one wherever they count.
 */
export const epochEffect: Effect = {
  verb: 'epoch',
  form: 'factors',
  payload: 'none',
  ask(subject, _payload, { station }) {
    if (subject !== 'factors') return undefined;
    return {
      rows: [],
      tightens: true,
      whileSuspect: true,
      recovery: false,
      stoppedBy: [],
      personal: false,
      approved: ({ station: { name, factorEpoch } }) =>
        canonicalBytes({ type: 'portcullis/epoch/v1', station: name, factor_epoch: String(factorEpoch) }),
      describe: ({ station: { factorEpoch } }) =>
        `Revoke every customer's factors, by raising the factor epoch from ${factorEpoch} to ${factorEpoch + 1}. Every account recovers from then on.`,
      signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => undefined,
      apply(facts, by) {
        const record: StationRecord = { ...facts.station, factorEpoch: facts.station.factorEpoch + 1 };
        const fields = { who: by.operators.join(', '), factor_epoch: String(record.factorEpoch), act: by.act };
        const [index = ''] = toldBy(facts, by.position);
        return {
          writes: [
            { table: 'station', record, leaf: by.position },
            { table: 'spent', record: { key: epochRaisedKey, by: index }, leaf: by.position },
          ],
          leaves: [{ kind: 'epoch-raised', fields }],
        };
      },
    };
  },
};
