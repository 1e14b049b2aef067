import type { Address, ChainId } from './caip.ts';
import type { WalletId } from './ids.ts';

/** A wallet as policy pins it. */
export interface Wallet {
  readonly id: WalletId;
  readonly chain: ChainId;
  /** The name of a signer in the station's config. */
  readonly signer: string;
  /** BIP-32 path of the key, `m/44'/60'/0'/0/0`. */
  readonly path: string;
  readonly address: Address;
  /** Compressed secp256k1 public key, 33 bytes as lowercase hex: the pinned identity of the key. */
  readonly publicKey: string;
  /** The nonce of the first transaction that the station may sign here. */
  readonly firstNonce: number;
}
