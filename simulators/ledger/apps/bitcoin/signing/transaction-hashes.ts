import { concatBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { inputField } from './fields.ts';
import { previousOutput, sequenceOf, witnessUtxo } from './input.ts';
import { serializedOutput } from './output.ts';
import type { Psbt } from './psbt.ts';
import { openMap, type PsbtMap } from './psbt-map.ts';
import { type SignedInput, type TransactionHashes, withLength } from './sighash.ts';

/** What the signatures of all inputs have in common. The app asks for all of it, whatever kind of script signs. */
export async function hashTransaction(psbt: Psbt): Promise<TransactionHashes> {
  const { context, inputs, outputs } = psbt;
  const prevouts = sha256.create();
  const sequences = sha256.create();
  for (let i = 0; i < inputs.count; i++) {
    const { outpoint, sequence } = await signedInput(await openMap(context.host, inputs, i));
    prevouts.update(outpoint);
    sequences.update(sequence);
  }
  const allOutputs = sha256.create();
  for (let i = 0; i < outputs.count; i++) allOutputs.update(await serializedOutput(psbt, i));
  const amounts = sha256.create();
  const scripts = sha256.create();
  for (let i = 0; i < inputs.count; i++) {
    const map = await openMap(context.host, inputs, i);
    const { amount, script } = (await witnessUtxo(map)) ?? (await previousOutput(map));
    amounts.update(amountBytes(amount));
    scripts.update(withLength(script));
  }
  return {
    prevouts: prevouts.digest(),
    sequences: sequences.digest(),
    outputs: allOutputs.digest(),
    amounts: amounts.digest(),
    scripts: scripts.digest(),
  };
}

/** The parts of an input that its transaction has. */
export async function signedInput(map: PsbtMap): Promise<SignedInput> {
  return { outpoint: await outpointOf(map), sequence: await sequenceOf(map) };
}

export async function outpointOf(map: PsbtMap): Promise<Uint8Array> {
  return concatBytes(await map.required(inputField.previousTxid, 32), await map.required(inputField.outputIndex, 4));
}

export function amountBytes(amount: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, amount, true);
  return bytes;
}
