import type { ClientTransactions, TransactionRequest } from '../custody/custody.ts';
import {
  type Effects,
  parseTransactionId,
  parseWalletId,
  parseWithdrawalId,
  type TransactionRecord,
  type TransactionState,
} from '../domain/index.ts';
import {
  type Effects as EffectsMessage,
  TransactionState as State,
  type Transaction,
  TransactionServiceService,
} from '../generated/portcullis/v1/transaction.ts';
import { parseAuthorization, ruleMessages } from './evidence.ts';
import { parseBytes, parseList, parseOptional, parseSomeList } from './fields.ts';
import { pourChanges } from './outlet.ts';
import { transactionRights } from './rights.ts';
import { bind, type Service } from './service.ts';

/** A transfer is some 200 bytes; a PSBT holds the previous transaction of each input. What else a request says has a quarter of it. */
const unsignedMost = 768 * 1024;
/** One transaction pays at most so many withdrawals, and may authorize as many of them inline as a request can hold. */
const paysMost = 500;

const states: Readonly<Record<TransactionState, State>> = {
  PERMITTED: State.PERMITTED,
  SENT: State.SENT,
  SIGNED: State.SIGNED,
  WITHHELD: State.WITHHELD,
  DECLINED: State.DECLINED,
  UNCERTAIN: State.UNCERTAIN,
  REPLACED: State.REPLACED,
  VOIDED: State.VOIDED,
};

export function transactionMessage(record: TransactionRecord): Transaction {
  return {
    id: record.id,
    wallet: record.wallet,
    unsigned: Buffer.from(record.unsigned),
    withdrawalIds: [...record.pays],
    anchor: record.anchor,
    replaces: record.replaces ?? '',
    state: states[record.state],
    blockedBy: record.blockedBy ?? '',
    signed: Buffer.from(record.signed ?? []),
    permittedAt: new Date(record.permittedAt),
    kind: record.kind,
    actId: record.act ?? '',
    signedBy: [...record.signedBy],
    declinedBy: [...record.declinedBy],
    sentTo: record.state === 'SENT' ? (record.signer ?? '') : '',
  };
}

function effectsMessage({ chain, payments, change, maxFee, anchors }: Effects): EffectsMessage {
  return {
    chain,
    payments: payments.map(({ asset, destination, amount }) => ({ asset, destination, amount: String(amount) })),
    maxFee: String(maxFee),
    anchors: [...anchors],
    change: change.map(({ index, amount }) => ({ index, amount: String(amount) })),
  };
}

function parseRequest(request: {
  readonly wallet: string;
  readonly unsigned: Uint8Array;
  readonly withdrawalIds: readonly string[];
  readonly replaces: string;
}): TransactionRequest {
  return {
    wallet: parseWalletId(request.wallet, 'wallet'),
    unsigned: parseBytes(request.unsigned, unsignedMost, 'unsigned'),
    pays: parseList(request.withdrawalIds, paysMost, 'withdrawal_ids', parseWithdrawalId),
    replaces: parseOptional(request.replaces, 'replaces', parseTransactionId),
  };
}

/** `TransactionService` of the API, spoken to custody: `of` a client, by the name in its certificate. */
export function transactionService(of: (client: string) => ClientTransactions): Service {
  return bind(TransactionServiceService, transactionRights, {
    explainTransaction: async (request, { name }) => {
      const { effects, rules } = await of(name).explain(parseRequest(request));
      return { effects: effects === undefined ? undefined : effectsMessage(effects), ...ruleMessages(rules) };
    },
    signTransaction: async (request, { name }) => ({
      transaction: transactionMessage(
        await of(name).sign({
          ...parseRequest(request),
          authorizations: parseList(request.authorizations, paysMost, 'authorizations', parseAuthorization),
        }),
      ),
    }),
    retryTransaction: async (request, { name }) => ({
      transaction: transactionMessage(
        await of(name).retry(parseTransactionId(request.transactionId, 'transaction_id')),
      ),
    }),
    getTransaction: (request, { name }) => ({
      transaction: transactionMessage(of(name).get(parseTransactionId(request.transactionId, 'transaction_id'))),
    }),
    watchTransactions: (request, outlet, { name }) => {
      const transactions = of(name);
      const ids = new Set(parseSomeList(request.transactionIds, 100, 'transaction_ids', parseTransactionId));
      return pourChanges(
        outlet,
        (watcher) => transactions.watch([...ids], watcher),
        (record: TransactionRecord) => {
          // Policy may have taken the wallet away since the stream began: it ends with that refusal.
          transactions.allow(record.wallet);
          return { transaction: transactionMessage(record) };
        },
      );
    },
  });
}
