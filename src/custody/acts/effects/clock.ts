import { acknowledge } from '../../../clock/index.ts';
import {
  type ClockRecord,
  canonicalBytes,
  Malformed,
  Refusal,
  type StationRecord,
  shown,
  type WitnessedMs,
} from '../../../domain/index.ts';
import type { Facts } from '../../../store/facts.ts';
import type { Ask, Effect, EffectParts } from '../effect.ts';

const vouch = 'vouch:';

/** By a quorum, at once: that a suspect clock is right again, or that more time passed than the station saw. */
export const clockEffect: Effect = {
  verb: 'clock',
  form: 'acknowledge, vouch:MS',
  payload: 'none',
  ask(subject, _payload, parts) {
    if (subject === 'acknowledge') return acknowledgement(parts);
    if (!subject.startsWith(vouch)) return undefined;
    const ms = subject.slice(vouch.length);
    if (!/^[1-9][0-9]{0,12}$/.test(ms)) throw new Malformed('subject', `expected vouch:MS, got ${shown(subject)}`);
    return vouching(Number(ms), parts);
  },
};

const quorum = (parts: EffectParts) =>
  ({
    rows: [],
    tightens: false,
    recovery: false,
    stoppedBy: [],
    personal: false,
    signatures: () => parts.station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
    delay: () => undefined,
  }) as const;

/** The wall clock is right again, people say. Whatever was prepared on the wrong one is void: the ticket epoch rises. */
function acknowledgement(parts: EffectParts): Ask {
  const suspect = (facts: Facts): ClockRecord => {
    if (!facts.clock.suspect) throw new Refusal('not-found', 'the clock is not suspect');
    return facts.clock;
  };
  return {
    ...quorum(parts),
    whileSuspect: true,
    approved(facts) {
      const { bootId, highWater } = suspect(facts);
      // What does not move while the clock is suspect: the reading itself moves each second.
      return canonicalBytes({
        type: 'portcullis/clock/v1',
        station: facts.station.name,
        ticket_epoch: String(facts.station.ticketEpoch),
        suspect: 'true',
        boot_id: bootId,
        high_water: String(highWater),
      });
    },
    describe: () =>
      'Say that the clock of the machine was looked at and is right. Whatever was prepared before must be prepared again.',
    apply(facts, by) {
      const clock = acknowledge(suspect(facts), parts.readClock());
      const station: StationRecord = { ...facts.station, ticketEpoch: facts.station.ticketEpoch + 1 };
      const who = by.operators.join(', ');
      const fields = { who, why: `act ${by.act}`, ticket_epoch: String(station.ticketEpoch) };
      return {
        writes: [
          { table: 'clock', record: clock, leaf: by.position },
          { table: 'station', record: station, leaf: by.position },
        ],
        leaves: [{ kind: 'clock-acknowledged', fields }],
      };
    },
  };
}

/**
 * Time passed while nobody looked, and the allowance for gaps did not cover it (design §5). Never more than the wall clock says has
 * passed since the station was founded and was not witnessed: a quorum gives time back, it makes none.
 */
function vouching(ms: number, parts: EffectParts): Ask {
  const unseen = (facts: Facts): number => facts.now - parts.foundedAt() - facts.w;
  const within = (facts: Facts): void => {
    if (ms <= unseen(facts)) return;
    throw new Refusal(
      'act-subject-changed',
      `by the wall clock ${Math.max(0, unseen(facts))} ms passed unseen, not ${ms}`,
    );
  };
  return {
    ...quorum(parts),
    whileSuspect: false,
    approved(facts) {
      within(facts);
      const { bootId, gapSince, gapUsed } = facts.clock;
      return canonicalBytes({
        type: 'portcullis/clock/v1',
        station: facts.station.name,
        ticket_epoch: String(facts.station.ticketEpoch),
        boot_id: bootId,
        gap_since: String(gapSince),
        gap_used: String(gapUsed),
      });
    },
    describe: (facts) =>
      `Count ${ms} ms (${(ms / 3_600_000).toFixed(2)} hours) as witnessed that passed while the station did not look; by the wall clock ${Math.floor(unseen(facts))} ms did. Whatever is ripening ripens sooner by as much.`,
    apply(facts, by) {
      within(facts);
      const clock: ClockRecord = { ...facts.clock, w: (facts.clock.w + ms) as WitnessedMs };
      return {
        writes: [{ table: 'clock', record: clock, leaf: by.position }],
        leaves: [{ kind: 'clock-vouched', fields: { who: by.operators.join(', '), ms: String(ms), act: by.act } }],
      };
    },
  };
}
