import secp256k1 from 'secp256k1/bindings.js';
import type { DescriptorKey } from '../../domain/index.ts';
import { parseExtendedKey } from './extended-key.ts';
import { hmacSha512, taggedHash } from './hashes.ts';

/** 0: addresses to receive at; 1: change (BIP-44). */
export type Branch = 0 | 1;

/** BIP-32: a public key and its chain code. */
export interface Node {
  readonly publicKey: Uint8Array;
  readonly chainCode: Uint8Array;
}

/** Of a wallet's keys only their two branches are asked for, thousands of times. */
const branches = new Map<string, readonly [Node, Node]>();
const mostBranches = 256;
/** A transaction asks for each of its keys three times: when it is decided, and twice when it is signed. */
const keys = new Map<string, Uint8Array>();
const mostKeys = 4096;

/**
 * The compressed public key, 33 bytes, at `/branch/index` of an extended key (BIP-32, CKDpub). `index` is below 2^31. Throws
 * Malformed where the xpub is none, RangeError on an index that isn't one.
 */
export function publicKeyAt({ xpub }: DescriptorKey, branch: Branch, index: number): Uint8Array {
  const name = `${xpub}/${branch}/${index}`;
  const known = keys.get(name) ?? child(branchesOf(xpub)[branch], index).publicKey;
  remember(keys, name, known, mostKeys);
  return known.slice();
}

/** A map of the newest, whatever is asked for. */
function remember<T>(map: Map<string, T>, name: string, value: T, most: number): void {
  if (map.has(name)) return;
  const [oldest] = map.keys();
  if (map.size >= most && oldest !== undefined) map.delete(oldest);
  map.set(name, value);
}

function branchesOf(xpub: string): readonly [Node, Node] {
  const known = branches.get(xpub);
  if (known !== undefined) return known;
  const parent = parseExtendedKey(xpub, 'xpub');
  const made = [child(parent, 0), child(parent, 1)] as const;
  remember(branches, xpub, made, mostBranches);
  return made;
}

/** BIP-32, CKDpub. `index` is below 2^31, else RangeError. */
export function child({ publicKey, chainCode }: Node, index: number): Node {
  if (!Number.isInteger(index) || index < 0 || index >= hardened)
    throw new RangeError(`${index} is no step that a public key can take (BIP-32)`);
  const data = new Uint8Array(37);
  data.set(publicKey);
  new DataView(data.buffer).setUint32(33, index);
  const i = hmacSha512(chainCode, data);
  // Throws where BIP-32 says that the index has no key, which has a chance of 2^-127.
  return { publicKey: secp256k1.publicKeyTweakAdd(publicKey, i.subarray(0, 32)), chainCode: i.subarray(32) };
}

/** The first hardened step (BIP-32). */
export const hardened = 2 ** 31;

/** A path's steps as BIP-32's numbers: `m/84'/0` → `[2147483732, 0]`. The path is a descriptor's: well-formed. */
export function stepsOf(path: string): readonly number[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => Number.parseInt(step, 10) + (step.endsWith("'") ? hardened : 0));
}

const tapTweak = taggedHash('TapTweak');

/** The key that a taproot output pays to, with no script path (BIP-341, BIP-86): 32 bytes, of an internal key of 32. */
export function taprootOutputKey(internalKey: Uint8Array): Uint8Array {
  return secp256k1.publicKeyTweakAdd(Uint8Array.of(2, ...internalKey), tapTweak(internalKey)).slice(1);
}
