import type { ScriptWallet } from '../../domain/index.ts';
import { undecodable } from './wire.ts';

/** Nodes relay nothing heavier (Bitcoin Core, `MAX_STANDARD_TX_WEIGHT`). */
const heaviest = 400_000;

/** DER with the longest r, a low s, and the byte of the sighash type. */
const ecdsa = 72;
/** Schnorr with the byte of the sighash type, which DEFAULT leaves out. */
const schnorr = 65;
const publicKey = 33;

/**
 * The virtual size (BIP-141) that the signed transaction has at most: by its unsigned length and what signing adds to each input of
 * such a wallet. Throws Refusal where it is more than nodes relay.
 */
export function virtualSize(unsigned: Uint8Array, inputs: number, wallet: ScriptWallet): number {
  const { scriptSig, witness } = added(wallet);
  const marker = witness > 0 ? 2 : 0;
  const weight = 4 * (unsigned.length + inputs * scriptSig) + marker + inputs * witness;
  if (weight > heaviest)
    throw undecodable(`signed, it could weigh ${weight} units, and nodes relay no more than ${heaviest}`);
  return Math.ceil(weight / 4);
}

/** Bytes that signing adds to an input. The length of the scriptSig is in the unsigned transaction already, as one byte. */
function added({ script, threshold, keys }: ScriptWallet): { readonly scriptSig: number; readonly witness: number } {
  const pair = 1 + ecdsa + 1 + publicKey;
  switch (script) {
    case 'pkh':
      return { scriptSig: pair, witness: 0 };
    case 'wpkh':
      return { scriptSig: 0, witness: 1 + pair };
    case 'sh-wpkh':
      return { scriptSig: 1 + 22, witness: 1 + pair };
    case 'tr':
      return { scriptSig: 0, witness: 1 + 1 + schnorr };
    case 'wsh-sortedmulti': {
      const witnessScript = 3 + keys.length * (1 + publicKey);
      const length = witnessScript < 0xfd ? 1 : 3;
      return { scriptSig: 0, witness: 1 + 1 + threshold * (1 + ecdsa) + length + witnessScript };
    }
  }
}
