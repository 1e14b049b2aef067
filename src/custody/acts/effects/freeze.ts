import type { FreezeRecord } from '../../../domain/index.ts';
import { checkScope, parseFreezeScope, scopeFields } from '../../freeze.ts';
import { noticeSeed, operatorFrozeText, writeNotice } from '../../notice.ts';
import { type Effect, whyOf } from '../effect.ts';

/**
 * By one operator, at once, whatever policy is in force and whatever the clock says. A second freeze of what is frozen already is
 * told, and changes the record: an act that was to lift the first one does not lift it (S5). The others hear of it.
 */
export const freezeEffect: Effect = {
  verb: 'freeze',
  form: 'station, wallet:…, account:…, chain:…, asset:… or destination:…',
  payload: 'why',
  ask(subject, payload, { station }) {
    const scope = parseFreezeScope(subject, 'subject');
    checkScope(scope, station.policy, 'subject');
    const why = whyOf(payload);
    const seed = noticeSeed(station);
    return {
      rows: [],
      tightens: true,
      whileSuspect: true,
      recovery: false,
      stoppedBy: [],
      personal: scope.startsWith('account:') || scope.startsWith('destination:'),
      approved: () => payload,
      describe: () => `Freeze ${scope}, at once: ${why}`,
      signatures: () => 1,
      delay: () => undefined,
      apply(facts, by) {
        const who = by.operators.join(', ');
        const record: FreezeRecord = { scope, active: true, who, why, since: facts.now };
        const text = operatorFrozeText(scope, who, why);
        const of = { account: null, kind: 'frozen', subject: scope, text, leaf: by.position } as const;
        const { fields, personal } = scopeFields(scope, who, why);
        return {
          writes: [
            { table: 'freezes', record, leaf: by.position },
            { table: 'notices', record: writeNotice(seed, facts, of), leaf: by.position },
          ],
          leaves: [{ kind: 'frozen', fields: { ...fields, notice: seed.id }, ...(personal && { personal }) }],
        };
      },
    };
  },
};
