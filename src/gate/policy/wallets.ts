import {
  type AccountWallet,
  type Address,
  chainOfAddress,
  type KeyPlace,
  Malformed,
  parseAddress,
  parseAmount,
  parseChainId,
  parseDescriptor,
  parseTokenId,
  parseWalletId,
  type ScriptWallet,
  sayPlace,
  signersOf,
  type TokenScriptWallet,
  type Wallet,
  type WalletId,
  walletIdentity,
} from '../../domain/index.ts';
import { atLeast } from '../demand.ts';
import { Members, textItem } from '../document.ts';
import type { AssetsPart } from './assets.ts';
import { type Change, listed, otherLoosens } from './change.ts';
import { type Demanding, enrolmentDemand } from './demand.ts';
import { keyed } from './keyed.ts';
import type { ReferencePart } from './reference.ts';
import type { Section } from './section.ts';
import {
  noWalletDemand,
  parseWalletDemand,
  sayWalletDemand,
  type WalletDemand,
  walletDemandChange,
} from './wallet-demand.ts';

export interface WalletsPart {
  readonly wallets: ReadonlyMap<WalletId, Wallet>;
  /** What paying from a wallet takes beside what authorizing took; absent where it takes no more. */
  readonly walletDemands: ReadonlyMap<WalletId, WalletDemand>;
}

type Context = WalletsPart & Demanding & AssetsPart & ReferencePart;

export const walletsSection: Section<WalletsPart, Context> = {
  title: 'Wallets',
  parse(top) {
    const parsed = top.list('wallets', parseWallet);
    const wallets = keyed(
      parsed.map(({ wallet }) => wallet),
      (w) => w.id,
      top.at('wallets'),
    );
    // E7, I4: two wallets with one key on one chain would give one anchor two owners.
    keyed([...wallets.values()], walletIdentity, top.at('wallets'));
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
        ...otherLoosens(`${member}.address`, old.address, fresh.address),
        ...keyChange(member, old, fresh),
      ],
    }),
    ...[...new Set([...was.walletDemands.keys(), ...will.walletDemands.keys()])].flatMap((id) =>
      demandChanged(id, was, will),
    ),
  ],
  say: (policy) =>
    policy.wallets.size === 0
      ? ['There is no wallet.']
      : [...policy.wallets.values()].flatMap((wallet) => [
          `${sayWallet(wallet)}.`,
          ...[policy.walletDemands.get(wallet.id) ?? []]
            .flat()
            .map((demand) => `A withdrawal that ${wallet.id} pays takes ${sayWalletDemand(demand, policy)}.`),
        ]),
};

function demandChanged(id: WalletId, was: Context, will: Context): Change[] {
  const [old, fresh] = [was.walletDemands.get(id) ?? noWalletDemand, will.walletDemands.get(id) ?? noWalletDemand];
  // A wallet that goes pays nothing, whatever it demanded. But what it demanded, a further factor took, too (A8).
  if (!will.wallets.has(id) && atLeast(enrolmentDemand(will), old.evidence)) return [];
  return walletDemandChange(`wallets[${id}].evidence`, old, fresh, will);
}

function keyChange(member: string, old: Wallet, fresh: Wallet): Change[] {
  if (old.kind === 'account' && fresh.kind === 'account') {
    return [
      ...otherLoosens(`${member}.signer`, old.signer, fresh.signer),
      ...placeChange(member, old.key, fresh.key),
      ...otherLoosens(`${member}.public_key`, old.publicKey, fresh.publicKey),
      // A higher one closes the nonces below it, and opens others above: the window moves with it.
      ...otherLoosens(`${member}.first_nonce`, old.firstNonce, fresh.firstNonce),
    ];
  }
  if (old.kind === 'script' && fresh.kind === 'script') {
    return [
      ...otherLoosens(`${member}.descriptor`, old.descriptor, fresh.descriptor),
      ...otherLoosens(`${member}.keys`, tokenIds(old), tokenIds(fresh)),
      ...otherLoosens(`${member}.signers`, signersOf(old).join(', '), signersOf(fresh).join(', ')),
    ];
  }
  // Of another kind, it is on another chain, and that is said.
  return [];
}

function placeChange(member: string, old: KeyPlace, fresh: KeyPlace): Change[] {
  const name = old.kind === 'derived' && fresh.kind === 'derived' ? 'path' : 'key';
  return otherLoosens(`${member}.${name}`, sayPlace(old), sayPlace(fresh));
}

/** As policy writes them; of keys that devices derive there is none. */
function tokenIds(wallet: ScriptWallet): string {
  return wallet.derives ? 'none' : wallet.keys.map(({ id }) => id).join(', ');
}

function sayWallet(wallet: Wallet): string {
  const { id, address } = wallet;
  if (wallet.kind === 'account') {
    const { publicKey, key, signer, firstNonce } = wallet;
    const at = key.kind === 'derived' ? `at ${key.path}` : `by its id ${key.id}`;
    return `${id} is ${address}, with the key ${publicKey} ${at} on the signer ${signer}, from nonce ${firstNonce}`;
  }
  if (!wallet.derives) return sayTokenWallet(wallet);
  const { descriptor, threshold, keys } = wallet;
  const signs = keys.length === 1 ? 'on the signer' : `of which any ${threshold} sign, on the signers`;
  return `${id} is ${address} and the addresses after it of ${descriptor}, ${signs} ${signersOf(wallet).join(', ')}`;
}

function sayTokenWallet({ id, address, descriptor, threshold, keys }: TokenScriptWallet): string {
  const held = keys.map((key) => `${key.id} on the signer ${key.signer}`).join(', ');
  const signs = keys.length === 1 ? 'with the key' : `of which any ${threshold} sign, with the keys`;
  return `${id} is ${address} and no address more, of ${descriptor}, ${signs} ${held}`;
}

/** One entry of the list, with what paying from it demands. */
export function parseWallet(
  value: unknown,
  place: string,
): { readonly wallet: Wallet; readonly demand: WalletDemand | undefined } {
  const of = new Members(value, place);
  const chain = parseChainId(of.text('chain'), of.at('chain'));
  const address: Address = parseAddress(of.text('address'), of.at('address'));
  if (chainOfAddress(address) !== chain) throw new Malformed(of.at('address'), `is not on ${chain}`);
  const named = { id: parseWalletId(of.text('id'), of.at('id')), chain, address };
  const wallet: Wallet = of.has('descriptor') ? parseScript(of, named) : parseAccount(of, named);
  if ((wallet.kind === 'script') !== chain.startsWith('bip122:')) {
    const expected = wallet.kind === 'script' ? 'a key with its place and a nonce' : 'a descriptor and its signers';
    throw new Malformed(of.place, `a wallet on ${chain} is ${expected}`);
  }
  const demand = of.has('evidence') ? parseWalletDemand(of.members('evidence'), chain) : undefined;
  of.done();
  return { wallet, demand };
}

type NamedPart = Pick<Wallet, 'id' | 'chain' | 'address'>;

function parseAccount(of: Members, named: NamedPart): AccountWallet {
  const publicKey = of.text('public_key');
  if (!/^0[23][0-9a-f]{64}$/.test(publicKey))
    throw new Malformed(of.at('public_key'), 'expected a compressed secp256k1 key, 66 hex digits');
  const key = parsePlace(of);
  const signer = parseWalletId(of.text('signer'), of.at('signer'));
  const firstNonce = Number(parseAmount(of.text('first_nonce'), of.at('first_nonce')));
  if (!Number.isSafeInteger(firstNonce)) throw new Malformed(of.at('first_nonce'), 'is too large');
  return { kind: 'account', ...named, signer, key, publicKey, firstNonce };
}

function parsePlace(of: Members): KeyPlace {
  if (of.has('path') && of.has('key'))
    throw new Malformed(of.at('key'), 'excludes path: a device derives its keys, a token has them by id');
  if (of.has('key')) return { kind: 'token', id: parseTokenId(of.text('key'), of.at('key')) };
  const path = of.text('path');
  if (!/^m(?:\/(?:0|[1-9][0-9]{0,9})'?){1,10}$/.test(path))
    throw new Malformed(of.at('path'), "expected a BIP-32 path such as m/44'/60'/0'/0/0");
  return { kind: 'derived', path };
}

function parseScript(of: Members, named: NamedPart): ScriptWallet {
  const descriptor = of.text('descriptor');
  const read = parseDescriptor(descriptor, of.at('descriptor'));
  const signers = of.list('signers', (value, place) => parseWalletId(textItem(value, place), place));
  if (signers.length !== read.keys.length)
    throw new Malformed(of.at('signers'), `names ${signers.length} for ${read.keys.length} key(s) of the descriptor`);
  // One that answered for two keys would stand for two devices.
  if (new Set(signers).size !== signers.length) throw new Malformed(of.at('signers'), 'names one twice');
  const wallet = { kind: 'script', ...named, descriptor } as const;
  const listed = of.has('keys');
  if (read.derives) {
    if (listed)
      throw new Malformed(of.at('keys'), 'names keys of tokens, and those of the descriptor are derived by devices');
    return { ...wallet, ...read, keys: read.keys.map((key, i) => ({ ...key, signer: signers[i] ?? '' })) };
  }
  if (!listed)
    throw new Malformed(
      of.at('keys'),
      'is missing: the descriptor has raw keys, so name them by their CKA_IDs on their tokens',
    );
  const ids = of.list('keys', (value, place) => parseTokenId(textItem(value, place), place));
  if (ids.length !== read.keys.length)
    throw new Malformed(of.at('keys'), `names ${ids.length} for ${read.keys.length} key(s) of the descriptor`);
  return {
    ...wallet,
    ...read,
    keys: read.keys.map((key, i) => ({ ...key, id: ids[i] ?? '', signer: signers[i] ?? '' })),
  };
}
