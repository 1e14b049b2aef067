import { type Claim, claimOf } from './derivation.ts';
import { outputField } from './fields.ts';
import { littleEndian64, readDerivation } from './input.ts';
import type { Psbt } from './psbt.ts';
import { findMap, openMap, type PsbtMap } from './psbt-map.ts';
import { wrongPsbt } from './refusal.ts';
import { outputBytes } from './sighash.ts';

/** An output that the transaction makes. */
export interface Output {
  readonly amount: bigint;
  readonly script: Uint8Array;
}

/** Bitcoin Core relays no longer ones. */
const maxScript = 83;

/** An output, and which address of the account it says it pays: that remains to be proven. */
export async function openOutput(
  { context, outputs, ownKeys }: Psbt,
  index: number,
): Promise<Output & { readonly claim: Claim | undefined }> {
  const map = await findMap(context.host, outputs, index);
  let claim: Claim | undefined;
  await map.visitKeys(async (key, at) => {
    const tap = key[0] === outputField.tapDerivation;
    if (claim !== undefined || (key[0] !== outputField.derivation && !tap)) return;
    const derivation = await readDerivation(map, key, at, tap);
    for (const own of ownKeys) claim ??= claimOf(derivation, own);
  });
  return { ...(await readOutput(map)), claim };
}

/** An output once more: the app keeps none that it has read, but for those of the review. */
export const rereadOutput = async ({ context, outputs }: Psbt, index: number): Promise<Output> =>
  readOutput(await openMap(context.host, outputs, index));

/** An output as the transaction carries it. */
export async function serializedOutput({ context, outputs }: Psbt, index: number): Promise<Uint8Array> {
  const map = await openMap(context.host, outputs, index);
  return outputBytes(await map.required(outputField.amount, 8), await scriptOf(map));
}

async function readOutput(map: PsbtMap): Promise<Output> {
  const amount = littleEndian64(await map.required(outputField.amount, 8));
  if (amount > maxSatoshis) throw wrongPsbt(`an output of ${amount} satoshis`);
  return { amount, script: await scriptOf(map) };
}

async function scriptOf(map: PsbtMap): Promise<Uint8Array> {
  const script = await map.value(outputField.script, maxScript);
  if (script === undefined) throw wrongPsbt('an output without a script');
  return script;
}

/** More than there will ever be. */
export const maxSatoshis = 21_000_000n * 100_000_000n;
