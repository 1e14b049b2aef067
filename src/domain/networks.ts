import type { ChainId } from './caip.ts';

/**
 * Networks whose coins are worth nothing: Foundry's and Hardhat's local chain, Sepolia, Holesky, Hoodi; Bitcoin's testnet4
 * (BIP-94), signet (BIP-325) and regtest. The list is closed: a chain that it doesn't name counts as a main network.
 */
const testNetworks: ReadonlySet<string> = new Set([
  'eip155:31337',
  'eip155:11155111',
  'eip155:17000',
  'eip155:560048',
  'bip122:00000000da84f2bafbbc53dee25a72ae',
  'bip122:00000008819873e925422c1ff0f99f7c',
  'bip122:0f9188f13cb7b2c71f2a335e3a4fc328',
]);

/** Whether a chain is known to be a test network. Unknown ones are not. */
export function isTestNetwork(chain: ChainId): boolean {
  return testNetworks.has(chain);
}

/** Rollups that charge for data, or in another unit, beside what a transaction states: its bytes do not bound its cost. */
const dataFeeChains: ReadonlySet<string> = new Set([
  'eip155:10', // OP Mainnet
  'eip155:130', // Unichain
  'eip155:252', // Fraxtal
  'eip155:324', // ZKsync Era
  'eip155:480', // World Chain
  'eip155:5000', // Mantle
  'eip155:8453', // Base
  'eip155:34443', // Mode
  'eip155:42161', // Arbitrum One
  'eip155:42170', // Arbitrum Nova
  'eip155:42220', // Celo
  'eip155:57073', // Ink
  'eip155:59144', // Linea
  'eip155:81457', // Blast
  'eip155:534352', // Scroll
  'eip155:7777777', // Zora
  'eip155:11155420', // OP Sepolia
  'eip155:84532', // Base Sepolia
  'eip155:421614', // Arbitrum Sepolia
]);

/** True where a transaction's own fee fields do not bound what it costs (threat E9). */
export function hasDataFee(chain: ChainId): boolean {
  return dataFeeChains.has(chain);
}
