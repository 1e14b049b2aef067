import {
  type Transaction,
  type TransactionServiceClient,
  TransactionServiceService,
  TransactionState,
} from '../../src/generated/portcullis/v1/transaction.ts';
import { call } from './station-client.ts';

/**
 * Asks for a signature over unsigned bytes that pay these withdrawals. Returns at once; a person still has to press buttons.
 * `replaces`: the transaction in whose place this one comes, with the same payments and a higher fee.
 */
export async function requestSignature(
  transactions: TransactionServiceClient,
  wallet: string,
  unsigned: Uint8Array,
  withdrawalIds: readonly string[],
  replaces = '',
): Promise<Transaction> {
  const { transaction } = await call(transactions, TransactionServiceService.signTransaction, {
    wallet,
    unsigned: Buffer.from(unsigned),
    withdrawalIds: [...withdrawalIds],
    authorizations: [],
    replaces,
  });
  if (transaction === undefined) throw new Error('the station answered without a transaction');
  return transaction;
}

const settled: readonly TransactionState[] = [
  TransactionState.SIGNED,
  TransactionState.DECLINED,
  TransactionState.WITHHELD,
  TransactionState.REPLACED,
  TransactionState.VOIDED,
];

/** Waits until the device, and the person before it, have settled the transaction. */
export async function untilSettled(transactions: TransactionServiceClient, id: string): Promise<Transaction> {
  const stream = transactions.watchTransactions({ transactionIds: [id] });
  try {
    for await (const { transaction } of stream) {
      if (transaction !== undefined && settled.includes(transaction.state)) return transaction;
    }
  } finally {
    stream.cancel();
  }
  throw new Error(`the station stopped telling of transaction ${id}`);
}
