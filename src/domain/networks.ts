import type { ChainId } from './caip.ts';

/**
 * Networks whose coins are worth nothing: Foundry's and Hardhat's local chain, Sepolia, Holesky, Hoodi. The list is closed:
 * a chain that it doesn't name counts as a main network.
 */
const testNetworks: ReadonlySet<string> = new Set(['eip155:31337', 'eip155:11155111', 'eip155:17000', 'eip155:560048']);

/** Whether a chain is known to be a test network. Unknown ones are not. */
export function isTestNetwork(chain: ChainId): boolean {
  return testNetworks.has(chain);
}
