import { type Effects, Refusal } from '../../domain/index.ts';
import { lockTimeThreshold } from './psbt-lock.ts';
import { finalSequence, type Transaction } from './transaction.ts';

/** BIP-68: from version 2 on, a sequence with this bit clear locks its input for a time from when the spent output was mined. */
const relativeLockOff = 0x8000_0000;

/**
 * B9: what keeps a transaction from being mined at once. Relative locks are refused: how long they last is in no transaction.
 * Throws Refusal `transaction-locked`, which names the input.
 */
export function lockOf({ version, inputs, lockTime }: Transaction): Effects['lock'] {
  for (const [i, { sequence }] of inputs.entries()) {
    if (version >= 2 && sequence < relativeLockOff) {
      throw new Refusal(
        'transaction-locked',
        `Input ${i} has the sequence ${sequence.toString(16).padStart(8, '0')}, a relative lock (BIP-68): it would have to be 80000000 or more, such as fffffffd.`,
      );
    }
  }
  // nLockTime holds only where an input's sequence is not final.
  if (lockTime === 0 || inputs.every(({ sequence }) => sequence === finalSequence)) return undefined;
  return { kind: lockTime < lockTimeThreshold ? 'height' : 'time', until: lockTime };
}
