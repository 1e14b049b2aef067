import {
  type DerivedScriptWallet,
  Malformed,
  type ScriptWallet,
  type Wallet,
  type WalletKey,
} from '../../domain/index.ts';
import type { App, BitcoinApp, PinnedExtendedKey, PinnedKey } from '../protocol.ts';
import { appOf } from './app.ts';
import { parseBitcoinPath, parseEthereumPath } from './path.ts';

/** The one of a wallet's keys that a signer holds, as its device is asked for it. Throws `Malformed`, naming `place`. */
export function pinnedKey(wallet: Wallet, signer: string, place = `wallet ${wallet.id}`): PinnedKey {
  if (wallet.kind === 'script') return pinnedExtendedKey(wallet, signer, place);
  const app = appOf(wallet.chain);
  if (app !== 'Ethereum') throw new Malformed('chain', `a wallet with one address can't be on ${wallet.chain}`);
  const { key, publicKey } = wallet;
  if (key.kind !== 'derived') throw onToken(`${place}.key`, wallet, signer);
  return { app, path: parseEthereumPath(key.path, `${place}.path`), publicKey };
}

export function pinnedExtendedKey(
  wallet: ScriptWallet,
  signer: string,
  place = `wallet ${wallet.id}`,
): PinnedExtendedKey {
  const app = bitcoinApp(appOf(wallet.chain));
  const { path, fingerprint, xpub } = keyOf(derived(wallet, signer, place), signer);
  return { app, path: parseBitcoinPath(path, `${place}.descriptor`, app, wallet.script), fingerprint, xpub };
}

/** A wallet of which a Ledger can hold a key: of keys that are derived. Throws `Malformed`, naming a member under `place`. */
export function derived(wallet: ScriptWallet, signer: string, place = `wallet ${wallet.id}`): DerivedScriptWallet {
  if (!wallet.derives) throw onToken(`${place}.keys`, wallet, signer);
  return wallet;
}

function onToken(field: string, { id }: Wallet, signer: string): Malformed {
  return new Malformed(
    field,
    `wallet ${id} has a key by CKA_ID, on a PKCS#11 token, and ${signer} is a Ledger, which derives its keys: give the wallet a signer of kind pkcs11`,
  );
}

function keyOf(wallet: DerivedScriptWallet, signer: string): WalletKey {
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
