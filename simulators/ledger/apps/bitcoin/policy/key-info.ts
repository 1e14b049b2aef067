import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex, equalBytes, hexToBytes } from '@noble/curves/utils.js';
import { HDKey } from '@scure/bip32';
import type { Os } from '../../../os/app.ts';
import { hardened } from '../../../os/seed.ts';
import { decodeBase58 } from '../base58.ts';
import { extendedKey } from '../extended-key.ts';
import { HostError } from '../host.ts';
import type { Network } from '../network.ts';
import type { PolicyVersion } from './template.ts';

/** One key of a policy: `[fingerprint/path]xpub` (BIP-388). */
export interface KeyInfo {
  readonly origin?: { readonly fingerprint: Uint8Array; readonly path: readonly number[] };
  /** The 78 bytes of BIP-32's serialization. */
  readonly xpub: Uint8Array;
}

const shape =
  /^(?:\[(?<fingerprint>[0-9a-f]{8})(?<path>(?:\/(?:0|[1-9][0-9]{0,9})'?)*)\])?(?<xpub>[0-9A-Za-z]{111,112})(?<wildcard>\/\*\*)?$/;

/** The most bytes of a key's text: 46 for its origin, 113 for the key, 3 for the first version's wildcard. */
export const maxKeyInfo = 162;

const maxPath = 10;

/** Throws a HostError where it isn't one. */
export function parseKeyInfo(bytes: Uint8Array, version: PolicyVersion): KeyInfo {
  const found = shape.exec(new TextDecoder().decode(bytes))?.groups;
  if (found === undefined) throw new HostError('a key that is none');
  const { fingerprint, path = '', xpub: text = '', wildcard } = found;
  if ((wildcard === undefined) !== (version === 2)) throw new HostError('a wildcard out of place, or none');
  const xpub = decodeBase58(text);
  if (xpub === undefined || xpub.length !== 78) throw new HostError('an extended key that is none');
  if (fingerprint === undefined) return { xpub };
  return { xpub, origin: { fingerprint: hexToBytes(fingerprint), path: parsePath(path) } };
}

function parsePath(text: string): readonly number[] {
  const path = text
    .split('/')
    .slice(1)
    .map((step) => {
      const index = Number.parseInt(step, 10);
      if (index >= hardened) throw new HostError(`a derivation step ${step}`);
      return step.endsWith("'") ? index + hardened : index;
    });
  if (path.length > maxPath) throw new HostError(`a path of ${path.length} steps`);
  return path;
}

/** An extended key of the app's own network, whose point is on the curve; a HostError else. */
export function requireNetwork({ xpub }: KeyInfo, network: Network): void {
  if (new DataView(xpub.buffer, xpub.byteOffset).getUint32(0) !== network.xpub) {
    throw new HostError('an extended key of another network');
  }
  try {
    secp256k1.Point.fromBytes(xpub.subarray(45));
  } catch {
    throw new HostError('an extended key that is no point of the curve');
  }
}

/** BIP-341's point that nobody knows the secret of. */
const unspendable = hexToBytes('0250929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0');

export const isUnspendable = ({ xpub }: KeyInfo): boolean => equalBytes(xpub.subarray(45), unspendable);

/** Whether the key says that it is this device's. */
const claimsOurs = (os: Os, { origin }: KeyInfo): boolean =>
  origin !== undefined && equalBytes(origin.fingerprint, os.masterFingerprint());

/** Whether this device has the key. A path that the system refuses is a StatusError. */
export const isOurs = (os: Os, network: Network, info: KeyInfo): boolean =>
  claimsOurs(os, info) && equalBytes(extendedKey(os, info.origin?.path ?? [], network), info.xpub);

/** The chain that was asked for last is asked for again: branches below keys, by the key's bytes and the step. */
const branches = new Map<string, HDKey>();

/** The public key two steps below, 33 bytes (BIP-32, public derivation). Throws a HostError where it isn't a key. */
export function derivePublicKey(xpub: Uint8Array, branch: number, index: number): Uint8Array {
  const name = `${bytesToHex(xpub)}/${branch}`;
  try {
    let node = branches.get(name);
    if (node === undefined) {
      node = new HDKey({ publicKey: xpub.slice(45), chainCode: xpub.slice(13, 45) }).deriveChild(branch);
      if (branches.size >= 1024) branches.clear();
      branches.set(name, node);
    }
    const { publicKey } = node.deriveChild(index);
    if (publicKey !== null) return publicKey;
  } catch (error) {
    throw new HostError(`no key can be derived: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new HostError('no key can be derived');
}
