import { StatusError } from '../../../os/status.ts';
import type { Context } from '../context.ts';
import type { KeyExpression } from '../policy/key-expression.ts';
import { isOurs, type KeyInfo } from '../policy/key-info.ts';
import type { Policy } from '../policy/policy.ts';
import type { OwnKey } from './derivation.ts';
import { reason, unsupported, wrongPsbt } from './refusal.ts';

/** A place in the policy where a key is used that is this device's. */
export interface SigningKey extends OwnKey {
  readonly expression: KeyExpression;
  /** Set once an input names it. */
  signs: boolean;
}

const maxOwnKeys = 8;

/** Every use of an own key, in the template's order. There must be one. */
export async function findOwnKeys(context: Context, policy: Policy): Promise<readonly SigningKey[]> {
  const found: SigningKey[] = [];
  for (const expression of policy.keyExpressions) {
    const { key } = expression;
    const { origin, xpub } = await policy.keyInfo(key.index);
    if (origin === undefined || !isOwn(context, { origin, xpub })) continue;
    if (found.length === maxOwnKeys) throw unsupported('a policy of too many own keys', reason.tooManyOwnKeys);
    const fingerprint = new DataView(origin.fingerprint.buffer, origin.fingerprint.byteOffset).getUint32(0);
    found.push({ expression, fingerprint, origin: origin.path, receive: key.first, change: key.second, signs: false });
  }
  if (found.length === 0) throw wrongPsbt('a policy without an own key', reason.noOwnKey);
  return found;
}

/** The app looks again before it signs: it doesn't keep keys. */
export const isStillOwn = async (context: Context, policy: Policy, { expression }: SigningKey): Promise<boolean> =>
  isOwn(context, await policy.keyInfo(expression.key.index));

/** A key at a path that the system keeps from the app isn't the app's. */
function isOwn({ os, network }: Context, info: KeyInfo): boolean {
  try {
    return isOurs(os, network, info);
  } catch (error) {
    if (error instanceof StatusError) return false;
    throw error;
  }
}
