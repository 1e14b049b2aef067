import { StatusError, status } from '../../../os/status.ts';
import type { Context } from '../context.ts';
import { isDefaultPolicy } from '../policy/default-policy.ts';
import { fetchPolicy, type Policy } from '../policy/policy.ts';
import { isNoSeal, isSealed } from '../policy/registration.ts';
import type { Reader } from '../reader.ts';
import { checkInputs } from './check-inputs.ts';
import { checkOutputs } from './check-outputs.ts';
import { globalField } from './fields.ts';
import { openInput } from './input.ts';
import { findOwnKeys, isStillOwn } from './own-keys.ts';
import type { Psbt } from './psbt.ts';
import { PsbtMap, type PsbtMaps } from './psbt-map.ts';
import { reason, unsupported, wrongPsbt } from './refusal.ts';
import { reviewTransaction } from './review.ts';
import type { TransactionFrame, TransactionHashes } from './sighash.ts';
import { signInput } from './sign-input.ts';
import { hashTransaction } from './transaction-hashes.ts';

const maxInputs = 512;
const maxOutputs = 512;

/**
 * INS 04: the commitments to a PSBT's maps ‖ policy id ‖ HMAC. Checks all of it, shows it, and hands over a signature for
 * each of the account's inputs and each own key that they name.
 */
export async function signPsbt(context: Context, data: Reader): Promise<Uint8Array> {
  const psbt = await readPsbt(context, data);
  const { total, own, warnings } = await checkInputs(psbt);
  const outputs = await checkOutputs(psbt, total);
  const hashes = await hashTransaction(psbt);
  await reviewTransaction(psbt, {
    payments: outputs.payments,
    fee: total - outputs.total,
    inputsTotal: total,
    from: psbt.registered ? psbt.policy.name : undefined,
    warnings,
  });
  try {
    await signAll(psbt, own, hashes);
  } catch (error) {
    context.reviews.finish('Transaction rejected');
    throw error;
  }
  context.reviews.finish('Transaction signed');
  return new Uint8Array(0);
}

async function readPsbt(context: Context, data: Reader): Promise<Psbt> {
  const { host } = context;
  const globalMap = { size: data.varint(), keysRoot: data.take(32), valuesRoot: data.take(32) };
  const inputs = takeMaps(data, maxInputs);
  const outputs = takeMaps(data, maxOutputs);
  const [id, seal] = [data.take(32), data.take(32)];
  const frame = await readFrame(new PsbtMap(host, globalMap));
  const registered = !isNoSeal(seal);
  const policy = await findPolicy(context, id, registered ? seal : undefined);
  return { context, frame, inputs, outputs, policy, registered, ownKeys: await findOwnKeys(context, policy) };
}

/** The account: registered under this device's seal, or one that needs none. */
async function findPolicy(context: Context, id: Uint8Array, seal: Uint8Array | undefined): Promise<Policy> {
  if (seal !== undefined) {
    if (!isSealed(context.os, id, seal))
      throw new StatusError(status.wrongHmac, 'a policy that wasn’t registered here');
    return fetchPolicy(context.host, id);
  }
  const policy = await fetchPolicy(context.host, id);
  if (!(await isDefaultPolicy(context, policy))) throw wrongPsbt('not a default policy', reason.policyNotRegistered);
  if (policy.name !== '') throw wrongPsbt('a default policy with a name', reason.defaultPolicyWithName);
  return policy;
}

function takeMaps(data: Reader, max: number): PsbtMaps {
  const count = data.varint();
  const root = data.take(32);
  if (count > max) throw unsupported(`${count} inputs or outputs`);
  return { count, root };
}

/** As it stands: unlike BIP-370 has it, locktimes that inputs require aren't looked at. */
async function readFrame(map: PsbtMap): Promise<TransactionFrame> {
  await map.visitKeys();
  const version = await map.required(globalField.transactionVersion, 4);
  const locktime = (await map.value(globalField.fallbackLocktime, 9)) ?? new Uint8Array(4);
  if (locktime.length !== 4) throw wrongPsbt(`a locktime of ${locktime.length} bytes`);
  return { version, locktime };
}

async function signAll(psbt: Psbt, own: readonly number[], hashes: TransactionHashes): Promise<void> {
  for (const key of psbt.ownKeys) {
    if (!key.signs || !(await isStillOwn(psbt.context, psbt.policy, key))) continue;
    for (const index of own) {
      const input = await openInput(psbt, index);
      const { claim } = input;
      if (claim === undefined) throw wrongPsbt('an own input that names no own key any more');
      const { leaf } = key.expression;
      const leafHash = leaf === undefined ? undefined : await psbt.policy.leafHash(leaf, claim.change, claim.index);
      await signInput(psbt, hashes, { index, input, claim, key, leafHash });
    }
  }
}
