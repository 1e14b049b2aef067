import type { DerivedDescriptor, Descriptor, RawDescriptor } from '../../domain/index.ts';
import { type Branch, publicKeyAt, taprootOutputKey } from './derive.ts';
import { hash160, sha256 } from './hashes.ts';
import { scriptOfOutput } from './output-script.ts';

/** A wallet's script at one place of its descriptor, and what a signer must know of it. */
export interface WalletScript {
  /** The output's script (scriptPubKey). */
  readonly script: Uint8Array;
  /** BIP-16's, of `sh-wpkh`. */
  readonly redeemScript: Uint8Array | undefined;
  /** BIP-141's, of `wsh-sortedmulti`. */
  readonly witnessScript: Uint8Array | undefined;
  /** In the order of the wallet's keys, which need not be that of the witness script. */
  readonly keys: readonly ScriptKey[];
  /** BIP-341's, of `tr`: 32 bytes, before the tweak. */
  readonly internalKey: Uint8Array | undefined;
}

export interface ScriptKey {
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Undefined of a raw key, which comes from no other. */
  readonly origin: KeyOrigin | undefined;
}

export interface KeyOrigin {
  /** The master key's, 8 lowercase hex digits. */
  readonly fingerprint: string;
  /** From the master key, `m/84'/0'/0'/1/5`. */
  readonly path: string;
}

/** The script at `/branch/index`; raw keys have the one at `/0/0` alone, else RangeError. Throws as `publicKeyAt` does. */
export function scriptAt(wallet: Descriptor, branch: Branch, index: number): WalletScript {
  const keys = wallet.derives ? derivedKeys(wallet, branch, index) : rawKeys(wallet, branch, index);
  const none = { redeemScript: undefined, witnessScript: undefined, internalKey: undefined, keys };
  if (wallet.script === 'wsh-sortedmulti') {
    const witnessScript = sortedMultisig(
      wallet.threshold,
      keys.map(({ publicKey }) => publicKey),
    );
    return { ...none, witnessScript, script: scriptOfOutput({ kind: 'wsh', program: sha256(witnessScript) }) };
  }
  const [key] = keys;
  if (key === undefined || keys.length > 1) throw new RangeError(`${wallet.script} has one key, not ${keys.length}`);
  switch (wallet.script) {
    case 'pkh':
      return { ...none, script: scriptOfOutput({ kind: 'pkh', program: hash160(key.publicKey) }) };
    case 'wpkh':
      return { ...none, script: scriptOfOutput({ kind: 'wpkh', program: hash160(key.publicKey) }) };
    case 'sh-wpkh': {
      const redeemScript = scriptOfOutput({ kind: 'wpkh', program: hash160(key.publicKey) });
      return { ...none, redeemScript, script: scriptOfOutput({ kind: 'sh', program: hash160(redeemScript) }) };
    }
    case 'tr': {
      const internalKey = key.publicKey.slice(1);
      return { ...none, internalKey, script: scriptOfOutput({ kind: 'tr', program: taprootOutputKey(internalKey) }) };
    }
  }
}

function derivedKeys({ keys }: DerivedDescriptor, branch: Branch, index: number): ScriptKey[] {
  return keys.map((key) => ({
    publicKey: publicKeyAt(key, branch, index),
    origin: { fingerprint: key.fingerprint, path: `${key.path}/${branch}/${index}` },
  }));
}

function rawKeys({ keys }: RawDescriptor, branch: Branch, index: number): ScriptKey[] {
  if (branch !== 0 || index !== 0)
    throw new RangeError(`raw keys have one script, /0/0, and none at /${branch}/${index}`);
  return keys.map(({ publicKey }) => ({
    publicKey: Uint8Array.from(Buffer.from(publicKey, 'hex')),
    origin: undefined,
  }));
}

const OP_0 = 0x50;
const CHECKMULTISIG = 0xae;

/** `m KEY… n CHECKMULTISIG`, the keys in the order of their bytes (BIP-67, BIP-383). At most 16 keys. */
export function sortedMultisig(threshold: number, publicKeys: readonly Uint8Array[]): Uint8Array {
  const count = publicKeys.length;
  if (threshold < 1 || threshold > count || count > 16) throw new RangeError(`no script for ${threshold} of ${count}`);
  const sorted = publicKeys.toSorted(Buffer.compare);
  return Uint8Array.from([OP_0 + threshold, ...sorted.flatMap((key) => [33, ...key]), OP_0 + count, CHECKMULTISIG]);
}
