import { Address, OutScript, Transaction } from '@scure/btc-signer';
import type { Coin } from './coins.ts';
import type { BitcoinNetwork, Place } from './watched-wallet.ts';

export interface Payment {
  /** As its network spells it, without the chain before it. */
  readonly address: string;
  /** Satoshi. */
  readonly amount: bigint;
}

export interface Batch {
  readonly network: BitcoinNetwork;
  /** Of these as many are spent as it takes, in this order. */
  readonly coins: readonly Coin[];
  /** One output for each withdrawal, never two withdrawals in one. */
  readonly payments: readonly Payment[];
  /** Where what is left over goes. */
  readonly change: Place;
  /** Satoshi per virtual byte. */
  readonly feeRate: bigint;
}

export interface BuiltPsbt {
  /** BIP-174, version 0. Unsigned: the withdrawal service has no key. */
  readonly psbt: Uint8Array;
  readonly spent: readonly Coin[];
  /** Satoshi: what is spent and not paid. The station works it out itself and takes no one's word for it. */
  readonly fee: bigint;
}

/** BIP-125: the fee can be raised later. */
const replaceable = 0xffff_fffd;
/** Less than this costs more to spend than it is worth to most; nodes do not relay outputs of less than 294 (wpkh). */
const smallestChange = 1_000n;

/** Virtual bytes (BIP-141), rounded up: of a transaction without inputs and outputs, of an input of wpkh, of its change. */
const frame = 11n;
const perInput = 69n;
const perChange = 31n;

/**
 * One transaction for all these payments, with the fields that the station demands: of each input the previous transaction and the
 * derivation, of change the derivation. To raise its fee, build the same payments again on the same coins, at a higher rate.
 * Throws where the coins do not suffice.
 */
export function buildPsbt({ network, coins, payments, change, feeRate }: Batch): BuiltPsbt {
  const outputs = payments.map(({ address, amount }) => ({
    script: OutScript.encode(Address(network).decode(address)),
    amount,
  }));
  const paid = outputs.reduce((sum, { amount }) => sum + amount, 0n);
  const fixed = frame + outputs.reduce((sum, { script }) => sum + BigInt(9 + script.length), 0n);
  const spent: Coin[] = [];
  let left = -paid - feeRate * fixed;
  for (const coin of coins) {
    if (left >= 0n) break;
    spent.push(coin);
    left += coin.amount - feeRate * perInput;
  }
  if (left < 0n) throw new Error(`the coins are ${-left} satoshi short of ${paid} and the fee`);
  const kept = left - feeRate * perChange;
  const transaction = new Transaction({ version: 2, PSBTVersion: 0 });
  for (const { txid, vout, amount, place, previous } of spent) {
    transaction.addInput({
      txid,
      index: vout,
      sequence: replaceable,
      witnessUtxo: { script: place.script, amount },
      nonWitnessUtxo: previous,
      bip32Derivation: place.bip32Derivation,
    });
  }
  for (const output of outputs) transaction.addOutput(output);
  const { script, bip32Derivation } = change;
  if (kept >= smallestChange) transaction.addOutput({ script, amount: kept, bip32Derivation });
  const fee = spent.reduce((sum, { amount }) => sum + amount, 0n) - paid - (kept >= smallestChange ? kept : 0n);
  return { psbt: transaction.toPSBT(0), spent, fee };
}
