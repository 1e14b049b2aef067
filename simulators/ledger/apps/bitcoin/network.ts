/** What differs between the two apps: each has its coin type, and its letters and bytes in addresses and keys. */
export interface Network {
  /** The app's name, as B0 01 reports it. */
  readonly name: 'Bitcoin' | 'Bitcoin Test';
  /** As its home screen calls it. */
  readonly title: string;
  /** SLIP-44, not hardened. */
  readonly coinType: 0 | 1;
  readonly ticker: 'BTC' | 'TEST';
  /** The human-readable part of segwit addresses (BIP-173). */
  readonly hrp: 'bc' | 'tb';
  readonly pubKeyHash: number;
  readonly scriptHash: number;
  /** The version of an extended public key (BIP-32). */
  readonly xpub: number;
}

export const mainnet: Network = {
  name: 'Bitcoin',
  title: 'Bitcoin',
  coinType: 0,
  ticker: 'BTC',
  hrp: 'bc',
  pubKeyHash: 0x00,
  scriptHash: 0x05,
  xpub: 0x0488_b21e,
};

export const testnet: Network = {
  name: 'Bitcoin Test',
  title: 'Bitcoin Testnet',
  coinType: 1,
  ticker: 'TEST',
  hrp: 'tb',
  pubKeyHash: 0x6f,
  scriptHash: 0xc4,
  xpub: 0x0435_87cf,
};
