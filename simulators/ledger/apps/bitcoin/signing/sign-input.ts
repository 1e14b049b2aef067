import { secp256k1 } from '@noble/curves/secp256k1.js';
import { concatBytes, equalBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { hash160 } from '../policy/script.ts';
import { tapTweak } from '../policy/taproot.ts';
import { varint } from '../reader.ts';
import type { Claim } from './derivation.ts';
import { inputField } from './fields.ts';
import { type Input, previousOutput, sequenceOf, sighashTypeOf, witnessUtxo } from './input.ts';
import { serializedOutput } from './output.ts';
import type { SigningKey } from './own-keys.ts';
import type { PreviousOutput } from './previous-transaction.ts';
import type { Psbt } from './psbt.ts';
import { openMap } from './psbt-map.ts';
import { reason, wrongPsbt } from './refusal.ts';
import {
  legacySighash,
  publicKeyHashCode,
  segwitSighash,
  sighash,
  type TransactionHashes,
  taprootSighash,
} from './sighash.ts';
import { amountBytes, outpointOf } from './transaction-hashes.ts';

/** Which signature is wanted: the input, and the key with its address that signs it. */
export interface Task {
  readonly index: number;
  readonly input: Input;
  readonly claim: Claim;
  readonly key: SigningKey;
  /** The leaf that the key is in; undefined where it is no leaf's. */
  readonly leafHash: Uint8Array | undefined;
}

/** Signs one input with one key, and hands the host the signature. */
export async function signInput(psbt: Psbt, hashes: TransactionHashes, task: Task): Promise<void> {
  const { map, has } = task.input;
  const explicitType = has.has(inputField.sighashType) ? await sighashTypeOf(map) : undefined;
  if (!has.has(inputField.witnessUtxo)) return signLegacy(psbt, task);
  const utxo = await witnessUtxo(map);
  if (utxo === undefined) throw wrongPsbt('the witness UTXO is gone');
  const program = has.has(inputField.redeemScript) ? await redeemScript(task.input, utxo) : utxo.script;
  if (psbt.policy.segwitVersion === 1) {
    return signTaproot(psbt, hashes, task, utxo, explicitType ?? sighash.default);
  }
  return signSegwit(psbt, hashes, task, program, explicitType ?? sighash.all);
}

async function signLegacy(psbt: Psbt, task: Task): Promise<void> {
  const { context, inputs, outputs, frame } = psbt;
  const { map, has } = task.input;
  const { script } = await previousOutput(map);
  const signed = [];
  let code = script;
  for (let i = 0; i < inputs.count; i++) {
    const other = i === task.index ? map : await openMap(context.host, inputs, i);
    const outpoint = await outpointOf(other);
    if (i === task.index && has.has(inputField.redeemScript)) {
      const redeem = await map.value(inputField.redeemScript);
      if (redeem === undefined) throw wrongPsbt('the redeem script is gone');
      code = redeem;
    }
    signed.push({ outpoint, sequence: await sequenceOf(other) });
  }
  const made = [];
  for (let i = 0; i < outputs.count; i++) made.push(await serializedOutput(psbt, i));
  await yieldEcdsa(psbt, task, legacySighash(frame, signed, task.index, code, made), sighash.all);
}

async function signSegwit(
  psbt: Psbt,
  hashes: TransactionHashes,
  task: Task,
  program: Uint8Array,
  type: number,
): Promise<void> {
  const { map } = task.input;
  const outpoint = await outpointOf(map);
  const scriptCode =
    program.length === 22 ? publicKeyHashCode(program.subarray(2)) : await witnessScript(task.input, program);
  const utxo = await witnessUtxo(map);
  if (utxo === undefined) throw wrongPsbt('the witness UTXO is gone');
  const input = { outpoint, scriptCode, amount: amountBytes(utxo.amount), sequence: await sequenceOf(map) };
  const own = (type & 0x1f) === sighash.single ? await serializedOutput(psbt, task.index) : undefined;
  await yieldEcdsa(psbt, task, segwitSighash(psbt.frame, hashes, input, type, own), type);
}

async function signTaproot(
  psbt: Psbt,
  hashes: TransactionHashes,
  task: Task,
  { script }: PreviousOutput,
  type: number,
): Promise<void> {
  const { context, policy } = psbt;
  const { key, claim, leafHash, index } = task;
  const own = await ownParts(psbt, task, script, type);
  const digest = taprootSighash(psbt.frame, hashes, index, type, own, leafHash);
  const path = pathOf(key, claim);
  const xOnly = context.os.publicKey(path).point.subarray(1, 33);
  const root = leafHash === undefined ? await policy.tapTreeHash(claim.change, claim.index) : undefined;
  const tweak = leafHash === undefined ? tapTweak(xOnly, root) : undefined;
  const signature = context.os.signSchnorr(path, digest, tweak);
  // A key path's signature is the output key's; a leaf's is the key's own.
  const signer = leafHash === undefined ? script.subarray(2) : concatBytes(xOnly, leafHash);
  await yieldSignature(psbt, index, signer, signature, type === sighash.default ? undefined : type);
}

/** What SIGHASH_ANYONECANPAY and SIGHASH_SINGLE cover, asked for only where they do. */
async function ownParts(psbt: Psbt, { index, input: { map } }: Task, script: Uint8Array, type: number) {
  const outpoint = (type & sighash.anyoneCanPay) === 0 ? undefined : await outpointOf(map);
  const utxo = outpoint === undefined ? undefined : await witnessUtxo(map);
  const input =
    outpoint === undefined || utxo === undefined
      ? undefined
      : { outpoint, amount: amountBytes(utxo.amount), script, sequence: await sequenceOf(map) };
  const output = (type & 3) === sighash.single ? await serializedOutput(psbt, index) : undefined;
  return { input, output };
}

/** The segwit program inside P2SH (BIP-141). */
async function redeemScript({ map }: Input, utxo: PreviousOutput): Promise<Uint8Array> {
  const script = await map.value(inputField.redeemScript, 34);
  if (script === undefined) throw wrongPsbt('the redeem script is gone');
  const expected = concatBytes(Uint8Array.of(0xa9, 0x14), hash160(script), Uint8Array.of(0x87));
  if (!equalBytes(utxo.script, expected)) throw wrongPsbt('another redeem script', reason.wrongRedeemScript);
  return script;
}

async function witnessScript({ map }: Input, program: Uint8Array): Promise<Uint8Array> {
  const script = await map.value(inputField.witnessScript);
  if (script === undefined) throw wrongPsbt('no witness script');
  const expected = concatBytes(Uint8Array.of(0, 0x20), sha256(script));
  if (!equalBytes(program, expected)) throw wrongPsbt('another witness script', reason.wrongWitnessScript);
  return script;
}

const pathOf = ({ origin, receive, change }: SigningKey, claim: Claim): readonly number[] => [
  ...origin,
  claim.change ? change : receive,
  claim.index,
];

async function yieldEcdsa(psbt: Psbt, { index, key, claim }: Task, digest: Uint8Array, type: number): Promise<void> {
  const { os } = psbt.context;
  const path = pathOf(key, claim);
  const { point } = os.publicKey(path);
  const signature = secp256k1.Signature.fromBytes(os.sign(path, digest).rs, 'compact').toBytes('der');
  await yieldSignature(psbt, index, compressed(point), signature, type);
}

async function yieldSignature(
  { context }: Psbt,
  index: number,
  signer: Uint8Array,
  signature: Uint8Array,
  type: number | undefined,
): Promise<void> {
  const head = concatBytes(varint(index), Uint8Array.of(signer.length), signer);
  const typed = type === undefined ? signature : concatBytes(signature, Uint8Array.of(type));
  await context.host.yieldSignature(head, typed);
}

const compressed = (point: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(((point[64] ?? 0) & 1) === 1 ? 3 : 2), point.subarray(1, 33));
