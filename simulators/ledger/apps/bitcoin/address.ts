import { StatusError, status } from '../../os/status.ts';
import type { Context } from './context.ts';
import { maxAddressIndex } from './path.ts';
import { isDefaultPolicy } from './policy/default-policy.ts';
import { fetchPolicy, type Policy } from './policy/policy.ts';
import { isNoSeal, isSealed } from './policy/registration.ts';
import type { Reader } from './reader.ts';
import { refusedByPerson } from './review.ts';
import { scriptAddress } from './signing/destination.ts';

const wrong = (why: string): StatusError => new StatusError(status.incorrectData, why);

/** INS 03: display ‖ policy's id ‖ its seal, or zeros ‖ change ‖ index u32be. */
export async function getAddress(context: Context, data: Reader): Promise<Uint8Array> {
  const display = data.u8();
  const id = data.take(32);
  const seal = data.take(32);
  const change = data.u8();
  if (change > 1) throw wrong(`change: ${change}`);
  const index = data.u32be();
  if (index >= 2 ** 31) throw wrong('a hardened address index');

  const policy = await fetchPolicy(context.host, id);
  const registered = !isNoSeal(seal);
  if (registered) {
    if (!isSealed(context.os, id, seal))
      throw new StatusError(status.wrongHmac, 'a policy that was not registered here');
  } else await requireDefault(context, policy, index);

  const address = await addressOf(context, policy, change === 1, index);
  if (display !== 0) {
    const approved = await context.reviews.verifyAddress(address, registered ? [['Account name', policy.name]] : []);
    if (!approved) throw refusedByPerson('an address');
  }
  return new TextEncoder().encode(address);
}

async function requireDefault(context: Context, policy: Policy, index: number): Promise<void> {
  if (!(await isDefaultPolicy(context, policy))) throw wrong('a policy that needs to be registered');
  if (policy.name !== '') throw wrong('a default policy with a name');
  if (index > maxAddressIndex) throw wrong(`address ${index} of a default policy`);
}

/** What was registered can't fail here, unless the host changes what it says. */
async function addressOf({ network }: Context, policy: Policy, change: boolean, index: number): Promise<string> {
  try {
    const address = scriptAddress(await policy.scriptPubKey(change, index), network);
    if (address !== undefined) return address;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new StatusError(status.badState, error.message);
  }
  throw new StatusError(status.badState, 'a script without an address');
}
