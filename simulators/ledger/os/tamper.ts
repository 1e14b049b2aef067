import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToNumberBE, concatBytes, numberToBytesBE } from '@noble/curves/utils.js';
import type { Faults } from './faults.ts';
import type { Seed, Signature } from './seed.ts';

/** Signs as the faults in force would have it, for hosts to prove that they check what they get (threats S6, F3). */
export function signWith(seed: Seed, path: readonly number[], digest: Uint8Array, faults: Faults): Signature {
  const signature = seed.sign(faults.has('wrong-signature') ? sibling(path) : path, digest);
  return faults.has('high-s') ? highS(signature) : signature;
}

/** The same for BIP-340; what is said of s has no counterpart there. */
export function signSchnorrWith(
  seed: Seed,
  path: readonly number[],
  digest: Uint8Array,
  tweak: Uint8Array | undefined,
  faults: Faults,
): Uint8Array {
  return seed.signSchnorr(faults.has('wrong-signature') ? sibling(path) : path, digest, tweak);
}

/** The next key beside the one that was asked for. */
const sibling = (path: readonly number[]): readonly number[] => path.map((n, i) => (i === path.length - 1 ? n ^ 1 : n));

/** The other valid signature of the same digest (−s mod n, opposite parity): malleable, and refused by Ethereum (EIP-2). */
function highS({ rs, odd }: Signature): Signature {
  const s = secp256k1.Point.Fn.ORDER - bytesToNumberBE(rs.subarray(32));
  return { rs: concatBytes(rs.subarray(0, 32), numberToBytesBE(s, 32)), odd: !odd };
}

/** A signature's answer as the faults in force would have it. */
export function corrupt(signature: Uint8Array, faults: Faults): Uint8Array {
  const form = faults.get('corrupt')?.form;
  if (form === 'short') return signature.subarray(0, Math.min(64, signature.length - 1));
  return form === 'bare' ? signature.subarray(0, 0) : signature;
}
