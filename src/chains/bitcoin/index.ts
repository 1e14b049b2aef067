// The room's public face towards custody.
import type { Assembled, Decoded, ScriptWallet, SignaturePart, UnsignedTransaction } from '../../domain/index.ts';

export { addressOfScript, canonicalAddress, canonicalAsset, nativeAsset, scriptOfAddress } from './address.ts';
export { checkWallet } from './check-wallet.ts';
export { type ScriptKey, scriptAt, type WalletScript } from './wallet-script.ts';

// Stands here until the real ones do.
export function decodeUnsigned(_bytes: Uint8Array, _wallet: ScriptWallet): Decoded {
  return { ok: false, reason: 'transaction-undecodable', message: 'Bitcoin is not supported yet' };
}

export function checkPart(
  _transaction: UnsignedTransaction,
  _wallet: ScriptWallet,
  _part: SignaturePart,
): { readonly ok: true } | { readonly ok: false; readonly message: string } {
  return { ok: false, message: 'Bitcoin is not supported yet' };
}

export function assembleSigned(
  _transaction: UnsignedTransaction,
  _parts: readonly SignaturePart[],
  _wallet: ScriptWallet,
): Assembled {
  return { ok: false, reason: 'signature-wrong', message: 'Bitcoin is not supported yet' };
}
