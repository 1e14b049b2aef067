import { Malformed, type ScriptWallet, type Wallet, type WalletKey } from '../../domain/index.ts';
import type { App, BitcoinApp, PinnedExtendedKey, PinnedKey } from '../protocol.ts';
import { appOf } from './app.ts';
import { parseBitcoinPath, parseEthereumPath } from './path.ts';

/** The one of a wallet's keys that a signer holds, as its device is asked for it. Throws `Malformed`, naming `place`. */
export function pinnedKey(wallet: Wallet, signer: string, place = `wallet ${wallet.id}`): PinnedKey {
  if (wallet.kind === 'script') return pinnedExtendedKey(wallet, signer, place);
  const app = appOf(wallet.chain);
  if (app !== 'Ethereum') throw new Malformed('chain', `a wallet with one address can't be on ${wallet.chain}`);
  return { app, path: parseEthereumPath(wallet.path, `${place}.path`), publicKey: wallet.publicKey };
}

export function pinnedExtendedKey(
  wallet: ScriptWallet,
  signer: string,
  place = `wallet ${wallet.id}`,
): PinnedExtendedKey {
  const app = bitcoinApp(appOf(wallet.chain));
  const { path, fingerprint, xpub } = keyOf(wallet, signer);
  return { app, path: parseBitcoinPath(path, `${place}.descriptor`, app, wallet.script), fingerprint, xpub };
}

function keyOf(wallet: ScriptWallet, signer: string): WalletKey {
  const [key, second] = wallet.keys.filter((one) => one.signer === signer);
  if (key === undefined) throw new Malformed('signer', `wallet ${wallet.id} has no key on ${signer}`);
  // Which of them a permit means, nobody could say.
  if (second !== undefined) throw new Malformed('signer', `wallet ${wallet.id} has two keys on ${signer}`);
  return key;
}

function bitcoinApp(app: App): BitcoinApp {
  if (app === 'Ethereum') throw new Malformed('chain', 'a wallet with a descriptor is on Bitcoin');
  return app;
}
