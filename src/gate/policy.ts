import { type ChainId, chainOfAddress, chainOfAsset, day, hour, isTestNetwork, Malformed } from '../domain/index.ts';
import { Members } from './document.ts';
import { type AdmissionPart, admissionSection } from './policy/admission.ts';
import { type ApprovalsPart, approvalsSection } from './policy/approvals.ts';
import { type AssetsPart, assetsSection } from './policy/assets.ts';
import { type AttestersPart, attestersSection } from './policy/attesters.ts';
import { type AuthenticatorsPart, authenticatorsSection } from './policy/authenticators.ts';
import { type AuthenticatorsUsePart, authenticatorsUseSection } from './policy/authenticators-use.ts';
import { type BandsPart, bandsSection } from './policy/bands.ts';
import { type BoundsPart, boundsSection } from './policy/bounds.ts';
import { type BreakerPart, breakerSection } from './policy/breaker.ts';
import { type ChainsPart, chainsSection } from './policy/chains.ts';
import type { Change } from './policy/change.ts';
import { type ClientsPart, clientsSection } from './policy/clients.ts';
import { checkDemands } from './policy/demand.ts';
import { type DeniedPart, deniedSection } from './policy/denied.ts';
import { type EvidencePart, evidenceSection } from './policy/evidence.ts';
import { type HoursPart, hoursSection } from './policy/hours.ts';
import { type LimitsPart, limitsSection } from './policy/limits.ts';
import { type PaymentPart, paymentSection } from './policy/payment.ts';
import { type OperatorsPart, operatorsSection } from './policy/people.ts';
import { type ReferencePart, referenceSection } from './policy/reference.ts';
import { type RipeningPart, recoveryLeast, ripeningSection } from './policy/ripening.ts';
import type { Section } from './policy/section.ts';
import { type TreasuryPart, treasurySection } from './policy/treasury.ts';
import { type TrustDomainPart, trustDomainSection } from './policy/trust-domain.ts';
import { checkWalletDemands } from './policy/wallet-demand.ts';
import { type WalletsPart, walletsSection } from './policy/wallets.ts';
import { type WitnessesPart, witnessesSection } from './policy/witnesses.ts';
import { type YouthPart, youthSection } from './policy/youth.ts';

/** Whatever decides who may attest, or what may be paid (design §5, "Policy, config, state"): a part each of `policy/`. */
export interface Policy
  extends TrustDomainPart,
    ApprovalsPart,
    EvidencePart,
    AuthenticatorsUsePart,
    AuthenticatorsPart,
    PaymentPart,
    RipeningPart,
    AdmissionPart,
    AttestersPart,
    ChainsPart,
    AssetsPart,
    WalletsPart,
    BoundsPart,
    OperatorsPart,
    LimitsPart,
    YouthPart,
    ReferencePart,
    BandsPart,
    HoursPart,
    DeniedPart,
    TreasuryPart,
    BreakerPart,
    ClientsPart,
    WitnessesPart {}

/** In the order in which people read them. */
const sections: readonly Pick<Section<Policy>, 'title' | 'changes' | 'say'>[] = [
  trustDomainSection,
  approvalsSection,
  evidenceSection,
  authenticatorsUseSection,
  authenticatorsSection,
  paymentSection,
  ripeningSection,
  admissionSection,
  attestersSection,
  chainsSection,
  assetsSection,
  walletsSection,
  boundsSection,
  limitsSection,
  youthSection,
  referenceSection,
  bandsSection,
  hoursSection,
  deniedSection,
  operatorsSection,
  treasurySection,
  breakerSection,
  clientsSection,
  witnessesSection,
];

/** The shortest ripening that a main network may have. */
const ripeningLeast = day;

/** Parses a policy document (version 1), already read from its YAML. Throws `Malformed` with the member's place. */
export function parsePolicy(document: unknown): Policy {
  const top = new Members(document, 'policy');
  top.count('version', 1, 1);
  const policy: Policy = {
    ...trustDomainSection.parse(top),
    ...approvalsSection.parse(top),
    ...evidenceSection.parse(top),
    ...authenticatorsUseSection.parse(top),
    ...authenticatorsSection.parse(top),
    ...paymentSection.parse(top),
    ...ripeningSection.parse(top),
    ...admissionSection.parse(top),
    ...attestersSection.parse(top),
    ...chainsSection.parse(top),
    ...assetsSection.parse(top),
    ...walletsSection.parse(top),
    ...boundsSection.parse(top),
    ...operatorsSection.parse(top),
    ...limitsSection.parse(top),
    ...youthSection.parse(top),
    ...referenceSection.parse(top),
    ...bandsSection.parse(top),
    ...hoursSection.parse(top),
    ...deniedSection.parse(top),
    ...treasurySection.parse(top),
    ...breakerSection.parse(top),
    ...clientsSection.parse(top),
    ...witnessesSection.parse(top),
  };
  top.done();
  checkWhole(policy);
  return Object.freeze(policy);
}

/** What another policy has otherwise, member by member, and which way each is. */
export function policyChanges(was: Policy, will: Policy): readonly Change[] {
  return sections.flatMap((section) => section.changes(was, will));
}

/** I3: whether nothing that `was` refuses is approved under what comes; then it need not ripen. */
export function onlyTightens(changes: readonly Change[]): boolean {
  return changes.every(({ direction }) => direction === 'tighter' || direction === 'same');
}

/** The policy in English: a heading and its sentences for each part. */
export function sayPolicy(
  policy: Policy,
): readonly { readonly title: string; readonly sentences: readonly string[] }[] {
  return sections.map((section) => ({ title: section.title, sentences: section.say(policy) }));
}

/** What no member can say alone. */
function checkWhole(policy: Policy): void {
  const main = [...policy.chains.keys()].filter((chain) => !isTestNetwork(chain));
  for (const [name, delay] of Object.entries(policy.ripening)) {
    const least = name === 'recovery' ? recoveryLeast : ripeningLeast;
    if (delay < least && main.length > 0) {
      throw new Malformed(
        `policy.ripening.${name}`,
        `shorter than ${least / hour}h, which only test networks allow, and the policy names ${main.join(', ')}`,
      );
    }
  }
  checkDemands(policy);
  checkOperators(policy, main);
  checkLimits(policy);
  checkClients(policy);
  for (const asset of policy.witnesses?.large?.above.keys() ?? []) {
    if (!policy.assets.has(asset))
      throw new Malformed('policy.witnesses.large_withdrawals.above', `${asset} is no asset of the policy`);
  }
  for (const asset of policy.assets.keys()) {
    if (!policy.chains.has(chainOfAsset(asset)))
      throw new Malformed('policy.assets', `${asset} is on no chain of the policy`);
  }
  for (const wallet of policy.wallets.values()) {
    if (!policy.chains.has(wallet.chain))
      throw new Malformed('policy.wallets', `${wallet.id} is on no chain of the policy`);
  }
  checkWalletDemands(policy);
}

/** S5: no one person decides where main networks are at stake. */
function checkOperators({ operators, bands, treasury, chains }: Policy, main: readonly ChainId[]): void {
  for (const quorum of operators === undefined || main.length === 0 ? [] : [operators, operators.recovery]) {
    const { quorum: m, people } = quorum;
    if (m >= 2 && people.length > m) continue;
    const why = `${m} of ${people.length}: main networks need at least 2, and more people than that`;
    throw new Malformed('policy.operators', why);
  }
  for (const [name, delay] of Object.entries(operators?.delays ?? {})) {
    if (delay < ripeningLeast && main.length > 0 && name !== 'thaw')
      throw new Malformed(`policy.operators.delays.${name}`, 'shorter than 24h, which only test networks allow');
  }
  const most = Math.max(0, ...bands.map((band) => band.operators));
  if (most > (operators?.people.length ?? 0))
    throw new Malformed('policy.bands', `a band demands ${most} operators, and there are not so many`);
  for (const { address } of treasury) {
    if (!chains.has(chainOfAddress(address)))
      throw new Malformed('policy.treasury', `${address} is on no chain of the policy`);
  }
}

/** A name that is no wallet's would keep a client from nothing that people believe it to, and let it have whatever gets that name. */
function checkClients({ clients, wallets }: Policy): void {
  for (const [client, allowed] of clients?.wallets ?? []) {
    const unknown = [...allowed].find((id) => !wallets.has(id));
    if (unknown !== undefined)
      throw new Malformed(
        'policy.clients.wallets',
        `${client} is allowed ${unknown}, which is no wallet of the policy`,
      );
  }
}

function checkLimits({ limits, bands, reference, assets, operators, hours }: Policy): void {
  const holds = hours?.action === 'hold' || limits.some((limit) => limit.action === 'hold');
  if (holds && operators === undefined)
    throw new Malformed(
      'policy.operators',
      'is missing: limits or hours hold withdrawals, and nobody could approve them',
    );
  for (const { asset } of [...limits, ...bands]) {
    if (asset === undefined && reference === undefined)
      throw new Malformed(
        'policy.reference',
        'is missing: a limit or a band names no asset, so it counts in reference currency',
      );
    if (asset !== undefined && !assets.has(asset))
      throw new Malformed('policy.limits', `${asset} is no asset of the policy`);
  }
}
