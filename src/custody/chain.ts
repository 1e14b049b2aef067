import {
  type Assembled,
  assembleSigned,
  canonicalAddress,
  canonicalAsset,
  decodeUnsigned,
} from '../chains/ethereum/index.ts';
import { type Address, type AssetId, type ChainId, type Decoded, Malformed } from '../domain/index.ts';

/** What custody asks of a chain: one for each CAIP-2 namespace. */
export interface Chain {
  canonicalAddress(address: Address, field: string): Address;
  canonicalAsset(asset: AssetId, field: string): AssetId;
  decodeUnsigned(bytes: Uint8Array): Decoded;
  assembleSigned(unsigned: Uint8Array, signature: Uint8Array, publicKey: string): Assembled;
}

const chains: ReadonlyMap<string, Chain> = new Map([
  ['eip155', { canonicalAddress, canonicalAsset, decodeUnsigned, assembleSigned }],
]);

/** The chain that speaks for a CAIP-2 id; throws `Malformed` for a namespace that the station does not know. */
export function chainOf(id: ChainId, field: string): Chain {
  const chain = chains.get(id.slice(0, id.indexOf(':')));
  if (chain === undefined)
    throw new Malformed(field, `no chain of namespace ${id.slice(0, id.indexOf(':'))} is supported`);
  return chain;
}
