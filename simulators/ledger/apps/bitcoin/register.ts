import { concatBytes } from '@noble/curves/utils.js';
import { StatusError, status } from '../../os/status.ts';
import type { Pair } from '../../os/ui.ts';
import type { Context } from './context.ts';
import { HostError } from './host.ts';
import { isOurs, isUnspendable, parseKeyInfo, requireNetwork } from './policy/key-info.ts';
import { type Policy, readPolicy } from './policy/policy.ts';
import { sealOf } from './policy/registration.ts';
import { requireSane } from './policy/sanity.ts';
import type { Reader } from './reader.ts';
import { refusedByPerson } from './review.ts';

/** More of what went wrong, as two bytes before the status word. */
const reason = {
  name: Uint8Array.of(0, 0),
  insane: Uint8Array.of(0, 1),
  noOwnKey: Uint8Array.of(0, 2),
} as const;

const maxKeys = 15;
const accounts: readonly string[] = ['pkh', 'wpkh', 'sh', 'wsh', 'tr'];

/** INS 02: length varint ‖ policy. The answer is the policy's id and the seal that makes it known from now on. */
export async function registerPolicy(context: Context, data: Reader): Promise<Uint8Array> {
  data.varint();
  const policy = await readPolicy(
    context.host,
    data.relabelled((why) => new HostError(`in a policy: ${why}`)),
  );
  if (policy.keyCount > maxKeys) throw new StatusError(status.notSupported, `${policy.keyCount} keys`);
  if (1 + Math.max(...policy.keyExpressions.map(({ key }) => key.index), -1) !== policy.keyCount) {
    throw new StatusError(status.incorrectData, 'keys that the template has no use for, or too few');
  }
  if (!isGoodName(policy.name)) throw new StatusError(status.incorrectData, 'such a name', reason.name);
  if (!accounts.includes(policy.root.kind)) throw new StatusError(status.notSupported, `${policy.root.kind} by itself`);
  await requireSane(policy, (why) => new StatusError(status.notSupported, why, reason.insane));

  const approved = await context.reviews.ask({
    operation: 'operation',
    title: 'Review account\nto register',
    pairs: [
      ['Account name', policy.name],
      [{ nano: 'Wallet policy', touch: 'Descriptor template' }, policy.template],
      ['Review co-signer\npublic keys', '', 'alone'],
      ...(await keyPairs(context, policy)),
    ],
    approve: { nano: 'Register account', touch: 'Register account?' },
    light: true,
    approved: 'Account registered',
    refused: 'Account rejected',
  });
  if (!approved) throw refusedByPerson('an account');
  return concatBytes(policy.id, sealOf(context.os, policy.id));
}

/** Between 1 and 64 printable characters, no space at either end. */
const isGoodName = (name: string): boolean => /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(name);

/** Every key with whose it is; one at least must be this device's. */
async function keyPairs({ os, network }: Context, policy: Policy): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  let ours = 0;
  for (let i = 0; i < policy.keyCount; i++) {
    const text = await policy.keyText(i);
    const info = parseKeyInfo(text, policy.version);
    requireNetwork(info, network);
    const own = !isUnspendable(info) && isOurs(os, network, info);
    if (own) ours += 1;
    const owner = own ? 'Our' : isUnspendable(info) ? 'Dummy' : 'Their';
    pairs.push([`${owner} key@${i}`, new TextDecoder('latin1').decode(text)]);
  }
  if (ours === 0) throw new StatusError(status.incorrectData, 'no key is this device’s', reason.noOwnKey);
  // The first version knew one key of the device's.
  if (ours !== 1 && policy.version === 1) throw new StatusError(status.incorrectData, `${ours} keys of this device`);
  return pairs;
}
