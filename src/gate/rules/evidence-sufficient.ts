import type { AcceptedClass, AccountId, FactorRecord } from '../../domain/index.ts';
import type {
  Attested,
  Evidence,
  FactorCase,
  Moment,
  PaidWithdrawal,
  TransactionCase,
  WithdrawalCase,
} from '../cases.ts';
import {
  acceptedKinds,
  allOf,
  asFarAs,
  type EvidenceDemand,
  meets,
  missing,
  sayDemand,
  type Tally,
} from '../demand.ts';
import { enrolmentDemand } from '../policy/demand.ts';
import { counted, together } from '../policy/english.ts';
import { demandedOf, sayWalletDemand, type WalletDemand } from '../policy/wallet-demand.ts';
import type { Policy } from '../policy.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';
import { tallyOf } from '../tally.ts';
import { bandsOf, bandsOfPaid } from './bands.ts';
import { factorUsable } from './evidence-genuine.ts';
import { quorumOf } from './holds.ts';
import { present } from './quorum-present.ts';

type Accepts = Pick<Policy, 'evidence'>;

/** A1, A5: whether evidence is as much as is demanded; if not, exactly what is missing. */
function sufficient(
  evidence: readonly Evidence[],
  demand: EvidenceDemand,
  { evidence: { accepts } }: Accepts,
): Judgement {
  const has = tallyOf(evidence);
  if (meets(has, demand)) return pass(`the evidence is ${sayTally(has)}, and it takes ${sayDemand(demand)}`);
  const message = missing(demand, has, accepts).join('; ');
  return refuse('attestation-insufficient', message, { takes: sayDemand(demand), has: sayTally(has) });
}

function sayTally({ webauthn, hardware, totp, services }: Tally): string {
  return together([
    ...(webauthn > 0 ? [`${webauthn} webauthn${hardware > 0 ? ` (${hardware} hardware)` : ''}`] : []),
    ...(totp > 0 ? [`${totp} totp`] : []),
    ...(services > 0 ? [`${services} mfa-service`] : []),
  ]);
}

/** A6: a one-time code names no payment, so that something else has to: an assertion, or a token. */
function notCodesAlone(evidence: readonly Evidence[], { evidence: { accepts } }: Accepts): Judgement {
  const { webauthn, services } = tallyOf(evidence);
  if (webauthn + services > 0) return pass('something names what is approved');
  return refuse('attestation-insufficient', codesAlone(accepts));
}

/** What is told of codes that nothing else came with. */
export function codesAlone(accepts: readonly AcceptedClass[]): string {
  const kinds = acceptedKinds(accepts).filter((kind) => kind !== 'totp');
  return `a one-time code is a second factor only: needs one more factor of class ${kinds.join(' or ')}`;
}

/** What authorizing a withdrawal takes: what every approval does, and the bands that it is above. */
export function withdrawalDemand(of: Omit<WithdrawalCase, 'evidence'>): EvidenceDemand {
  return allOf([of.policy.evidence, ...bandsOf(of).map((band) => band.evidence)]);
}

/**
 * What attests a further factor: as much as any payment takes, as far as the account has factors for it. Else one stolen factor would
 * make its own second.
 */
export function factorDemand(
  account: AccountId,
  of: Moment & { readonly factors: readonly FactorRecord[]; readonly usesService: boolean },
): EvidenceDemand {
  const ripe = of.factors.filter((factor) => factorUsable(factor, account, of).passed);
  const has: Tally = {
    webauthn: ripe.filter(({ kind }) => kind === 'webauthn').length,
    hardware: ripe.filter((factor) => factor.class === 'hardware').length,
    totp: ripe.filter(({ kind }) => kind === 'totp').length,
    services: of.usesService && of.policy.evidence.accepts.includes('mfa-service') ? 1 : 0,
  };
  return asFarAs(enrolmentDemand(of.policy), has);
}

export const secondFactorOnly: Rule<Pick<Moment, 'policy'> & Pick<Attested, 'evidence'>> = {
  name: 'second-factor-only',
  judge: ({ evidence, policy }) => notCodesAlone(evidence, policy),
};

/** What every approval takes. */
export const evidenceSufficient: Rule<Pick<Moment, 'policy'> & Pick<Attested, 'evidence'>> = {
  name: 'evidence-sufficient',
  judge: ({ evidence, policy }) => sufficient(evidence, policy.evidence, policy),
};

/** Likewise, and what the amount takes, in one: whoever is told what is missing is told all of it. */
export const evidenceForAmount: Rule<WithdrawalCase> = {
  name: 'evidence-sufficient',
  judge: (of) => sufficient(of.evidence, withdrawalDemand(of), of.policy),
};

/** Whether the evidence for a further factor is enough. */
export function sufficientForFactor(of: FactorCase): Judgement {
  const enough = sufficient(of.evidence, factorDemand(of.intent.intent.account, of), of.policy);
  return enough.passed ? notCodesAlone(of.evidence, of.policy) : enough;
}

/** D4: as judged again before a signature. What a withdrawal was worth is what it was worth when it was authorized. */
export const evidenceStillSufficient: Rule<TransactionCase> = {
  name: 'evidence-sufficient',
  judge: (of) =>
    ofEach(of, ({ record, evidence }) => {
      const demand = allOf([of.policy.evidence, ...bandsOfPaid(record, of.policy).map((band) => band.evidence)]);
      const enough = sufficient(evidence, demand, of.policy);
      return enough.passed ? notCodesAlone(evidence, of.policy) : enough;
    }),
};

/**
 * What a wallet demands by itself of each withdrawal that it pays, above its amounts: of the evidence that was kept, or where policy
 * lets it, of operators who approved it and stand.
 */
export const evidenceForWallet: Rule<TransactionCase> = {
  name: 'evidence-for-wallet',
  judge(of) {
    const { wallet, policy } = of;
    const demand = wallet === undefined ? undefined : policy.walletDemands.get(wallet.id);
    if (wallet === undefined || demand === undefined) return pass('the wallet takes no evidence of its own');
    const judgement = ofEach(of, (paid) => enoughForWallet(paid, demand, of));
    return judgement.passed
      ? pass(`each withdrawal has what ${wallet.id} takes: ${sayWalletDemand(demand, policy)}`)
      : { ...judgement, details: { ...judgement.details, wallet: wallet.id } };
  },
};

function enoughForWallet(
  { record, evidence, approvals }: PaidWithdrawal,
  demand: WalletDemand,
  of: TransactionCase,
): Judgement {
  if (!demandedOf(demand, record)) return pass('it is not above the amount');
  const enough = sufficient(evidence, demand.evidence, of.policy);
  if (enough.passed || !demand.orOperators) return enough;
  const quorum = quorumOf(of.policy);
  const approved = present(approvals, quorum, of);
  if (approved.passed) return approved;
  return {
    ...enough,
    message: `${enough.message}; or the approval of ${counted(quorum, 'operator')}`,
    details: { ...enough.details, operators: String(quorum) },
  };
}

function ofEach(of: TransactionCase, judge: (paid: PaidWithdrawal) => Judgement): Judgement {
  for (const paid of of.withdrawals) {
    const judgement = judge(paid);
    if (judgement.passed) continue;
    return { ...judgement, details: { ...judgement.details, withdrawal: paid.record.id } };
  }
  return pass('every approval is by as much evidence as it takes');
}
