import { createHmac } from 'node:crypto';
import { equalBytes } from '@noble/curves/utils.js';
import type { Os } from '../../../os/app.ts';

/** The device's own seal on a policy that a person has approved: by a key of its seed (SLIP-21), so it keeps no list. */
export function sealOf(os: Os, id: Uint8Array): Uint8Array {
  const key = os.symmetricKey('LEDGER-Wallet policy');
  return new Uint8Array(createHmac('sha256', key).update(id).digest());
}

export const isSealed = (os: Os, id: Uint8Array, seal: Uint8Array): boolean => equalBytes(sealOf(os, id), seal);

/** A policy that nobody registered comes with no seal: zeros. */
export const isNoSeal = (seal: Uint8Array): boolean => seal.every((byte) => byte === 0);
