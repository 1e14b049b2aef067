import { concatBytes } from '@noble/curves/utils.js';
import { encodeBase58 } from '../base58.ts';
import type { Network } from '../network.ts';
import { opReturnText } from './op-return.ts';
import { segwitAddress } from './segwit-address.ts';

/** How a person is shown where an output goes. Undefined for scripts that the app doesn't know. */
export const outputText = (script: Uint8Array, network: Network): string | undefined =>
  scriptAddress(script, network) ?? opReturnText(script);

/** The address of a script, undefined where it has none. */
export function scriptAddress(script: Uint8Array, network: Network): string | undefined {
  const hex = Buffer.from(script).toString('hex');
  const [, keyHash] = /^76a914([0-9a-f]{40})88ac$/.exec(hex) ?? [];
  if (keyHash !== undefined) return hashAddress(network.pubKeyHash, keyHash);
  const [, scriptHash] = /^a914([0-9a-f]{40})87$/.exec(hex) ?? [];
  if (scriptHash !== undefined) return hashAddress(network.scriptHash, scriptHash);
  return witnessAddress(script, network.hrp);
}

const hashAddress = (version: number, hash: string): string =>
  encodeBase58(concatBytes(Uint8Array.of(version), Buffer.from(hash, 'hex')));

/** Also of a version that has no meaning yet (BIP-141). */
function witnessAddress(script: Uint8Array, hrp: string): string | undefined {
  const [operation = 0, length] = script;
  const version = operation === 0 ? 0 : operation - 0x50;
  const program = script.subarray(2);
  if (version < 0 || version > 16 || length !== program.length || length < 2 || length > 40) return undefined;
  if (version === 0 && length !== 20 && length !== 32) return undefined;
  return segwitAddress(hrp, version, program);
}
