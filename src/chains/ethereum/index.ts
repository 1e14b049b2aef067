// The room's public face towards custody.
export { canonicalAddress, canonicalAsset, nativeAsset } from './address.ts';
export { decodeUnsigned } from './decode.ts';
export { addressOfKey } from './key.ts';
export { released } from './released.ts';
export { assembleSigned, digestOf } from './signed.ts';
export { transactionHash } from './transaction-hash.ts';
