import { type Decoded, type Effects, Refusal, type ScriptWallet } from '../../domain/index.ts';
import { nativeAsset } from './address.ts';
import { lockOf } from './lock.ts';
import { type Output, outputsOf } from './output.ts';
import { ownPsbt } from './own-psbt.ts';
import { readPsbt } from './psbt.ts';
import { virtualSize } from './size.ts';
import { type Spend, spendsOf } from './spend.ts';
import { shownTxid, type Transaction, writeUnsigned } from './transaction.ts';
import { undecodable } from './wire.ts';

/** A transaction read whole, of which each input is the wallet's own and each output a payment or its change. */
export interface Judged {
  readonly transaction: Transaction;
  /** Canonical, without scriptSigs and witnesses. */
  readonly unsigned: Uint8Array;
  /** In the order of the inputs. */
  readonly spends: readonly Spend[];
  /** In the order of the outputs. */
  readonly outputs: readonly Output[];
}

/**
 * What a PSBT (BIP-174, BIP-370) would do, all of it, from its bytes and the wallet's descriptor alone (I2); or why it is refused.
 * Never throws for any bytes. How much fee, which change index and which lock are within bounds is the gate's to say.
 */
export function decodeUnsigned(bytes: Uint8Array, wallet: ScriptWallet): Decoded {
  try {
    const judged = judge(bytes, wallet);
    const { unsigned, spends, outputs } = judged;
    const psbt = ownPsbt(unsigned, spends, outputs, wallet.script);
    return { ok: true, effects: effectsOf(judged, wallet), transaction: { unsigned, psbt } };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.reason, message: error.message };
    throw error;
  }
}

/** Throws Refusal. */
export function judge(bytes: Uint8Array, wallet: ScriptWallet): Judged {
  const psbt = readPsbt(bytes);
  const { transaction, beyond } = psbt;
  const [first] = beyond;
  if (first !== undefined) {
    const more = beyond.length > 1 ? `, and ${beyond.length - 1} more` : '';
    throw undecodable(
      `${first} is unknown, proprietary, or of a transaction that is not signed here${more}: leave it out`,
    );
  }
  if (transaction.version !== 1 && transaction.version !== 2)
    throw undecodable(`the transaction is of version ${transaction.version}; 1 and 2 are signed here`);
  const spends = spendsOf(psbt, wallet);
  const outputs = outputsOf(psbt, wallet);
  return { transaction, unsigned: writeUnsigned(transaction), spends, outputs };
}

/** Of a transaction that was judged for this wallet. Throws Refusal. */
export function effectsOf({ transaction, unsigned, spends, outputs }: Judged, wallet: ScriptWallet): Effects {
  const lock = lockOf(transaction);
  const spent = spends.reduce((sum, { output }) => sum + output.amount, 0n);
  const paid = outputs.reduce((sum, { amount }) => sum + amount, 0n);
  if (paid > spent) throw undecodable(`its outputs have ${paid} sat, and its inputs ${spent}`);
  const fee = spent - paid;
  const size = BigInt(virtualSize(unsigned, spends.length, wallet));
  const feeRate = (fee * 1000n + size - 1n) / size;
  const asset = nativeAsset(wallet.chain);
  return {
    chain: wallet.chain,
    payments: outputs.flatMap((output) => {
      if (output.kind !== 'payment') return [];
      const { destination, amount, weight } = output;
      return [{ asset, destination, amount, weight }];
    }),
    change: outputs.flatMap((output) =>
      output.kind === 'change' ? [{ index: output.index, amount: output.amount }] : [],
    ),
    maxFee: fee,
    feeRate,
    priorityFeeRate: feeRate,
    anchors: anchorsOf(transaction),
    nonce: undefined,
    lock,
    accessListEntries: 0,
  };
}

/** Every outpoint that is spent, by (txid as people write it, vout): the first is what all versions of a new payment share (I4). */
function anchorsOf({ inputs }: Transaction): string[] {
  return inputs
    .map(({ txid, vout }) => ({ txid: shownTxid(txid), vout }))
    .sort((a, b) => (a.txid === b.txid ? a.vout - b.vout : a.txid < b.txid ? -1 : 1))
    .map(({ txid, vout }) => `outpoint:${txid}:${vout}`);
}
