import type { ScriptWallet } from '../../domain/index.ts';
import type { Spend } from './spend.ts';
import { joined, sized } from './wire.ts';

/** What one input carries in the signed transaction. */
export interface FinalInput {
  readonly scriptSig: Uint8Array;
  /** Its items, in order. */
  readonly witness: readonly Uint8Array[];
}

/** A signature and the key that it is by, 33 bytes (ECDSA) or 32 (taproot's output key). */
export interface KeyedSignature {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

const nothing = new Uint8Array(0);

/**
 * BIP-174, "Input Finalizer": as many signatures as the wallet's threshold, in the order in which its script wants them. Undefined
 * where there are fewer.
 */
export function finalise(
  { at }: Spend,
  signatures: readonly KeyedSignature[],
  { script, threshold }: ScriptWallet,
): FinalInput | undefined {
  // BIP-67: the script's keys are in the order of their bytes, and CHECKMULTISIG wants the signatures in that order.
  const chosen = signatures.toSorted((a, b) => Buffer.compare(a.key, b.key)).slice(0, threshold);
  const [first] = chosen;
  if (first === undefined || chosen.length < threshold) return undefined;
  const { key, signature } = first;
  switch (script) {
    case 'pkh':
      return { scriptSig: joined([push(signature), push(key)]), witness: [] };
    case 'wpkh':
      return { scriptSig: nothing, witness: [signature, key] };
    case 'sh-wpkh':
      return { scriptSig: push(at.redeemScript ?? nothing), witness: [signature, key] };
    case 'tr':
      return { scriptSig: nothing, witness: [signature] };
    case 'wsh-sortedmulti':
      // CHECKMULTISIG takes one item more than it uses, which must be empty (BIP-147).
      return {
        scriptSig: nothing,
        witness: [nothing, ...chosen.map((one) => one.signature), at.witnessScript ?? nothing],
      };
  }
}

/** A push of at most 75 bytes: its length is its opcode. */
function push(bytes: Uint8Array): Uint8Array {
  return sized(bytes);
}
