import { day } from '../domain/index.ts';
import type { Change } from '../gate/policy/change.ts';
import { lasting } from '../gate/policy/english.ts';
import { onlyTightens, type Policy, policyChanges, sayPolicy } from '../gate/policy.ts';
import type { EffectParts } from './acts/effect.ts';
import type { PolicyDocument } from './policy-document.ts';
import { replayPolicy, sayReplay } from './replay.ts';

/** What each proposal is replayed over. */
const replayedFor = 30 * day;

/** D6: whoever shortens the delay waits out the old one first. ms of witnessed time. */
export function policyDelay(was: Policy, will: Policy): number {
  return Math.max(was.operators?.delays.policy ?? 0, will.operators?.delays.policy ?? 0);
}

/** The policy in English, a line each. */
export function policyLines(policy: Policy): string[] {
  return sayPolicy(policy).flatMap(({ title, sentences }) => [title, ...sentences.map((sentence) => `  ${sentence}`)]);
}

/** What is different, which way each, and what follows: a line each. */
export function differenceLines(was: Policy, will: Policy): string[] {
  const changes = policyChanges(was, will);
  return [...changes.map(sayChange), consequence(changes, was, will)];
}

function sayChange({ member, was, will, direction }: Change): string {
  return `${direction}: ${member}: ${was} -> ${will}`;
}

function consequence(changes: readonly Change[], was: Policy, will: Policy): string {
  if (changes.length === 0) return 'Nothing changes but the text: it takes effect with its quorum.';
  if (onlyTightens(changes)) return 'It only tightens: it takes effect with its quorum.';
  return `Something loosens: once it has its quorum and its notice was delivered, it ripens for ${lasting(policyDelay(was, will))}.`;
}

/** All that people should read before they sign a policy. */
export async function policyDetails(parts: EffectParts, next: PolicyDocument): Promise<string[]> {
  const { station } = parts;
  const replay = await replayPolicy(station, next.policy, replayedFor);
  return [
    ...differenceLines(station.policy, next.policy),
    ...parts.fitting(next.policy).map((warning) => `Beware: ${warning}.`),
    ...sayReplay(replay),
  ];
}
