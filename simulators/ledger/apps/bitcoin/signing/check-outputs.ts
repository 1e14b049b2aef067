import { equalBytes } from '@noble/curves/utils.js';
import { type Output, openOutput } from './output.ts';
import type { Psbt } from './psbt.ts';
import { reason, unsupported, wrongPsbt } from './refusal.ts';

/** An output that a person is shown, and its place in the transaction. */
export interface Payment extends Output {
  readonly index: number;
}

/** What is known of the outputs once each has been looked at. */
export interface CheckedOutputs {
  readonly total: bigint;
  /** Those that a person is shown: all that don't return to the account. */
  readonly payments: readonly Payment[];
}

/** As change isn't shown, there may not be more of it than a person would expect. */
const maxChange = 10;

/** Adds up the outputs, and finds the account's change among them. */
export async function checkOutputs(psbt: Psbt, inputsTotal: bigint): Promise<CheckedOutputs> {
  const payments: Payment[] = [];
  let total = 0n;
  for (let i = 0; i < psbt.outputs.count; i++) {
    const output = await openOutput(psbt, i);
    total += output.amount;
    if (!(await isChange(psbt, output))) payments.push({ amount: output.amount, script: output.script, index: i });
  }
  if (total > inputsTotal) throw wrongPsbt('the outputs are worth more than the inputs');
  if (psbt.outputs.count - payments.length > maxChange) throw unsupported('too much change', reason.tooMuchChange);
  return { total, payments };
}

/** On the change branch, at whatever index, if it is the account's script: its receive addresses are shown. */
const isChange = async (
  { policy }: Psbt,
  { claim, script }: Awaited<ReturnType<typeof openOutput>>,
): Promise<boolean> => claim?.change === true && equalBytes(await policy.scriptPubKey(true, claim.index), script);
