import { type Decoded, type Effects, equalBytes, Refusal } from '../../domain/index.ts';
import { chainOf } from './address.ts';
import { paymentOf } from './call.ts';
import { encodeUnsigned } from './encode.ts';
import { undecodable } from './rlp.ts';
import { parseTransaction, type Transaction } from './transaction.ts';

/**
 * What an unsigned transaction would do, all of it, from its bytes alone (I2); or why it is refused. Never throws for any
 * bytes. Whether chain, token, fee and nonce are the right ones is the gate's to say.
 */
export function decodeUnsigned(bytes: Uint8Array): Decoded {
  try {
    const transaction = parseTransaction(bytes);
    // E6: what isn't read back byte for byte was not understood whole.
    if (!equalBytes(encodeUnsigned(transaction), bytes)) throw undecodable('encoding it again gives other bytes');
    return { ok: true, effects: effectsOf(transaction), transaction: { unsigned: bytes, psbt: null } };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.reason, message: error.message };
    throw error;
  }
}

function effectsOf(transaction: Transaction): Effects {
  const chain = chainOf(transaction.chainId);
  const feeMarket = transaction.type === 'eip1559';
  const feeRate = feeMarket ? transaction.maxFeePerGas : transaction.gasPrice;
  return {
    chain,
    payments: [paymentOf(transaction, chain)],
    // Exact, even beyond 2^256, where a device may show 0 (E5): no ceiling can be that high, so the gate refuses it.
    maxFee: transaction.gasLimit * feeRate,
    feeRate,
    priorityFeeRate: feeMarket ? transaction.maxPriorityFeePerGas : feeRate,
    change: [],
    anchors: [`nonce:${transaction.nonce}`],
    nonce: transaction.nonce,
    lock: undefined,
    accessListEntries: transaction.type === 'legacy' ? 0 : transaction.accessList.length,
  };
}
