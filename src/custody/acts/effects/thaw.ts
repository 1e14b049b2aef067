import { canonicalBytes, type FreezeRecord, type FreezeScope, formatInstant, Refusal } from '../../../domain/index.ts';
import type { Facts } from '../../../store/facts.ts';
import { behindRefusal, parseFreezeScope, scopeFields, tamperFreeze } from '../../freeze.ts';
import type { Effect } from '../effect.ts';

/**
 * By a quorum, and it ripens. What they approve is the freeze as it is recorded, who made it, why and when: lifting one does not
 * lift another that came after (S5). Of a station that froze itself over a forged row it lets go of the mark in memory, too.
 */
export const thawEffect: Effect = {
  verb: 'thaw',
  form: 'station, wallet:…, account:…, chain:…, asset:… or destination:…',
  payload: 'none',
  ask(subject, _payload, { station }) {
    // Not checked against policy: what was frozen may have left it since.
    const scope = parseFreezeScope(subject, 'subject');
    // What would be thawed is another's history: operators' signatures cannot make it this station's.
    const { behind } = station.store;
    if (behind !== undefined && scope === 'station') throw behindRefusal(behind);
    const inForce = (facts: Facts): FreezeRecord => {
      const recorded = facts.get('freezes', scope);
      if (recorded?.active === true) return recorded;
      const forged = scope === 'station' ? tamperFreeze(station.store.tampered, notRecorded) : undefined;
      if (forged === undefined) throw new Refusal('not-found', `${scope} is not frozen`);
      return forged;
    };
    return {
      rows: [['freezes', scope]],
      tightens: false,
      whileSuspect: false,
      recovery: false,
      stoppedBy: [],
      personal: scope.startsWith('account:') || scope.startsWith('destination:'),
      approved: (facts) =>
        frozenBytes(scope, inForce(facts), scope === 'station' ? station.store.tampered?.told : undefined),
      describe(facts) {
        const { who, why, since } = inForce(facts);
        const when = since === notRecorded ? 'and could not record when' : `at ${formatInstant(since)}`;
        return `Lift the freeze of ${scope}, which ${who} made ${when}: ${why}`;
      },
      signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => station.policy.operators?.delays.thaw ?? 0,
      apply(facts, by) {
        const { tampered } = station.store;
        const record: FreezeRecord = { ...inForce(facts), active: false };
        const who = by.operators.join(', ');
        return {
          writes: [{ table: 'freezes', record, leaf: by.position }],
          leaves: [{ kind: 'thawed', ...scopeFields(scope, who, `act ${by.act}`) }],
          ...(scope === 'station' ? { after: () => station.forgetTampered(tampered) } : {}),
        };
      },
    };
  },
};

/** A freeze that holds in memory only has no time of its own. */
const notRecorded = 0 as FreezeRecord['since'];

/**
 * formats.md, "Operators' evidence": a freeze as it is recorded; for the station's also the forged row that was met last, so that a
 * forgery that is met while a thaw ripens is not forgotten with the one that people looked at.
 */
function frozenBytes(scope: FreezeScope, { who, why, since }: FreezeRecord, tampered: string | undefined): Uint8Array {
  const members = { type: 'portcullis/freeze/v1', scope, who, why, since: String(since) };
  return canonicalBytes(tampered === undefined ? members : { ...members, tampered });
}
