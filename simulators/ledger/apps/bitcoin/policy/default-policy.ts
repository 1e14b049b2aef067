import { StatusError } from '../../../os/status.ts';
import type { Context } from '../context.ts';
import { isStandardAccount } from '../path.ts';
import { isOurs } from './key-info.ts';
import type { Policy } from './policy.ts';

/**
 * Whether a policy needs no registration: a standard template (BIP-44, 49, 84, 86) over this device's own key of a
 * standard account. That its name is empty is for the caller to see. What can't be read is no such policy.
 */
export async function isDefaultPolicy({ os, network }: Context, policy: Policy): Promise<boolean> {
  const purpose = policy.standardPurpose;
  if (purpose === undefined || policy.keyCount !== 1) return false;
  try {
    const info = await policy.keyInfo(0);
    if (info.origin === undefined || !isOurs(os, network, info)) return false;
    return isStandardAccount(info.origin.path, purpose, network.coinType);
  } catch (error) {
    if (error instanceof StatusError) return false;
    throw error;
  }
}
