import type { ActRecord } from '../../domain/index.ts';
import { Refusal, ripeness } from '../../domain/index.ts';
import type { ActView } from '../custody.ts';
import { wallAfter } from '../station.ts';
import type { EffectParts } from './effect.ts';
import { askFor } from './effects.ts';
import { isUnsettled, type Waiting } from './settlement.ts';

/** An act as answers show it. What it does is said as things stand; of one that ended, or whose subject is gone, nothing is. */
export function viewOf(act: ActRecord, parts: EffectParts, waiting?: Waiting): ActView {
  const plain: ActView = { act, description: '', signatures: 0, notBefore: undefined, waiting };
  if (!isUnsettled(act)) return plain;
  const { station } = parts;
  try {
    const { ask } = station.reading(() => askFor(act.verb, act.subject, act.payload, parts));
    const facts = station.look({ rows: ask.rows, lookups: ask.lookups ?? [] });
    const delay = ask.delay(facts) ?? 0;
    const ripe =
      act.w0 === null || act.d0 === null
        ? undefined
        : ripeness({ state: 'pending', w0: act.w0, d0: act.d0 }, delay, facts.w);
    return {
      act,
      description: ask.describe(facts),
      signatures: ask.signatures(facts),
      notBefore: ripe === undefined ? undefined : wallAfter(facts.now, ripe.ripe ? 0 : ripe.remaining),
      waiting,
    };
  } catch (error) {
    if (error instanceof Refusal)
      return { ...plain, waiting: { reason: error.reason, message: error.message, details: error.details } };
    throw error;
  }
}
