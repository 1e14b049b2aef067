import { secp256k1 } from '@noble/curves/secp256k1.js';
import { HDKey } from '@scure/bip32';
import { mnemonicToSeedSync } from '@scure/bip39';
import { NETWORK, p2pkh, p2sh, p2tr, p2wpkh, sortedMultisig, TEST_NETWORK } from '@scure/btc-signer';
import {
  type ChainId,
  type DerivedScriptWallet,
  formatDescriptor,
  parseAddress,
  parseChainId,
  parseWalletId,
  type ScriptType,
  type TokenScript,
  type TokenScriptWallet,
  toHex,
} from '../../../src/domain/index.ts';

// Wallets of published test seeds, put together with @scure's libraries. None of these keys guards anything.

export const mainnet = parseChainId('bip122:000000000019d6689c085ae165831e93', 'chain');
export const testnet4 = parseChainId('bip122:00000000da84f2bafbbc53dee25a72ae', 'chain');
export const signet = parseChainId('bip122:00000008819873e925422c1ff0f99f7c', 'chain');
export const regtest = parseChainId('bip122:0f9188f13cb7b2c71f2a335e3a4fc328', 'chain');

const isMain = (chain: ChainId) => chain === mainnet;
const prefixes = (chain: ChainId) =>
  isMain(chain) ? NETWORK : { ...TEST_NETWORK, bech32: chain === regtest ? 'bcrt' : 'tb' };
const versions = (chain: ChainId) =>
  isMain(chain) ? { private: 0x0488ade4, public: 0x0488b21e } : { private: 0x04358394, public: 0x043587cf };

/** Master keys: of BIP-84's and BIP-86's vectors, of Speculos' default seed, and one more. */
export const seeds = {
  abandon: mnemonicToSeedSync(`${'abandon '.repeat(11)}about`),
  glory: mnemonicToSeedSync(
    'glory promote mansion idle axis finger extra february uncover one trip resource lawn turtle enact monster seven myth punch hobby comfort wild raise skin',
  ),
  zoo: mnemonicToSeedSync(`${'zoo '.repeat(11)}wrong`),
} as const;

export function masterOf(seed: Uint8Array, chain: ChainId): HDKey {
  return HDKey.fromMasterSeed(seed, versions(chain));
}

/** The account of a script type that its BIP names. */
export function pathOf(script: ScriptType, chain: ChainId, account = 0): string {
  const coin = isMain(chain) ? 0 : 1;
  const purpose = { pkh: 44, 'sh-wpkh': 49, wpkh: 84, tr: 86, 'wsh-sortedmulti': 48 }[script];
  return `m/${purpose}'/${coin}'/${account}'${script === 'wsh-sortedmulti' ? "/2'" : ''}`;
}

interface Wanted {
  readonly script: ScriptType;
  readonly chain: ChainId;
  readonly seeds?: readonly Uint8Array[];
  readonly threshold?: number;
  readonly account?: number;
  readonly path?: string;
}

/** A wallet, pinned at its first address; of one key, the seed `abandon`'s, unless it says otherwise. */
export function walletOf(wanted: Wanted): DerivedScriptWallet {
  const { script, chain } = wanted;
  const multi = script === 'wsh-sortedmulti';
  const masters = (wanted.seeds ?? (multi ? Object.values(seeds) : [seeds.abandon])).map((s) => masterOf(s, chain));
  const path = wanted.path ?? pathOf(script, chain, wanted.account);
  const accounts = masters.map((master) => master.derive(path));
  const keys = masters.map(({ fingerprint }, i) => ({
    fingerprint: fingerprint.toString(16).padStart(8, '0'),
    path,
    xpub: accounts[i]?.publicExtendedKey ?? '',
    signer: `device-${i + 1}`,
  }));
  const threshold = wanted.threshold ?? (multi ? 2 : 1);
  const wallet = { derives: true, script, threshold, keys } as const;
  return {
    kind: 'script',
    id: parseWalletId('cold', 'id'),
    chain,
    ...wallet,
    descriptor: formatDescriptor(wallet),
    address: parseAddress(`${chain}:${addressOf({ ...wallet, chain }, 0, 0)}`, 'address'),
  };
}

/** Private keys such as a token has: test keys, of one byte 32 times. */
export const tokenSecrets = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte));

interface WantedToken {
  readonly script: TokenScript;
  readonly chain: ChainId;
  /** Which of the test keys, in the descriptor's order. */
  readonly keys?: readonly number[];
  readonly threshold?: number;
}

/** A wallet of raw keys; the first test key's, or the first three's, unless it says otherwise. */
export function tokenWalletOf({ script, chain, ...wanted }: WantedToken): TokenScriptWallet {
  const multi = script === 'wsh-sortedmulti';
  const which = wanted.keys ?? (multi ? [0, 1, 2] : [0]);
  const keys = which.map((n) => {
    const secret = tokenSecrets[n];
    if (secret === undefined) throw new Error(`there is no test key ${n}`);
    return { publicKey: toHex(secp256k1.getPublicKey(secret)), id: `0${n}`, signer: `token-${n}` };
  });
  const threshold = wanted.threshold ?? (multi ? 2 : 1);
  const wallet = { derives: false, script, threshold, keys } as const;
  const [first = new Uint8Array(), ...others] = keys.map(({ publicKey }) =>
    Uint8Array.from(Buffer.from(publicKey, 'hex')),
  );
  const network = prefixes(chain);
  const { address } = {
    pkh: () => p2pkh(first, network),
    wpkh: () => p2wpkh(first, network),
    'wsh-sortedmulti': () => sortedMultisig(threshold, [first, ...others], true, network),
  }[script]();
  if (address === undefined) throw new Error('no address');
  return {
    kind: 'script',
    id: parseWalletId('till', 'id'),
    chain,
    ...wallet,
    descriptor: formatDescriptor(wallet),
    address: parseAddress(`${chain}:${address}`, 'address'),
  };
}

/** The address at `/branch/index` as @scure/bip32 and @scure/btc-signer derive it. */
export function addressOf(
  { script, threshold, keys, chain }: Pick<DerivedScriptWallet, 'script' | 'threshold' | 'keys' | 'chain'>,
  branch: number,
  index: number,
): string {
  const publicKeys = keys.map(({ xpub }) => {
    const { publicKey } = HDKey.fromExtendedKey(xpub, versions(chain)).deriveChild(branch).deriveChild(index);
    if (publicKey === null) throw new Error('no key');
    return publicKey;
  });
  const [key = new Uint8Array()] = publicKeys;
  const network = prefixes(chain);
  const payment = {
    pkh: () => p2pkh(key, network),
    'sh-wpkh': () => p2sh(p2wpkh(key, network), network),
    wpkh: () => p2wpkh(key, network),
    tr: () => p2tr(key.slice(1), undefined, network),
    'wsh-sortedmulti': () => sortedMultisig(threshold, publicKeys, true, network),
  }[script]();
  if (payment.address === undefined) throw new Error('no address');
  return payment.address;
}
