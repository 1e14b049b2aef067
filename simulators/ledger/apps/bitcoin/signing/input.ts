import { equalBytes } from '@noble/curves/utils.js';
import { StatusError } from '../../../os/status.ts';
import { type Claim, claimOf, parseDerivation } from './derivation.ts';
import { inputField } from './fields.ts';
import { maxPreviousScript, type PreviousOutput, readPreviousTransaction } from './previous-transaction.ts';
import type { Psbt } from './psbt.ts';
import { findMap, type PsbtMap } from './psbt-map.ts';
import { reason, wrongPsbt } from './refusal.ts';

/** An input as its map's keys describe it. */
export interface Input {
  readonly map: PsbtMap;
  /** The types of the fields that it has. */
  readonly has: ReadonlySet<number>;
  /** Which address of the account it says it spends from; that remains to be proven. */
  readonly claim: Claim | undefined;
}

/** Walks over an input's keys, and marks the own keys that it names as ones to sign with. */
export async function openInput({ context, inputs, ownKeys }: Psbt, index: number): Promise<Input> {
  const map = await findMap(context.host, inputs, index);
  const has = new Set<number>();
  let claim: Claim | undefined;
  await map.visitKeys(async (key, at) => {
    const [type] = key;
    if (type === undefined) return;
    has.add(type);
    if (type !== inputField.derivation && type !== inputField.tapDerivation) return;
    const derivation = await readDerivation(map, key, at, type === inputField.tapDerivation);
    for (const own of ownKeys) {
      const claimed = claimOf(derivation, own);
      if (claimed === undefined) continue;
      own.signs = true;
      claim = claimed;
    }
  });
  return { map, has, claim };
}

/** The derivation beside a key of its type. Only compressed and x-only public keys are known. */
export async function readDerivation(map: PsbtMap, key: Uint8Array, at: number, tap: boolean) {
  if (key.length !== (tap ? 33 : 34)) throw wrongPsbt(`a derivation of a public key of ${key.length - 1} bytes`);
  const derivation = parseDerivation(await map.valueAt(at), tap);
  if (derivation === undefined) throw wrongPsbt('a malformed derivation');
  return derivation;
}

/** The output that an input spends, from the transaction that made it. */
export async function previousOutput(map: PsbtMap, expectedTxid?: Uint8Array): Promise<PreviousOutput> {
  const index = littleEndian(await map.required(inputField.outputIndex, 4));
  const bytes = await map.value(inputField.previousTransaction);
  const previous = bytes === undefined ? undefined : readPreviousTransaction(bytes, index);
  if (previous === undefined || (expectedTxid !== undefined && !equalBytes(previous.txid, expectedTxid))) {
    throw wrongPsbt('a previous transaction that is malformed, or another one', reason.wrongPreviousTransaction);
  }
  // The app doesn't notice that there is no such output; what it then compares matches nothing.
  return previous.output ?? { amount: 0n, script: new Uint8Array(0) };
}

/** As `previousOutput`, proven to be the one of the input's outpoint. */
export async function verifiedPreviousOutput(map: PsbtMap): Promise<PreviousOutput> {
  const txid = await map.required(inputField.previousTxid, 32);
  try {
    return await previousOutput(map, txid);
  } catch (error) {
    if (!(error instanceof StatusError) || error.data.length > 0) throw error;
    throw wrongPsbt(error.message, reason.wrongPreviousTransaction);
  }
}

/** The output that an input says it spends; undefined where it doesn't say. */
export async function witnessUtxo(map: PsbtMap): Promise<PreviousOutput | undefined> {
  const bytes = await map.value(inputField.witnessUtxo, 9 + maxPreviousScript);
  if (bytes === undefined) return undefined;
  if (bytes.length < 9 || bytes[8] !== bytes.length - 9) throw wrongPsbt('a malformed witness UTXO');
  return { amount: littleEndian64(bytes), script: bytes.subarray(9) };
}

/** Four bytes; an input without them is final (BIP-370). */
export async function sequenceOf(map: PsbtMap): Promise<Uint8Array> {
  const bytes = await map.value(inputField.sequence, 4);
  return bytes?.length === 4 ? bytes : Uint8Array.of(0xff, 0xff, 0xff, 0xff);
}

export async function sighashTypeOf(map: PsbtMap): Promise<number> {
  return littleEndian(await map.required(inputField.sighashType, 4));
}

const littleEndian = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);

export const littleEndian64 = (bytes: Uint8Array): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(0, true);
