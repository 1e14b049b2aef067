import {
  type Assembled,
  addressOfKey,
  assembleSigned,
  canonicalAddress,
  canonicalAsset,
  decodeUnsigned,
} from '../chains/ethereum/index.ts';
import {
  type Address,
  type AssetId,
  type ChainId,
  chainOfAddress,
  chainOfAsset,
  type Decoded,
  Malformed,
  type Wallet,
} from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';

/** What custody asks of a chain: one for each CAIP-2 namespace. */
export interface Chain {
  canonicalAddress(address: Address, field: string): Address;
  canonicalAsset(asset: AssetId, field: string): AssetId;
  /** The chain's own spelling of the address that a public key (compressed, hex) has. */
  addressOfKey(publicKey: string): string;
  decodeUnsigned(bytes: Uint8Array): Decoded;
  assembleSigned(unsigned: Uint8Array, signature: Uint8Array, publicKey: string): Assembled;
}

const chains: ReadonlyMap<string, Chain> = new Map([
  ['eip155', { canonicalAddress, canonicalAsset, addressOfKey, decodeUnsigned, assembleSigned }],
]);

/** The chain that speaks for a CAIP-2 id; throws `Malformed` for a namespace that the station does not know. */
export function chainOf(id: ChainId, field: string): Chain {
  const chain = chains.get(id.slice(0, id.indexOf(':')));
  if (chain === undefined)
    throw new Malformed(field, `no chain of namespace ${id.slice(0, id.indexOf(':'))} is supported`);
  return chain;
}

/** D7: the one spelling of a destination that its chain has; throws `Malformed` for another. */
export function canonicalDestination(destination: Address, field: string): Address {
  return chainOf(chainOfAddress(destination), field).canonicalAddress(destination, field);
}

/**
 * D7: in another spelling than its chain's own, a denied address would deny nothing while people believe that it does, a treasury
 * destination would be no way to safety when it is needed, and a limit on an asset would count nothing of it. A denied address on
 * a chain that the policy does not name can't be paid anyway.
 */
export function checkSpellings(policy: Pick<Policy, 'denied' | 'chains' | 'treasury' | 'assets'>): void {
  const { denied, chains: named, treasury, assets } = policy;
  for (const address of denied) {
    const id = chainOfAddress(address);
    if (named.has(id)) chainOf(id, 'policy.denied').canonicalAddress(address, 'policy.denied');
  }
  for (const { address } of treasury) canonicalDestination(address, 'policy.treasury');
  for (const asset of assets.keys())
    chainOf(chainOfAsset(asset), 'policy.assets').canonicalAsset(asset, 'policy.assets');
}

/** A wallet's pinned address must be its pinned key's: one is what people compare, the other what signatures are held to. */
export function checkWallets(wallets: Iterable<Wallet>): void {
  for (const wallet of wallets) {
    const place = `policy.wallets.${wallet.id}`;
    const chain = chainOf(wallet.chain, `${place}.chain`);
    chain.canonicalAddress(wallet.address, `${place}.address`);
    const own = `${wallet.chain}:${chain.addressOfKey(wallet.publicKey)}`;
    if (own !== wallet.address)
      throw new Malformed(`${place}.address`, `is not the address of public_key, which is ${own}`);
  }
}
