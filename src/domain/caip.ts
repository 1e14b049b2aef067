import type { Branded } from './ids.ts';
import { Malformed, shown } from './refusal.ts';

/** CAIP-2, e.g. `eip155:1`. */
export type ChainId = Branded<string, 'ChainId'>;
/** CAIP-10, e.g. `eip155:1:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B`, in the chain's one canonical form. */
export type Address = Branded<string, 'Address'>;
/** CAIP-19, e.g. `eip155:1/slip44:60` or `eip155:1/erc20:0x…`, in the chain's one canonical form. */
export type AssetId = Branded<string, 'AssetId'>;

// The grammars of CAIP-2, CAIP-10 and CAIP-19. Whether the reference inside is canonical for its chain is for
// chains/ to say: it needs that chain's hash function.
const chain = /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/;
const address = /^([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}):([-.%a-zA-Z0-9]{1,128})$/;
const asset = /^([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32})\/([-a-z0-9]{3,8}):([-.%a-zA-Z0-9]{1,128})$/;

export function parseChainId(value: string, field: string): ChainId {
  if (typeof value !== 'string' || !chain.test(value)) {
    throw new Malformed(field, `expected a CAIP-2 chain such as eip155:1, got ${shown(value)}`);
  }
  return value as ChainId;
}

/** Checks the grammar only; see `chains/` for the canonical form. */
export function parseAddress(value: string, field: string): Address {
  if (typeof value !== 'string' || !address.test(value)) {
    throw new Malformed(field, `expected a CAIP-10 address such as eip155:1:0x…, got ${shown(value)}`);
  }
  return value as Address;
}

/** Checks the grammar only; see `chains/` for the canonical form. */
export function parseAssetId(value: string, field: string): AssetId {
  if (typeof value !== 'string' || !asset.test(value)) {
    throw new Malformed(field, `expected a CAIP-19 asset such as eip155:1/slip44:60, got ${shown(value)}`);
  }
  return value as AssetId;
}

/** The chain of an address. */
export function chainOfAddress(value: Address): ChainId {
  return value.slice(0, value.lastIndexOf(':')) as ChainId;
}

/** The chain's own spelling of an address: what follows the chain in CAIP-10. */
export function referenceOfAddress(value: Address): string {
  return value.slice(value.lastIndexOf(':') + 1);
}

/** The chain of an asset. */
export function chainOfAsset(value: AssetId): ChainId {
  return value.slice(0, value.indexOf('/')) as ChainId;
}

/** CAIP-19 parts: `{ namespace: 'erc20', reference: '0x…' }`. */
export function assetParts(value: AssetId): { chain: ChainId; namespace: string; reference: string } {
  const slash = value.indexOf('/');
  const [namespace = '', reference = ''] = value.slice(slash + 1).split(':');
  return { chain: value.slice(0, slash) as ChainId, namespace, reference };
}
