import { Malformed, type OperatorVerb, shown } from '../../domain/index.ts';
import type { Ask, Effect, EffectParts } from './effect.ts';
import { admitEffect } from './effects/admit.ts';
import { approveEffect } from './effects/approve.ts';
import { clockEffect } from './effects/clock.ts';
import { confirmedEffect } from './effects/confirmed.ts';
import { epochEffect } from './effects/epoch.ts';
import { freezeEffect } from './effects/freeze.ts';
import { importEffect } from './effects/import.ts';
import { policyEffect } from './effects/policy.ts';
import { pricesEffect } from './effects/prices.ts';
import { refuseEffect } from './effects/refuse.ts';
import { reinstateEffect } from './effects/reinstate.ts';
import { restoredEffect } from './effects/restored.ts';
import { suspendEffect } from './effects/suspend.ts';
import { thawEffect } from './effects/thaw.ts';
import { transferEffect } from './effects/transfer.ts';
import { voidEffect } from './effects/void.ts';

/** Everything that operators can do, one file each. */
const effects: readonly Effect[] = [
  freezeEffect,
  thawEffect,
  refuseEffect,
  approveEffect,
  suspendEffect,
  reinstateEffect,
  admitEffect,
  importEffect,
  clockEffect,
  epochEffect,
  transferEffect,
  voidEffect,
  confirmedEffect,
  policyEffect,
  pricesEffect,
  restoredEffect,
];

/** An effect, and what a subject asks of it. */
export interface Asked {
  readonly effect: Effect;
  readonly ask: Ask;
}

/** What is kept of an act that is opened with `payload`. */
export async function receivedBy(
  verb: OperatorVerb,
  subject: string,
  payload: Uint8Array,
  parts: EffectParts,
): Promise<Uint8Array> {
  const receiver = effects.find((effect) => effect.verb === verb && effect.receive !== undefined);
  return receiver?.receive?.(subject, payload, parts) ?? payload;
}

/** Finds the effect that a verb and subject are for. Throws `Malformed` where there is none. */
export function askFor(verb: OperatorVerb, subject: string, payload: Uint8Array, parts: EffectParts): Asked {
  const candidates = effects.filter((effect) => effect.verb === verb);
  for (const effect of candidates) {
    const ask = effect.ask(subject, payload, parts);
    if (ask !== undefined) return { effect, ask };
  }
  const forms = candidates.map((effect) => effect.form).join(', ');
  throw new Malformed('subject', `expected ${forms === '' ? 'nothing yet' : forms} for ${verb}, got ${shown(subject)}`);
}
