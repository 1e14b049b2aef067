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
import { atLeast, type EvidenceDemand, noDemand, sayDemand } from '../demand.ts';
import { Members } from '../document.ts';
import { type Change, listed, otherLoosens } from './change.ts';
import { type Demanding, demandChange, enrolmentDemand, parseDemand } from './demand.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

export interface WalletsPart {
  readonly wallets: ReadonlyMap<WalletId, Wallet>;
  /** What evidence paying from a wallet takes beside what authorizing took; absent where it takes no more. */
  readonly walletDemands: ReadonlyMap<WalletId, EvidenceDemand>;
}

export const walletsSection: Section<WalletsPart, WalletsPart & Demanding> = {
  title: 'Wallets',
  parse(top) {
    const parsed = top.list('wallets', parseWallet);
    const wallets = keyed(
      parsed.map(({ wallet }) => wallet),
      (w) => w.id,
      top.at('wallets'),
    );
    // E7: an anchor is a nonce of a wallet, so two wallets with one key on one chain would give one nonce two owners.
    keyed([...wallets.values()], (wallet) => `${wallet.chain} ${wallet.publicKey}`, top.at('wallets'));
    const walletDemands = new Map(
      parsed.flatMap(({ wallet, demand }) => (demand === undefined ? [] : [[wallet.id, demand] as const])),
    );
    return { wallets, walletDemands };
  },
  changes: (was, will) => [
    ...listed('wallets', was.wallets, will.wallets, {
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
    ...[...new Set([...was.walletDemands.keys(), ...will.walletDemands.keys()])].flatMap((id) =>
      demandChanged(id, was, will),
    ),
  ],
  say: ({ wallets, walletDemands }) =>
    wallets.size === 0
      ? ['There is no wallet.']
      : [...wallets.values()].flatMap((wallet) => [
          `${sayWallet(wallet)}.`,
          ...[walletDemands.get(wallet.id) ?? []]
            .flat()
            .map((demand) => `A withdrawal that ${wallet.id} pays takes ${sayDemand(demand)}.`),
        ]),
};

function demandChanged(id: WalletId, was: WalletsPart & Demanding, will: WalletsPart & Demanding): Change[] {
  const [old, fresh] = [was.walletDemands.get(id) ?? noDemand, will.walletDemands.get(id) ?? noDemand];
  // A wallet that goes pays nothing, whatever it demanded. But what it demanded, a further factor took, too (A8).
  if (!will.wallets.has(id) && atLeast(enrolmentDemand(will), old)) return [];
  return demandChange(`wallets[${id}].evidence`, old, fresh);
}

function sayWallet({ id, address, signer, path, publicKey, firstNonce }: Wallet): string {
  return `${id} is ${address}, with the key ${publicKey} at ${path} on the signer ${signer}, from nonce ${firstNonce}`;
}

function parseWallet(
  value: unknown,
  place: string,
): { readonly wallet: Wallet; readonly demand: EvidenceDemand | undefined } {
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
  const demand = of.has('evidence') ? parseWalletDemand(of.members('evidence')) : undefined;
  of.done();
  return { wallet, demand };
}

function parseWalletDemand(of: Members): EvidenceDemand {
  const demand = parseDemand(of);
  of.done();
  if (demand.assertions === 0) throw new Malformed(of.place, 'demands nothing');
  return demand;
}
