import type { Address, ChainId } from './caip.ts';
import type { Descriptor, DescriptorKey } from './descriptor.ts';
import type { WalletId } from './ids.ts';

/** A wallet as policy pins it. */
export type Wallet = AccountWallet | ScriptWallet;

interface Named {
  readonly id: WalletId;
  readonly chain: ChainId;
  /** An account's address; of a script wallet the first that it receives at, `/0/0`. */
  readonly address: Address;
}

/** One key with one address (Ethereum). */
export interface AccountWallet extends Named {
  readonly kind: 'account';
  /** The name of a signer in the station's config. */
  readonly signer: string;
  /** BIP-32 path of the key, `m/44'/60'/0'/0/0`. */
  readonly path: string;
  /** Compressed secp256k1 public key, 33 bytes as lowercase hex: the pinned identity of the key. */
  readonly publicKey: string;
  /** The nonce of the first transaction that the station may sign here. */
  readonly firstNonce: number;
}

/** Keys from which addresses are derived, and how many of them sign (Bitcoin). */
export interface ScriptWallet extends Named, Omit<Descriptor, 'keys'> {
  readonly kind: 'script';
  /** BIP-380 with the two paths of BIP-389 and its checksum. */
  readonly descriptor: string;
  /** In the descriptor's order. */
  readonly keys: readonly WalletKey[];
}

export interface WalletKey extends DescriptorKey {
  /** The name of a signer in the station's config. */
  readonly signer: string;
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
 * (keys in another order, another fingerprint): the first address, which each wallet pins, tells.
 */
export function walletIdentity(wallet: Wallet): string {
  return `${wallet.chain} ${wallet.kind === 'account' ? wallet.publicKey : wallet.address}`;
}
