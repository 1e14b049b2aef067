import type {
  AdmissionCase,
  DestinationCase,
  EffectCase,
  FactorCase,
  ImportCase,
  ImportedAccount,
  ImportedDestinationCase,
  OperatorCase,
  TransactionCase,
  WithdrawalCase,
} from './cases.ts';
import { decide, type Rule, type Verdict } from './rule.ts';
import { actClock } from './rules/act-clock.ts';
import { actJoinedOnce } from './rules/act-joined-once.ts';
import { actRipe } from './rules/act-ripe.ts';
import { codesComeSecond, factorAdmitted, factorClassAccepted, factorNew } from './rules/admission.ts';
import { amountWithinCeiling } from './rules/amount-within-ceiling.ts';
import { anchorHolds, changeWithinGap, lockPassed, nonceInWindow, othersAnchorsLeft } from './rules/anchor-holds.ts';
import { assetKnown } from './rules/asset-known.ts';
import { assetsRegistered } from './rules/assets-registered.ts';
import { bandRules } from './rules/bands.ts';
import { baseInForce } from './rules/base-in-force.ts';
import { batchWithinPolicy } from './rules/batch-within-policy.ts';
import { checkpointCosigned } from './rules/checkpoint-cosigned.ts';
import { clockTrusted } from './rules/clock-trusted.ts';
import { destinationNotDenied, destinationsNotDenied } from './rules/destination-denied.ts';
import { destinationNew } from './rules/destination-new.ts';
import { destinationListed, destinationRipe, destinationsStand } from './rules/destination-stands.ts';
import { approvalsStand, evidenceGenuine, factorsUsable } from './rules/evidence-genuine.ts';
import {
  evidenceForAmount,
  evidenceForWallet,
  evidenceStillSufficient,
  evidenceSufficient,
  secondFactorOnly,
} from './rules/evidence-sufficient.ts';
import { evidenceUnspent, tokensUnspent } from './rules/evidence-unspent.ts';
import { feeCeilingWithinPolicy } from './rules/fee-ceiling.ts';
import { accessListWithinPolicy, dataFeeBounded, feeWithinApproved, feeWithinPolicy } from './rules/fees-bounded.ts';
import { notFrozen } from './rules/frozen.ts';
import { importedAccountBegun, importedAccountNew, importInOrder, importStands } from './rules/import-stands.ts';
import { intentFresh } from './rules/intent-fresh.ts';
import { intentForStation, intentPrepared } from './rules/intent-prepared.ts';
import { limitRules, walletLimitRules } from './rules/limits.ts';
import { operatorSigns } from './rules/operator-signs.ts';
import { operatorsFounded } from './rules/operators-founded.ts';
import { payByAhead, payByAheadOfAll } from './rules/pay-by-ahead.ts';
import { paymentsMatch } from './rules/payments-match.ts';
import { operatorsApproved, quorumPresent } from './rules/quorum-present.ts';
import { accountNotRecovering } from './rules/recovering.ts';
import { replacementPaysMore } from './rules/replacement-pays-more.ts';
import { subjectStands } from './rules/subject-stands.ts';
import { usersVerified, userVerified } from './rules/user-verified.ts';
import { chainMatches, walletKnown } from './rules/wallet-chain.ts';
import { walletStated } from './rules/wallet-stated.ts';
import { withinHours } from './rules/within-hours.ts';

// The gate: which rules judge what. Each list is read top-down; the first refusal is the one that is told.

/** What can be judged of a withdrawal before anyone approved it: `PrepareWithdrawal` shows these. */
const withdrawalRequest: readonly Rule<WithdrawalCase>[] = [
  notFrozen,
  clockTrusted,
  intentForStation,
  assetKnown,
  amountWithinCeiling,
  feeCeilingWithinPolicy,
  destinationNotDenied,
  destinationListed,
  destinationRipe,
  withinHours,
];

/** As above, and what each policy has of its own: a rule for each limit and each band. */
const withdrawalRules = ({ policy }: WithdrawalCase): readonly Rule<WithdrawalCase>[] => [
  ...withdrawalRequest,
  ...limitRules(policy),
  ...bandRules(policy),
];

const withdrawalApproval: readonly Rule<WithdrawalCase>[] = [
  intentPrepared,
  intentFresh,
  payByAhead,
  evidenceGenuine,
  factorsUsable,
  evidenceForAmount,
  secondFactorOnly,
  userVerified,
  evidenceUnspent,
  tokensUnspent,
];

/** Approved, refused, or held for operators. */
export function decideWithdrawal(of: WithdrawalCase): Verdict {
  return decide([...withdrawalRules(of), ...withdrawalApproval], of);
}

/** The same rule objects, those that need no approval yet. */
export function explainWithdrawal(of: WithdrawalCase): Verdict {
  return decide(withdrawalRules(of), of);
}

const destinationRequest: readonly Rule<DestinationCase>[] = [
  notFrozen,
  clockTrusted,
  intentForStation,
  accountNotRecovering,
  destinationNotDenied,
  destinationNew,
];

const destinationApproval: readonly Rule<DestinationCase>[] = [
  intentPrepared,
  intentFresh,
  evidenceGenuine,
  factorsUsable,
  evidenceSufficient,
  secondFactorOnly,
  userVerified,
  evidenceUnspent,
  tokensUnspent,
];

export function decideDestination(of: DestinationCase): Verdict {
  return decide([...destinationRequest, ...destinationApproval], of);
}

export function explainDestination(of: DestinationCase): Verdict {
  return decide(destinationRequest, of);
}

const factorRules: readonly Rule<FactorCase>[] = [
  notFrozen,
  clockTrusted,
  intentForStation,
  accountNotRecovering,
  factorClassAccepted,
  intentPrepared,
  intentFresh,
  factorNew,
  factorAdmitted,
  codesComeSecond,
  userVerified,
  evidenceUnspent,
  tokensUnspent,
];

export function decideFactor(of: FactorCase): Verdict {
  return decide(factorRules, of);
}

/** Whether operators may admit a factor. */
export function decideAdmission(of: AdmissionCase): Verdict {
  return decide([factorClassAccepted, factorNew], of);
}

/** Whether a chunk may be imported now. */
export function decideImport(of: ImportCase): Verdict {
  return decide([notFrozen, clockTrusted, importStands, importInOrder], of);
}

/** Whether one of its factors, or destinations, may. */
export function decideImportedFactor(of: AdmissionCase & ImportedAccount): Verdict {
  return decide<AdmissionCase & ImportedAccount>([notFrozen, importedAccountNew, factorClassAccepted, factorNew], of);
}

export function decideImportedDestination(of: ImportedDestinationCase): Verdict {
  const rules = [notFrozen, importedAccountNew, importedAccountBegun, destinationNotDenied, destinationNew];
  return decide<ImportedDestinationCase>(rules, of);
}

/** What the bytes do, whatever was approved. */
const transactionItself: readonly Rule<TransactionCase>[] = [
  notFrozen,
  clockTrusted,
  walletKnown,
  walletStated,
  chainMatches,
  assetsRegistered,
  accessListWithinPolicy,
  dataFeeBounded,
  feeWithinPolicy,
  batchWithinPolicy,
  destinationsNotDenied,
  checkpointCosigned,
];

/** What the bytes do, against what was approved. */
const transactionApproved: readonly Rule<TransactionCase>[] = [
  paymentsMatch,
  anchorHolds,
  othersAnchorsLeft,
  replacementPaysMore,
  nonceInWindow,
  changeWithinGap,
  lockPassed,
  feeWithinApproved,
  payByAheadOfAll,
  approvalsStand,
  usersVerified,
  evidenceStillSufficient,
  evidenceForWallet,
  operatorsApproved,
  destinationsStand,
];

export function decideTransaction(of: TransactionCase): Verdict {
  return decide([...transactionItself, ...transactionApproved, ...walletLimitRules(of.policy)], of);
}

/** What can be judged of an act before anyone signed: `PrepareOperatorAct` shows these. */
const operatorRequest: readonly Rule<OperatorCase>[] = [
  operatorsFounded,
  intentForStation,
  notFrozen,
  actClock,
  baseInForce,
  subjectStands,
];

const operatorApproval: readonly Rule<OperatorCase>[] = [
  intentPrepared,
  intentFresh,
  operatorSigns,
  actJoinedOnce,
  evidenceUnspent,
];

/** Whether one operator's signature goes under an act. */
export function decideOperatorAct(of: OperatorCase): Verdict {
  return decide([...operatorRequest, ...operatorApproval], of);
}

export function explainOperatorAct(of: OperatorCase): Verdict {
  return decide(operatorRequest, of);
}

/** Whether an act still is what its operators signed: one that is not lapses. */
export function decideActStands(of: EffectCase): Verdict {
  return decide([operatorsFounded, baseInForce, subjectStands], of);
}

/** Whether an act has its quorum, so that it can take effect, or be announced where it has to ripen. */
export function decideActQuorum(of: EffectCase): Verdict {
  return decide([quorumPresent], of);
}

/** Whether an act takes effect now. */
export function decideActEffect(of: EffectCase): Verdict {
  return decide([baseInForce, subjectStands, quorumPresent, actRipe, notFrozen, actClock], of);
}
