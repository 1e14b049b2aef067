// The room's public face towards custody.
export { addressOfScript, canonicalAddress, canonicalAsset, nativeAsset, scriptOfAddress } from './address.ts';
export { checkWallet } from './check-wallet.ts';
export { decodeUnsigned } from './decode.ts';
export { fingerprintOf } from './hashes.ts';
export { assembleSigned, checkPart, digests, effectsOfPermitted, released } from './signed.ts';
export { txidOf } from './txid.ts';
export { type ScriptKey, scriptAt, type WalletScript } from './wallet-script.ts';
