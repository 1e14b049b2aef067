import { describe, expect, it } from 'vitest';
import { placeLine, walletJson, walletLines } from '../../src/cli/wallet-text.ts';
import type { WalletState } from '../../src/generated/portcullis/v1/operator.ts';
import { regtest, tokenWalletOf } from '../chains/bitcoin/wallets.ts';

const wallet = tokenWalletOf({ script: 'wsh-sortedmulti', chain: regtest, keys: [0, 1] });
const state: WalletState = {
  wallet: wallet.id,
  chain: regtest,
  address: wallet.address,
  nextNonce: 0n,
  nextChange: 0n,
  ready: true,
  reason: '',
  message: '',
  signers: wallet.keys.map(({ signer }) => ({
    signer,
    ready: true,
    reason: '',
    message: '',
    needsRegistration: false,
    registered: false,
  })),
};

describe('a wallet of tokens’ keys, as people and programs read it', () => {
  it('has its keys by id, and one address for everything, whatever index is asked for', () => {
    const [one, two] = wallet.keys;
    const shown = `${wallet.address} (on screens `;
    expect(walletLines(wallet, state, 7)).toEqual([
      'wallet      till',
      `chain       ${regtest}`,
      `descriptor  ${wallet.descriptor}`,
      'signs       any 2 of 2',
      `key         ${one?.publicKey}, id 00 on token-0`,
      `key         ${two?.publicKey}, id 01 on token-1`,
      expect.stringContaining(`receive     /0/0  ${shown}`),
      expect.stringContaining(`change      /0/0  ${shown}`),
      'signer      token-0: ready',
      'signer      token-1: ready',
    ]);
    expect(walletJson(wallet, state, 7)).toMatchObject({ receive: [wallet.address], change: [wallet.address] });
  });

  it('an account says where its key is', () => {
    expect(placeLine({ kind: 'derived', path: "m/44'/60'/0'/0/0" })).toBe("path        m/44'/60'/0'/0/0");
    expect(placeLine({ kind: 'token', id: '0a1b' })).toBe('key         0a1b');
  });
});
