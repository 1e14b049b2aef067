import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  type Address,
  type AssetId,
  assetParts,
  type ChainId,
  chainOfAddress,
  Malformed,
  parseAddress,
  parseAssetId,
  parseChainId,
  referenceOfAddress,
  shown,
  toHex,
} from '../../domain/index.ts';

// D7: an address has one spelling here, EIP-55's mixed case, so that comparing strings compares addresses.

const ascii = new TextEncoder();

/** SLIP-44's coin type of Ether. It stands for the native asset of every `eip155` chain. */
const nativeReference = '60';

/** Spellings that were asked for lately, by the lower-case hex: one payment asks for its addresses half a dozen times. */
const spellings = new Map<string, string>();
const spellingsMost = 4_096;

/** EIP-55 of 20 bytes: a letter is upper case where the hash of the lower-case hex has a nibble of 8 or more. */
export function checksummed(address: Uint8Array): string {
  if (address.length !== 20) throw new RangeError(`an address has 20 bytes, not ${address.length}`);
  const lower = toHex(address);
  const known = spellings.get(lower);
  if (known !== undefined) return known;
  const mixed = spelt(lower);
  if (spellings.size >= spellingsMost) spellings.clear();
  spellings.set(lower, mixed);
  return mixed;
}

function spelt(lower: string): string {
  const hash = toHex(keccak_256(ascii.encode(lower)));
  let mixed = '0x';
  for (let i = 0; i < lower.length; i++)
    mixed += hash.charAt(i) >= '8' ? lower.charAt(i).toUpperCase() : lower.charAt(i);
  return mixed;
}

/** The CAIP-10 address of 20 bytes on a chain. */
export function addressOn(chain: ChainId, address: Uint8Array): Address {
  return parseAddress(`${chain}:${checksummed(address)}`, 'address');
}

/** The CAIP-2 chain of a chain id. */
export function chainOf(chainId: number): ChainId {
  return parseChainId(`eip155:${chainId}`, 'chain');
}

/** The asset that a chain's fees are paid in. */
export function nativeAsset(chain: ChainId): AssetId {
  return parseAssetId(`${chain}/slip44:${nativeReference}`, 'asset');
}

/** The asset of an ERC-20 contract, 20 bytes. */
export function tokenAsset(chain: ChainId, contract: Uint8Array): AssetId {
  return parseAssetId(`${chain}/erc20:${checksummed(contract)}`, 'asset');
}

export function isZero(address: Uint8Array): boolean {
  return address.every((byte) => byte === 0);
}

/**
 * The address, if it is in the one form that the station knows: `eip155:`, a decimal chain id without leading zeros, EIP-55.
 * Else throws Malformed `address-not-canonical`, with the right form where there is one; the zero address, which nobody
 * holds, is `malformed`.
 */
export function canonicalAddress(address: Address, field: string): Address {
  const bytes = hexAddress(referenceOfAddress(address), field);
  const canonical = parseAddress(`${canonicalChain(chainOfAddress(address), field)}:${checksummed(bytes)}`, field);
  expectSame(address, canonical, field);
  return canonical;
}

/**
 * The asset, if it is in its one form: `slip44:60` for the native one of any chain, `erc20:` with an EIP-55 address.
 * Throws as `canonicalAddress` does.
 */
export function canonicalAsset(asset: AssetId, field: string): AssetId {
  const { chain, namespace, reference } = assetParts(asset);
  const onChain = canonicalChain(chain, field);
  if (namespace === 'slip44' && reference === nativeReference) {
    const canonical = nativeAsset(onChain);
    expectSame(asset, canonical, field);
    return canonical;
  }
  if (namespace !== 'erc20') {
    throw notCanonical(field, `expected ${onChain}/slip44:60 or ${onChain}/erc20:0x…, got ${shown(asset)}`);
  }
  const canonical = tokenAsset(onChain, hexAddress(reference, field));
  expectSame(asset, canonical, field);
  return canonical;
}

function canonicalChain(chain: ChainId, field: string): ChainId {
  const [, digits] = /^eip155:0*([1-9][0-9]*)$/.exec(chain) ?? [];
  if (digits === undefined) throw notCanonical(field, `expected a chain eip155:<decimal id>, got ${shown(chain)}`);
  if (!Number.isSafeInteger(Number(digits))) throw notCanonical(field, `chain id ${digits} is above 2^53 - 1`);
  return parseChainId(`eip155:${digits}`, field);
}

function hexAddress(reference: string, field: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{40}$/.test(reference)) {
    throw notCanonical(field, `expected 0x and 40 hex digits, got ${shown(reference)}`);
  }
  const bytes = Uint8Array.from(Buffer.from(reference.slice(2), 'hex'));
  if (isZero(bytes)) throw new Malformed(field, 'is the zero address, which nobody holds');
  return bytes;
}

function expectSame(given: string, canonical: string, field: string): void {
  if (given === canonical) return;
  const digits = given.slice(-40);
  // Mixed case claims a checksum; one that fails may be a typing error, which EIP-55 is there to catch.
  const failed = digits !== canonical.slice(-40) && /[a-f]/.test(digits) && /[A-F]/.test(digits);
  const advice = failed ? 'compare it with its source digit by digit; if it is right, write' : 'write';
  throw notCanonical(field, `${shown(given)} is not in canonical form (EIP-55): ${advice} ${canonical}`);
}

function notCanonical(field: string, message: string): Malformed {
  return new Malformed(field, message, 'address-not-canonical');
}
