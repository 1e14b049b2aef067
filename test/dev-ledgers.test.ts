import { afterEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../simulators/ledger/emulator.ts';
import { readWallet } from '../src/custody/wallet-document.ts';
import { accountKey, bitcoinWallet, speculos } from '../src/dev-ledgers.ts';
import { regtest, seeds, testnet4, walletOf } from './chains/bitcoin/wallets.ts';

// What the emulated station asks of its devices before it has a policy.

describe('the wallets of the emulated station', () => {
  let emulator: Emulator | undefined;
  afterEach(() => emulator?.close());
  const open = async (app: 'ethereum' | 'bitcoin' | 'bitcoin-test'): Promise<string> => {
    emulator = await startEmulator({ model: 'nanosp', app, apiPort: 0 });
    return emulator.apiUrl;
  };

  it.each([regtest, testnet4])(
    'on %s: the first account of the app Bitcoin Test, as policy takes it',
    async (chain) => {
      const wanted = walletOf({ script: 'wpkh', chain, seeds: [seeds.glory] });
      const { entry, ...wallet } = await bitcoinWallet(await open('bitcoin-test'), chain);
      const { address, descriptor } = wanted;
      expect(wallet).toEqual({ id: 'btc-1', address, chain, descriptor });
      expect(readWallet(Buffer.from(entry), 'entry')).toMatchObject({ ...wallet, keys: [{ signer: 'ledger-btc' }] });
    },
  );

  it.each(['ethereum', 'bitcoin'] as const)('say that the app %s is not Bitcoin Test', async (app) => {
    await expect(bitcoinWallet(await open(app), regtest)).rejects.toThrow('is the app Bitcoin Test open?');
  });

  it('say that Bitcoin Test has no account of Ethereum', async () => {
    await expect(accountKey(await open('bitcoin-test'))).rejects.toThrow('instead of its key');
  });

  it('are on this machine, and the option that says otherwise is named', () => {
    expect(speculos('http://127.0.0.1:5001', '--bitcoin-ledger')).toBe('http://127.0.0.1:5001');
    expect(() => speculos('http://203.0.113.1:5001', '--bitcoin-ledger')).toThrow('--bitcoin-ledger');
  });
});
