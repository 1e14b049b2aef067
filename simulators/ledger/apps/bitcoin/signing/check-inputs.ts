import { equalBytes } from '@noble/curves/utils.js';
import { inputField } from './fields.ts';
import { type Input, openInput, sighashTypeOf, verifiedPreviousOutput, witnessUtxo } from './input.ts';
import { maxSatoshis } from './output.ts';
import type { PreviousOutput } from './previous-transaction.ts';
import type { Psbt } from './psbt.ts';
import { reason, unsupported, wrongPsbt } from './refusal.ts';
import type { Warnings } from './review.ts';
import { sighash } from './sighash.ts';

/** What is known of the inputs once each has been looked at. */
export interface CheckedInputs {
  readonly total: bigint;
  /** The indices of the account's own: those to be signed. */
  readonly own: readonly number[];
  readonly warnings: Warnings;
}

/** Verifies what every input says that it spends, and finds those that are the account's. */
export async function checkInputs(psbt: Psbt): Promise<CheckedInputs> {
  const own: number[] = [];
  let total = 0n;
  let unverifiedInputs = false;
  let sighashWarning = false;
  for (let i = 0; i < psbt.inputs.count; i++) {
    const input = await openInput(psbt, i);
    const spent = await spentOutput(input);
    total += spent.amount;
    if (!(await isOwn(psbt, input, spent.script))) continue;
    own.push(i);
    requireFields(psbt, input);
    if (psbt.policy.segwitVersion === 0 && !input.has.has(inputField.previousTransaction)) unverifiedInputs = true;
    if (await restrictsSighash(psbt, input, i)) sighashWarning = true;
  }
  if (own.length === 0) throw wrongPsbt('no input is the account’s');
  const externalInputs = own.length < psbt.inputs.count;
  return { total, own, warnings: { sighash: sighashWarning, externalInputs, unverifiedInputs } };
}

/** What an input spends: by its previous transaction, by its own word, or by both if they agree. */
async function spentOutput({ map, has }: Input): Promise<PreviousOutput> {
  const proven = has.has(inputField.previousTransaction) ? await verifiedPreviousOutput(map) : undefined;
  const claimed = has.has(inputField.witnessUtxo) ? await witnessUtxo(map) : undefined;
  const spent = proven ?? claimed;
  if (spent === undefined) throw wrongPsbt('an input that doesn’t say what it spends', reason.noPreviousOutput);
  if (claimed !== undefined && (claimed.amount !== spent.amount || !equalBytes(claimed.script, spent.script))) {
    throw wrongPsbt('a witness UTXO that isn’t the previous transaction’s', reason.previousOutputsDiffer);
  }
  if (spent.amount > maxSatoshis) throw wrongPsbt(`an input of ${spent.amount} satoshis`);
  return spent;
}

/** The account's only if its own script, derived anew, is what is spent. */
const isOwn = async ({ policy }: Psbt, { claim }: Input, script: Uint8Array): Promise<boolean> =>
  claim !== undefined && equalBytes(await policy.scriptPubKey(claim.change, claim.index), script);

/** BIP-174: a signer of a legacy input needs the whole previous transaction, one of a segwit input its output. */
function requireFields({ policy }: Psbt, { has }: Input): void {
  const witness = has.has(inputField.witnessUtxo);
  if (policy.segwitVersion !== undefined) {
    if (!witness) throw wrongPsbt('a segwit input without a witness UTXO', reason.noWitnessUtxo);
  } else if (witness) throw wrongPsbt('a legacy input with a witness UTXO', reason.notForLegacy);
}

/** Whether the input's signature would leave parts of the transaction open. */
async function restrictsSighash({ policy, outputs }: Psbt, { map, has }: Input, index: number): Promise<boolean> {
  if (!has.has(inputField.sighashType)) return false;
  const type = await sighashTypeOf(map);
  if (type === sighash.all || (type === sighash.default && policy.segwitVersion === 1)) return false;
  if (policy.segwitVersion === undefined || !restricted.has(type)) throw unsupported(`sighash ${type}`);
  if ((type & sighash.single) === sighash.single && index >= outputs.count) {
    throw unsupported('SIGHASH_SINGLE for an input without an output beside it', reason.singleWithoutOutput);
  }
  return true;
}

const restricted: ReadonlySet<number> = new Set([
  sighash.none,
  sighash.single,
  sighash.anyoneCanPay | sighash.all,
  sighash.anyoneCanPay | sighash.none,
  sighash.anyoneCanPay | sighash.single,
]);
