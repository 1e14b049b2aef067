import type { ScriptType } from '../../domain/index.ts';
import { sha256, taggedHash } from './hashes.ts';
import { scriptOfOutput } from './output-script.ts';
import type { Spend } from './spend.ts';
import { type Transaction, writeOutput } from './transaction.ts';
import { compactSize, hash256, joined, sized, u32, u64 } from './wire.ts';

export const sighashDefault = 0;
export const sighashAll = 1;

/**
 * What the inputs' signatures sign, of types ALL and DEFAULT only. The parts that all inputs share are hashed once, so that segwit's
 * take time by the number of inputs (BIP-143, BIP-341); what was before it, by its square, within the bound on inputs.
 */
export class Sighashes {
  readonly #transaction: Transaction;
  readonly #spends: readonly Spend[];
  readonly #script: ScriptType;
  readonly #prevouts: Uint8Array;
  readonly #sequences: Uint8Array;
  readonly #outputs: Uint8Array;
  #witness0:
    | { readonly prevouts: Uint8Array; readonly sequences: Uint8Array; readonly outputs: Uint8Array }
    | undefined;
  #witness1: Uint8Array | undefined;

  constructor(transaction: Transaction, spends: readonly Spend[], script: ScriptType) {
    this.#transaction = transaction;
    this.#spends = spends;
    this.#script = script;
    this.#prevouts = joined(transaction.inputs.flatMap(({ txid, vout }) => [txid, u32(vout)]));
    this.#sequences = joined(transaction.inputs.map(({ sequence }) => u32(sequence)));
    this.#outputs = joined(transaction.outputs.map(writeOutput));
  }

  /** The 32 bytes that the signature of input `i` is over; `type` is `sighashDefault` of taproot, else `sighashAll`. */
  of(i: number, type: number): Uint8Array {
    switch (this.#script) {
      case 'pkh':
        return this.#legacy(i);
      case 'wpkh':
      case 'sh-wpkh':
      case 'wsh-sortedmulti':
        return this.#segwit(i);
      case 'tr':
        return this.#taproot(i, type);
    }
  }

  /** The serialization from before BIP-144, with what is spent in the place of this input's scriptSig. */
  #legacy(i: number): Uint8Array {
    const { version, inputs, outputs, lockTime } = this.#transaction;
    const parts: Uint8Array[] = [u32(version), compactSize(inputs.length)];
    for (const [at, { txid, vout, sequence }] of inputs.entries())
      parts.push(txid, u32(vout), sized(at === i ? this.#spend(i).output.script : new Uint8Array(0)), u32(sequence));
    return hash256(joined([...parts, compactSize(outputs.length), this.#outputs, u32(lockTime), u32(sighashAll)]));
  }

  /** BIP-143, "Specification". */
  #segwit(i: number): Uint8Array {
    this.#witness0 ??= {
      prevouts: hash256(this.#prevouts),
      sequences: hash256(this.#sequences),
      outputs: hash256(this.#outputs),
    };
    const { prevouts, sequences, outputs } = this.#witness0;
    const { version, lockTime } = this.#transaction;
    const { input, output, at } = this.#spend(i);
    const outpoint = [input.txid, u32(input.vout)];
    const amount = u64(output.amount);
    return hash256(
      joined([
        u32(version),
        prevouts,
        sequences,
        ...outpoint,
        sized(at.witnessScript ?? keyHashScript(at.redeemScript ?? at.script)),
        amount,
        u32(input.sequence),
        outputs,
        u32(lockTime),
        u32(sighashAll),
      ]),
    );
  }

  /** BIP-341, "Common signature message", without annex, of the key path. */
  #taproot(i: number, type: number): Uint8Array {
    const { version, lockTime } = this.#transaction;
    this.#witness1 ??= joined([
      u32(version),
      u32(lockTime),
      sha256(this.#prevouts),
      sha256(joined(this.#spends.map(({ output }) => u64(output.amount)))),
      sha256(joined(this.#spends.map(({ output }) => sized(output.script)))),
      sha256(this.#sequences),
      sha256(this.#outputs),
    ]);
    const epoch = 0;
    const spendType = 0;
    return tapSighash(joined([Uint8Array.of(epoch, type), this.#witness1, Uint8Array.of(spendType), u32(i)]));
  }

  #spend(i: number): Spend {
    const spend = this.#spends[i];
    if (spend === undefined) throw new RangeError(`there is no input ${i}`);
    return spend;
  }
}

const tapSighash = taggedHash('TapSighash');

/** BIP-143: the script code of P2WPKH is the script of P2PKH. */
function keyHashScript(program: Uint8Array): Uint8Array {
  return scriptOfOutput({ kind: 'pkh', program: program.slice(2) });
}
