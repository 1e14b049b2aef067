import * as bitcoin from '../chains/bitcoin/index.ts';
import * as ethereum from '../chains/ethereum/index.ts';
import {
  type AccountWallet,
  type Address,
  type Assembled,
  type AssetId,
  type ChainId,
  chainOfAddress,
  chainOfAsset,
  type Decoded,
  type Effects,
  isTestNetwork,
  Malformed,
  parseAddress,
  parseChainId,
  Refusal,
  type Released,
  referenceOfAddress,
  type ScriptWallet,
  type SignaturePart,
  type UnsignedTransaction,
  type Wallet,
} from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';

/** Whether one signer's answer is the wallet's over exactly the permitted bytes (I7), before anything is made of it. */
export type PartChecked = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** What custody asks of a chain: one for each CAIP-2 namespace. */
export interface Chain {
  canonicalAddress(address: Address, field: string): Address;
  canonicalAsset(asset: AssetId, field: string): AssetId;
  /** Throws `Malformed`, naming a member under `place`, for a wallet whose address isn't that of its keys. */
  checkWallet(wallet: Wallet, place: string): void;
  /** One of a wallet's addresses, `/branch/index`; an account has one only, whatever is asked for. */
  addressAt(wallet: Wallet, branch: 0 | 1, index: number): Address;
  /** An address as devices spell it on their screens. */
  onScreen(address: Address): string;
  /** Never throws for any bytes. */
  decodeUnsigned(bytes: Uint8Array, wallet: Wallet): Decoded;
  /** What an automatic signer signs (`Permit.digests`). Throws `Refusal` where the transaction isn't one that was decoded for it. */
  digests(transaction: UnsignedTransaction, wallet: Wallet): readonly Uint8Array[];
  checkPart(transaction: UnsignedTransaction, wallet: Wallet, part: SignaturePart): PartChecked;
  /** Of as many parts as the wallet's threshold. */
  assembleSigned(transaction: UnsignedTransaction, wallet: Wallet, parts: readonly SignaturePart[]): Assembled;
  /** What a permitted transaction does, read again. Throws `Refusal` where it isn't one that `decodeUnsigned` gave for this wallet. */
  effectsOf(transaction: UnsignedTransaction, wallet: Wallet): Effects;
  /** Whether signed bytes are that transaction, signed by the wallet's keys. Throws `Refusal` as `effectsOf` does. */
  released(transaction: UnsignedTransaction, signed: Uint8Array, wallet: Wallet): Released;
  /** What a signed transaction is called on its chain. Throws where the bytes are none. */
  nameOf(raw: Uint8Array): string;
}

const chains: ReadonlyMap<string, Chain> = new Map<string, Chain>([
  [
    'eip155',
    {
      canonicalAddress: ethereum.canonicalAddress,
      canonicalAsset: ethereum.canonicalAsset,
      checkWallet: checkAccount,
      addressAt: (wallet) => wallet.address,
      onScreen: referenceOfAddress,
      decodeUnsigned: (bytes) => ethereum.decodeUnsigned(bytes),
      digests: ({ unsigned }) => [ethereum.digestOf(unsigned)],
      // There is one key, so its part is judged when the transaction is put together.
      checkPart: () => ({ ok: true }),
      assembleSigned: ({ unsigned }, wallet, parts) =>
        ethereum.assembleSigned(unsigned, parts[0]?.signature ?? new Uint8Array(0), accountOf(wallet).publicKey),
      effectsOf({ unsigned }) {
        const decoded = ethereum.decodeUnsigned(unsigned);
        if (!decoded.ok) throw new Refusal(decoded.reason, decoded.message);
        return decoded.effects;
      },
      released: ({ unsigned }, signed, wallet) => ethereum.released(unsigned, signed, accountOf(wallet).publicKey),
      nameOf: ethereum.transactionHash,
    },
  ],
  [
    'bip122',
    {
      canonicalAddress: bitcoin.canonicalAddress,
      canonicalAsset: bitcoin.canonicalAsset,
      checkWallet: (wallet, place) => bitcoin.checkWallet(scriptOf(wallet), place),
      addressAt: (wallet, branch, index) => scriptAddress(scriptOf(wallet), branch, index, wallet.chain),
      onScreen: bitcoinOnScreen,
      decodeUnsigned: (bytes, wallet) => bitcoin.decodeUnsigned(bytes, scriptOf(wallet)),
      digests: (transaction, wallet) => bitcoin.digests(transaction, scriptOf(wallet)),
      checkPart: (transaction, wallet, part) => bitcoin.checkPart(transaction, scriptOf(wallet), part),
      assembleSigned: (transaction, wallet, parts) => bitcoin.assembleSigned(transaction, parts, scriptOf(wallet)),
      effectsOf: (transaction, wallet) => bitcoin.effectsOfPermitted(transaction, scriptOf(wallet)),
      released: (transaction, signed, wallet) => bitcoin.released(transaction, signed, scriptOf(wallet)),
      nameOf: bitcoin.txidOf,
    },
  ],
]);

/** A wallet's pinned address must be its pinned key's: one is what people compare, the other what signatures are held to. */
function checkAccount(wallet: Wallet, place: string): void {
  const { chain, address, publicKey } = accountOf(wallet);
  ethereum.canonicalAddress(address, `${place}.address`);
  const own = `${chain}:${ethereum.addressOfKey(publicKey)}`;
  if (own !== address) throw new Malformed(`${place}.address`, `is not the address of public_key, which is ${own}`);
}

function scriptAddress(wallet: ScriptWallet, branch: 0 | 1, index: number, chain: ChainId): Address {
  const address = bitcoin.addressOfScript(bitcoin.scriptAt(wallet, branch, index).script, chain);
  if (address === undefined) throw new Error(`wallet ${wallet.id} has a script that is no address`);
  return address;
}

const testnet4 = parseChainId('bip122:00000000da84f2bafbbc53dee25a72ae', 'chain');

/** One app of a Ledger's serves all of Bitcoin's test networks, and writes their addresses as testnet's. */
function bitcoinOnScreen(address: Address): string {
  if (!isTestNetwork(chainOfAddress(address))) return referenceOfAddress(address);
  const spelt = bitcoin.addressOfScript(bitcoin.scriptOfAddress(address), testnet4);
  return spelt === undefined ? referenceOfAddress(address) : referenceOfAddress(spelt);
}

// Policy's parser holds the kind to the chain.
function accountOf(wallet: Wallet): AccountWallet {
  if (wallet.kind !== 'account') throw new Malformed(`policy.wallets.${wallet.id}`, 'is not one key');
  return wallet;
}

function scriptOf(wallet: Wallet): ScriptWallet {
  if (wallet.kind !== 'script') throw new Malformed(`policy.wallets.${wallet.id}`, 'has no descriptor');
  return wallet;
}

/** The chain that speaks for a CAIP-2 id; throws `Malformed` for a namespace that the station does not know. */
export function chainOf(id: ChainId, field: string): Chain {
  const chain = chains.get(id.slice(0, id.indexOf(':')));
  if (chain === undefined)
    throw new Malformed(field, `no chain of namespace ${id.slice(0, id.indexOf(':'))} is supported`);
  return chain;
}

/** One of a wallet's addresses: `/branch/index`, 0 to receive, 1 for change. An account has one only, whatever is asked for. */
export function addressAt(wallet: Wallet, branch: 0 | 1, index: number): Address {
  return chainOf(wallet.chain, 'chain').addressAt(wallet, branch, index);
}

/** The address of a key, where a chain has accounts of one. Throws `Malformed` for another chain. */
export function accountAddress(id: ChainId, publicKey: string): Address {
  if (!id.startsWith('eip155:')) throw new Malformed('chain', `${id} has no accounts of one key`);
  return parseAddress(`${id}:${ethereum.addressOfKey(publicKey)}`, 'address');
}

/** What people call a key by: 8 hex digits (BIP-32), whichever chain it is for. `publicKey`: compressed, hex. */
export function keyFingerprint(publicKey: string): string {
  return bitcoin.fingerprintOf(Uint8Array.from(Buffer.from(publicKey, 'hex')));
}

/** An address as a device's screen has it: what people compare. */
export function onScreen(address: Address): string {
  return chainOf(chainOfAddress(address), 'chain').onScreen(address);
}

/** D7: the one spelling of a destination that its chain has; throws `Malformed` for another. */
export function canonicalDestination(destination: Address, field: string): Address {
  return chainOf(chainOfAddress(destination), field).canonicalAddress(destination, field);
}

/**
 * D7: in another spelling than its chain's own, a denied address would deny nothing while people believe that it does, a treasury
 * destination would be no way to safety when it is needed, and a limit on an asset would count nothing of it. A denied address on
 * a chain that the policy does not name can't be paid anyway.
 */
export function checkSpellings(policy: Pick<Policy, 'denied' | 'chains' | 'treasury' | 'assets'>): void {
  const { denied, chains: named, treasury, assets } = policy;
  for (const address of denied) {
    const id = chainOfAddress(address);
    if (named.has(id)) chainOf(id, 'policy.denied').canonicalAddress(address, 'policy.denied');
  }
  for (const { address } of treasury) canonicalDestination(address, 'policy.treasury');
  for (const asset of assets.keys())
    chainOf(chainOfAsset(asset), 'policy.assets').canonicalAsset(asset, 'policy.assets');
}

/** Each wallet as its chain says that it can be. */
export function checkWallets(wallets: Iterable<Wallet>): void {
  for (const wallet of wallets) {
    const place = `policy.wallets.${wallet.id}`;
    chainOf(wallet.chain, `${place}.chain`).checkWallet(wallet, place);
  }
}
