import type { DestinationServiceService } from '../generated/portcullis/v1/destination.ts';
import type { FactorServiceService } from '../generated/portcullis/v1/factor.ts';
import type { JournalServiceService } from '../generated/portcullis/v1/journal.ts';
import type { NoticeServiceService } from '../generated/portcullis/v1/notice.ts';
import type { OperatorServiceService } from '../generated/portcullis/v1/operator.ts';
import type { TransactionServiceService } from '../generated/portcullis/v1/transaction.ts';
import type { WithdrawalServiceService } from '../generated/portcullis/v1/withdrawal.ts';
import type { Role } from './roles.ts';

/** Which roles may call each method of a service: all of them named, so that a new one does not compile unjudged. */
export type Rights<Definition> = { readonly [Method in keyof Definition]: readonly Role[] };

const withdrawals = ['withdrawals'] as const;
const operators = ['operators'] as const;
const courier = ['courier'] as const;
const auditors = ['auditors'] as const;

// Design §6, the table of services. A method that stands in no table is served to nobody.

export const withdrawalRights: Rights<WithdrawalServiceService> = {
  prepareWithdrawal: withdrawals,
  authorizeWithdrawal: withdrawals,
  getWithdrawal: withdrawals,
  watchWithdrawals: withdrawals,
  cancelWithdrawal: withdrawals,
};

export const transactionRights: Rights<TransactionServiceService> = {
  explainTransaction: withdrawals,
  signTransaction: withdrawals,
  retryTransaction: withdrawals,
  getTransaction: withdrawals,
  watchTransactions: withdrawals,
};

export const destinationRights: Rights<DestinationServiceService> = {
  prepareDestination: withdrawals,
  addDestination: withdrawals,
  listDestinations: withdrawals,
  removeDestination: withdrawals,
};

export const factorRights: Rights<FactorServiceService> = {
  beginEnrollment: withdrawals,
  prepareFactor: withdrawals,
  addFactor: withdrawals,
  listFactors: withdrawals,
  revokeFactor: withdrawals,
};

export const noticeRights: Rights<NoticeServiceService> = {
  streamNotices: courier,
  acknowledgeNotice: courier,
  report: courier,
};

export const journalRights: Rights<JournalServiceService> = {
  getCheckpoint: ['auditors', 'withdrawals'],
  getReceipt: ['auditors', 'withdrawals'],
  getEntries: auditors,
  streamEntries: auditors,
  getTile: auditors,
  getEntriesTile: auditors,
  getCheckpointForWitness: ['auditors', 'courier'],
  addCosignatures: ['auditors', 'courier'],
  submitCheckpoint: ['auditors', 'courier'],
  getCosignedCheckpoint: ['auditors', 'courier'],
};

export const operatorRights: Rights<OperatorServiceService> = {
  getStation: operators,
  prepareOperatorAct: operators,
  submitOperatorAct: operators,
  getAct: operators,
  listActs: operators,
  listHeldWithdrawals: operators,
  listTransactions: operators,
  getAccount: operators,
  getPolicy: operators,
  replayPolicy: operators,
  importChunk: operators,
  readSignerKey: operators,
  createSignerKey: operators,
  registerWallet: operators,
  showWalletAddress: operators,
  createBackup: operators,
  freeze: operators,
  thaw: operators,
  acknowledgeClock: operators,
};
