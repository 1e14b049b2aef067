import { expect, it } from 'vitest';
import { networkOf, networks } from '../../../src/chains/bitcoin/network.ts';
import { isTestNetwork, parseChainId } from '../../../src/domain/index.ts';

// Bitcoin Core, chainparams.cpp: the hashes of the genesis blocks.
const genesis: Readonly<Record<string, string>> = {
  mainnet: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  testnet4: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
  signet: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
  regtest: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
};

it('a network’s chain is the beginning of its genesis block’s hash (CAIP-2 for BIP-122)', () => {
  expect(networks.map(({ name }) => name)).toEqual(Object.keys(genesis));
  for (const { name, chain } of networks) expect(chain).toBe(`bip122:${genesis[name]?.slice(0, 32)}`);
});

it('B8: a network has the coin of test networks exactly if it is one', () => {
  for (const { chain, coinType, extendedKey } of networks) {
    expect(isTestNetwork(chain)).toBe(coinType === 1);
    expect(extendedKey).toBe(coinType === 1 ? 0x043587cf : 0x0488b21e);
  }
});

it('finds a network by its chain, and says which there are', () => {
  for (const network of networks) expect(networkOf(network.chain, 'chain')).toBe(network);
  const testnet3 = parseChainId('bip122:000000000933ea01ad0ee984209779ba', 'chain');
  for (const name of Object.keys(genesis)) expect(() => networkOf(testnet3, 'chain')).toThrow(`(${name})`);
});
