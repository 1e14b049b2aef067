import {
  type AssetId,
  type Digest,
  type FactorRecord,
  type Flat,
  formatInstant,
  type IntentOf,
  type IntentType,
  intentLifetime,
  Malformed,
  type Sealed,
  type SpentRecord,
  type StationRecord,
  sealIntent,
  type WallMs,
} from '../domain/index.ts';
import type { Moment } from '../gate/cases.ts';
import { atLeast, countsOf, type EvidenceDemand, sayDemand } from '../gate/demand.ts';
import { counted } from '../gate/policy/english.ts';
import { walletsDemanding } from '../gate/policy/wallet-demand.ts';
import type { Verdict as GateVerdict } from '../gate/rule.ts';
import { factorUsable } from '../gate/rules/evidence-genuine.ts';
import { quorumOf } from '../gate/rules/holds.ts';
import type { EvidenceWanted, RuleOutcome } from './custody.ts';
import type { Station } from './station.ts';

/** Completes an intent's members with what every intent has, and its ticket: what Prepare hands out. */
export function prepareIntent<T extends IntentType>(
  station: Station,
  type: T,
  members: Flat,
  at: { readonly record: StationRecord; readonly now: WallMs; readonly lifetime: number | undefined },
): Sealed<IntentOf<T>> {
  const lifetime = at.lifetime ?? intentLifetime.default;
  if (!(lifetime > 0 && lifetime <= intentLifetime.most)) throw new Malformed('lifetime_seconds', 'expected 1 to 900');
  const whole: Flat = {
    ...members,
    type,
    station: at.record.name,
    issued: formatInstant(at.now),
    expires: formatInstant((at.now + lifetime) as WallMs),
  };
  return sealIntent(type, { ...whole, ticket: station.ticket(at.record, whole) });
}

/** A payment that evidence is wanted for, and how many operators would have to approve it in any case. */
export interface WantedFor {
  readonly asset: AssetId;
  readonly amount: bigint;
  readonly operators: number;
}

/** What a demand comes to for an account: what it has for it now, and of a payment, what the wallets that could make it take besides. */
export function evidenceWanted(
  demand: EvidenceDemand,
  factors: readonly FactorRecord[],
  moment: Moment,
  payment?: WantedFor,
): EvidenceWanted {
  const { policy } = moment;
  const { accepts } = policy.evidence;
  const ripe = factors.filter((factor) => factorUsable(factor, factor.account, moment).passed);
  const wallets = payment === undefined ? [] : walletsBesides(demand, payment, moment);
  const also = wallets.map(({ wallet, demand: takes, operators }) => {
    const or = operators === 0 ? '' : `, or in its place the approval of ${counted(operators, 'operator')}`;
    return `; for ${wallet} to pay it, also ${sayDemand(takes)}${or}`;
  });
  return {
    summary: `${sayDemand(demand)}, of the ${accepts.length === 1 ? 'class' : 'classes'} ${accepts.join(', ')}${also.join('')}`,
    demand: countsOf(demand),
    accepts,
    factors: ripe.map(({ id, kind, class: class_ }) => ({ id, kind, class: class_ })),
    services: accepts.includes('mfa-service') ? [...new Set(policy.attesters.map(({ issuer }) => issuer))] : [],
    wallets,
  };
}

/** What wallets demand of a payment that neither its authorization brings, nor the operators who approve it. */
function walletsBesides(demand: EvidenceDemand, payment: WantedFor, { policy }: Moment): EvidenceWanted['wallets'] {
  return walletsDemanding(payment, policy).flatMap(([wallet, { evidence, orOperators }]) => {
    const operators = orOperators ? quorumOf(policy) : 0;
    if (atLeast(demand, evidence) || (orOperators && payment.operators >= operators)) return [];
    return [{ wallet, demand: evidence, operators }];
  });
}

/** A gate's verdict as answers show it. */
export function ruleOutcomes(verdict: GateVerdict): RuleOutcome[] {
  return verdict.outcomes.map(({ rule, judgement }) =>
    judgement.passed
      ? { rule, passed: true, explanation: judgement.explanation, refusal: undefined }
      : {
          rule,
          passed: false,
          explanation: judgement.message,
          refusal: { reason: judgement.reason, message: judgement.message, details: judgement.details },
          holds: judgement.operators !== undefined,
        },
  );
}

/** The key under which an approval is spent: its intent's digest (I4). */
export function spentKey(digest: Digest): string {
  return `intent:${digest}`;
}

/** An operator's signature over an intent: others may sign the same one. */
export function operatorSpentKey(digest: Digest, operator: string): string {
  return `operator:${operator}:${digest}`;
}

/** A chunk of an import, once it was imported. */
export function importSpentKey(act: string, index: string | number): string {
  return `import:${act}:${index}`;
}

/** The entry that told of the last raising of the epoch: what was opened before it is of another time. */
export const epochRaisedKey = 'epoch:raised';

export function spentBy(digest: Digest, by: string): SpentRecord {
  return { key: spentKey(digest), by };
}
