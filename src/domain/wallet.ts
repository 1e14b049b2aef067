import type { Address, ChainId } from './caip.ts';
import type { DerivedDescriptor, DescriptorKey, RawDescriptor, RawKey } from './descriptor.ts';
import type { WalletId } from './ids.ts';
import { Malformed, shown } from './refusal.ts';

/** A wallet as policy pins it. */
export type Wallet = AccountWallet | ScriptWallet;

interface Named {
  readonly id: WalletId;
  readonly chain: ChainId;
  /** An account's address; of a script wallet the first that it receives at, `/0/0`, which of a token's keys is its only one. */
  readonly address: Address;
}

/** Where on its signer a key is. */
export type KeyPlace =
  /** Derived from a device's seed. `path`: BIP-32, `m/44'/60'/0'/0/0`. */
  | { readonly kind: 'derived'; readonly path: string }
  /** A pair of its own on a PKCS#11 token. `id`: its CKA_ID, 1 to 32 bytes as lowercase hex. */
  | { readonly kind: 'token'; readonly id: string };

/** One key with one address (Ethereum). */
export interface AccountWallet extends Named {
  readonly kind: 'account';
  /** The name of a signer in the station's config. */
  readonly signer: string;
  readonly key: KeyPlace;
  /** Compressed secp256k1 public key, 33 bytes as lowercase hex: the pinned identity of the key. */
  readonly publicKey: string;
  /** The nonce of the first transaction that the station may sign here. */
  readonly firstNonce: number;
}

/** Keys and how many of them sign (Bitcoin). */
export type ScriptWallet = DerivedScriptWallet | TokenScriptWallet;

interface Scripted extends Named {
  readonly kind: 'script';
  /** BIP-380, with its checksum, as policy has it. */
  readonly descriptor: string;
}

/** Extended keys of devices, from which addresses are derived: a descriptor with the two paths of BIP-389. */
export interface DerivedScriptWallet extends Scripted, Omit<DerivedDescriptor, 'keys'> {
  /** In the descriptor's order. */
  readonly keys: readonly WalletKey[];
}

/** Keys of PKCS#11 tokens, from which nothing is derived: it has one script, to which it receives and sends its change. */
export interface TokenScriptWallet extends Scripted, Omit<RawDescriptor, 'keys'> {
  /** In the descriptor's order. */
  readonly keys: readonly TokenKey[];
}

export interface WalletKey extends DescriptorKey {
  /** The name of a signer in the station's config. */
  readonly signer: string;
}

export interface TokenKey extends RawKey {
  /** CKA_ID on its token, 1 to 32 bytes as lowercase hex. */
  readonly id: string;
  /** The name of a signer in the station's config. */
  readonly signer: string;
}

/** What kind of signer holds a wallet's keys: devices that derive them, or PKCS#11 tokens. They never mix in one wallet. */
export function placeKind(wallet: Wallet): KeyPlace['kind'] {
  if (wallet.kind === 'account') return wallet.key.kind;
  return wallet.derives ? 'derived' : 'token';
}

/** The key that a wallet has on a signer's token; undefined where it has none there, or a device derives it. */
export function tokenKeyOf(wallet: Wallet, signer: string): Pick<TokenKey, 'id' | 'publicKey'> | undefined {
  if (wallet.kind === 'account') {
    const { key, publicKey } = wallet;
    return key.kind === 'token' && wallet.signer === signer ? { id: key.id, publicKey } : undefined;
  }
  if (wallet.derives) return undefined;
  const [key, second] = wallet.keys.filter((one) => one.signer === signer);
  // Which of them a permit means, nobody could say: policy names a signer once.
  if (key === undefined || second !== undefined) return undefined;
  return { id: key.id, publicKey: key.publicKey };
}

/** A CKA_ID: an even number of lowercase hex digits, at most 64. Throws `Malformed`, naming `field`. */
export function parseTokenId(text: string, field: string): string {
  if (/^(?:[0-9a-f]{2}){1,32}$/.test(text)) return text;
  throw new Malformed(field, `expected a key's CKA_ID, 1 to 32 bytes as lowercase hex, got ${shown(text)}`);
}

/** A place as people read it: a path, or the id of a token's key. */
export function sayPlace(place: KeyPlace): string {
  return place.kind === 'derived' ? place.path : `key ${place.id}`;
}

/** The signers that hold a wallet's keys, in the order of the keys. */
export function signersOf(wallet: Wallet): readonly string[] {
  return wallet.kind === 'account' ? [wallet.signer] : wallet.keys.map(({ signer }) => signer);
}

/** How many of them sign a transaction. */
export function threshold(wallet: Wallet): number {
  return wallet.kind === 'account' ? 1 : wallet.threshold;
}

/**
 * What no two wallets may share: they would give one anchor two owners (E7, I4). Descriptors of other words can give the same scripts
 * (keys in another order, another fingerprint): the first address, which each wallet pins, tells. One raw key in two scripts (pkh and
 * wpkh) has two addresses and no coin in common, and what it signs for one is no signature for the other (BIP-143): two wallets.
 */
export function walletIdentity(wallet: Wallet): string {
  return `${wallet.chain} ${wallet.kind === 'account' ? wallet.publicKey : wallet.address}`;
}
