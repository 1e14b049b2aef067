import { describe, expect, it } from 'vitest';
import { checkWallets } from '../../src/custody/chain.ts';
import type { Address, ChainId, WalletId } from '../../src/domain/index.ts';
import { publicKeyOf, testKey } from './fake-signer.ts';
import { alicesAddress, chain } from './station.ts';

const wallet = {
  kind: 'account' as const,
  id: 'hot-1' as WalletId,
  chain: chain as ChainId,
  signer: 'ledger',
  key: { kind: 'derived' as const, path: "m/44'/60'/0'/0/0" },
  address: `${chain}:0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A` as Address,
  publicKey: publicKeyOf(testKey),
  firstNonce: 0,
};

describe('S6: a wallet as policy pins it', () => {
  it('S6: has the address of its key', () => {
    expect(() => checkWallets([wallet])).not.toThrow();
  });

  it('S6: with another key’s address it stops the start', () => {
    expect(() => checkWallets([{ ...wallet, address: alicesAddress }])).toThrow(
      /policy\.wallets\.hot-1\.address: is not/,
    );
  });

  it('S6: with an address that is not in canonical form it stops the start', () => {
    const address = wallet.address.toLowerCase() as Address;
    expect(() => checkWallets([{ ...wallet, address }])).toThrow(/policy\.wallets\.hot-1\.address/);
  });
});
