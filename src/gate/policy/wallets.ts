import {
  type Address,
  chainOfAddress,
  Malformed,
  parseAddress,
  parseAmount,
  parseChainId,
  parseWalletId,
  type Wallet,
  type WalletId,
} from '../../domain/index.ts';
import { Members } from '../document.ts';
import { listed, otherLoosens } from './change.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

export interface WalletsPart {
  readonly wallets: ReadonlyMap<WalletId, Wallet>;
}

export const walletsSection: Section<WalletsPart> = {
  title: 'Wallets',
  parse(top) {
    const wallets = keyed(top.list('wallets', parseWallet), (w) => w.id, top.at('wallets'));
    // E7: an anchor is a nonce of a wallet, so two wallets with one key on one chain would give one nonce two owners.
    keyed([...wallets.values()], (wallet) => `${wallet.chain} ${wallet.publicKey}`, top.at('wallets'));
    return { wallets };
  },
  changes: (was, will) =>
    listed('wallets', was.wallets, will.wallets, {
      say: sayWallet,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => [
        ...otherLoosens(`${member}.chain`, old.chain, fresh.chain),
        ...otherLoosens(`${member}.signer`, old.signer, fresh.signer),
        ...otherLoosens(`${member}.path`, old.path, fresh.path),
        ...otherLoosens(`${member}.address`, old.address, fresh.address),
        ...otherLoosens(`${member}.public_key`, old.publicKey, fresh.publicKey),
        // A higher one closes the nonces below it, and opens others above: the window moves with it.
        ...otherLoosens(`${member}.first_nonce`, old.firstNonce, fresh.firstNonce),
      ],
    }),
  say: ({ wallets }) =>
    wallets.size === 0 ? ['There is no wallet.'] : [...wallets.values()].map((wallet) => `${sayWallet(wallet)}.`),
};

function sayWallet({ id, address, signer, path, publicKey, firstNonce }: Wallet): string {
  return `${id} is ${address}, with the key ${publicKey} at ${path} on the signer ${signer}, from nonce ${firstNonce}`;
}

function parseWallet(value: unknown, place: string): Wallet {
  const of = new Members(value, place);
  const chain = parseChainId(of.text('chain'), of.at('chain'));
  const address: Address = parseAddress(of.text('address'), of.at('address'));
  if (chainOfAddress(address) !== chain) throw new Malformed(of.at('address'), `is not on ${chain}`);
  const publicKey = of.text('public_key');
  if (!/^0[23][0-9a-f]{64}$/.test(publicKey))
    throw new Malformed(of.at('public_key'), 'expected a compressed secp256k1 key, 66 hex digits');
  const path = of.text('path');
  if (!/^m(?:\/(?:0|[1-9][0-9]{0,9})'?){1,10}$/.test(path))
    throw new Malformed(of.at('path'), "expected a BIP-32 path such as m/44'/60'/0'/0/0");
  const wallet = {
    id: parseWalletId(of.text('id'), of.at('id')),
    chain,
    signer: parseWalletId(of.text('signer'), of.at('signer')),
    path,
    address,
    publicKey,
    firstNonce: Number(parseAmount(of.text('first_nonce'), of.at('first_nonce'))),
  };
  if (!Number.isSafeInteger(wallet.firstNonce)) throw new Malformed(of.at('first_nonce'), 'is too large');
  of.done();
  return wallet;
}
