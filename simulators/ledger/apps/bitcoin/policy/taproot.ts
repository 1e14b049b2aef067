import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToNumberBE, concatBytes } from '@noble/curves/utils.js';
import { HostError } from '../host.ts';
import { varint } from '../reader.ts';

const { taggedHash, lift_x } = schnorr.utils;

/** BIP-341's only leaf version so far. */
const leafVersion = 0xc0;

export const leafHashOf = (script: Uint8Array): Uint8Array =>
  taggedHash('TapLeaf', Uint8Array.of(leafVersion), varint(script.length), script);

/** Two subtrees in the order of their bytes. */
export const branchHash = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  taggedHash('TapBranch', ...(Buffer.compare(a, b) < 0 ? [a, b] : [b, a]));

/** What the internal key's secret is tweaked by, 32 bytes (BIP-341). */
export const tapTweak = (internal: Uint8Array, tree: Uint8Array = new Uint8Array(0)): Uint8Array =>
  taggedHash('TapTweak', concatBytes(internal, tree));

/** The key in a taproot output, 32 bytes. */
export function outputKey(internal: Uint8Array, tree?: Uint8Array): Uint8Array {
  const tweak = bytesToNumberBE(tapTweak(internal, tree));
  if (tweak >= secp256k1.Point.Fn.ORDER) throw new HostError('a tweak above the group order');
  const point = lift_x(bytesToNumberBE(internal)).add(secp256k1.Point.BASE.multiply(tweak));
  return point.toBytes(true).slice(1);
}
