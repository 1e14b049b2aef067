import type { FreezeRecord } from '../../../domain/index.ts';
import { checkScope, parseFreezeScope, scopeFields } from '../../freeze.ts';
import { type Effect, whyOf } from '../effect.ts';

/**
 * By one operator, at once, whatever policy is in force and whatever the clock says. A second freeze of what is frozen already is
 * told, and changes the record: an act that was to lift the first one does not lift it (S5).
 */
export const freezeEffect: Effect = {
  verb: 'freeze',
  form: 'station, wallet:…, account:…, chain:…, asset:… or destination:…',
  payload: 'why',
  ask(subject, payload, { station }) {
    const scope = parseFreezeScope(subject, 'subject');
    checkScope(scope, station.policy, 'subject');
    const why = whyOf(payload);
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
        return {
          writes: [{ table: 'freezes', record, leaf: by.position }],
          leaves: [{ kind: 'frozen', ...scopeFields(scope, who, why) }],
        };
      },
    };
  },
};
