import { equalBytes } from '@noble/curves/utils.js';
import { StatusError } from '../../../os/status.ts';
import { everyFragment, type Fragment, leaves } from './fragment.ts';
import { sizeOf } from './limits.ts';
import { isMiniscript, typeOf } from './miniscript-type.ts';
import type { Policy } from './policy.ts';
import { safetyOf } from './safety.ts';

/** What nodes relay (Bitcoin Core's policy); the app holds tapscript to the same, which is stricter than they do. */
const maxStack = 100;
const maxOpcodes = 201;
const maxScript = 3600;

/** Throws what `refusal` makes of the reason, where a policy isn't fit to be registered (BIP-388, BIP-379). */
export async function requireSane(policy: Policy, refusal: (why: string) => Error): Promise<void> {
  const { root } = policy;
  const [inner] = root.children;
  const scripts =
    root.kind === 'wsh' && inner !== undefined ? [inner] : root.tree === undefined ? [] : leaves(root.tree);
  for (const script of scripts) {
    const fault = isMiniscript(script.kind) ? miniscriptFault(script, root.kind === 'tr') : undefined;
    if (fault !== undefined) throw refusal(fault);
  }
  if (await repeatsKey(policy)) throw refusal('a key that comes twice, or is none');
  const keys = policy.keyExpressions.map(({ key }) => key);
  const shared = keys.some((a, i) =>
    keys.some(
      (b, j) => j < i && a.index === b.index && [b.first, b.second].some((n) => n === a.first || n === a.second),
    ),
  );
  if (shared) throw refusal('two uses of a key that share a branch');
  if (everyFragment(root).some(({ kind, number }) => kind === 'older' && !isRelativeLock(number))) {
    throw refusal('a relative lock with bits that mean nothing');
  }
}

/** BIP-68: sixteen bits, of blocks, or of 512 seconds where bit 22 is set. */
function isRelativeLock(number: number): boolean {
  const value = number & ~(1 << 22);
  return value >= 1 && value <= 0xffff;
}

/** What keeps a miniscript from being registered, in words. */
export function miniscriptFault(script: Fragment, tap: boolean): string | undefined {
  if (typeOf(script, tap)?.base !== 'B') return 'a miniscript that isn’t of type B';
  const { m, s, unmixed } = safetyOf(script);
  if (!m) return 'a miniscript that a third party can change the witness of';
  if (!s) return 'a miniscript that needs no signature';
  if (!unmixed) return 'a miniscript that mixes heights and times';
  const size = sizeOf(script, tap);
  if (size.stack.sat === undefined || size.stack.sat > maxStack) return 'a miniscript with too large a witness';
  if (size.keys.sat === undefined || size.opcodes + size.keys.sat > maxOpcodes)
    return 'a miniscript of too many opcodes';
  return size.script > maxScript ? 'too long a miniscript' : undefined;
}

/** Each pair of keys is compared, and each is asked for anew: the device keeps none. */
async function repeatsKey(policy: Policy): Promise<boolean> {
  const point = async (i: number): Promise<Uint8Array> => (await policy.keyInfo(i)).xpub.subarray(45);
  try {
    for (let i = 0; i < policy.keyCount - 1; i++) {
      const one = await point(i);
      for (let j = i + 1; j < policy.keyCount; j++) if (equalBytes(one, await point(j))) return true;
    }
    return false;
  } catch (error) {
    if (error instanceof StatusError) return true;
    throw error;
  }
}
