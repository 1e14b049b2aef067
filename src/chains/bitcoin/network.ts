import { type ChainId, Malformed, parseChainId, shown } from '../../domain/index.ts';

/** What tells one network of Bitcoin from another. */
export interface Network {
  /** CAIP-2 of BIP-122: `bip122:` and the first 32 hex digits of the genesis block's hash. */
  readonly chain: ChainId;
  readonly name: string;
  /** Human-readable part of segwit addresses (BIP-173; regtest's by Bitcoin Core). */
  readonly segwitPrefix: string;
  /** Version bytes of base58check addresses. */
  readonly publicKeyHash: number;
  readonly scriptHash: number;
  /** BIP-32's version of extended public keys: `xpub` or `tpub`. */
  readonly extendedKey: number;
  /** SLIP-44, the second step of BIP-44's paths: 1 stands for every test network. */
  readonly coinType: 0 | 1;
}

const test = { publicKeyHash: 0x6f, scriptHash: 0xc4, extendedKey: 0x043587cf, coinType: 1 } as const;

/** Bitcoin's networks; testnet4 (BIP-94) and signet (BIP-325) share every prefix, so that only CAIP-10's chain tells them apart. */
export const networks: readonly Network[] = [
  {
    chain: chain('000000000019d6689c085ae165831e93'),
    name: 'mainnet',
    segwitPrefix: 'bc',
    publicKeyHash: 0x00,
    scriptHash: 0x05,
    extendedKey: 0x0488b21e,
    coinType: 0,
  },
  { chain: chain('00000000da84f2bafbbc53dee25a72ae'), name: 'testnet4', segwitPrefix: 'tb', ...test },
  { chain: chain('00000008819873e925422c1ff0f99f7c'), name: 'signet', segwitPrefix: 'tb', ...test },
  { chain: chain('0f9188f13cb7b2c71f2a335e3a4fc328'), name: 'regtest', segwitPrefix: 'bcrt', ...test },
];

function chain(genesis: string): ChainId {
  return parseChainId(`bip122:${genesis}`, 'chain');
}

const byChain: ReadonlyMap<string, Network> = new Map(networks.map((network) => [network.chain, network]));

/** The network of a chain. Throws Malformed where it is none of Bitcoin's. */
export function networkOf(chain: ChainId, field: string): Network {
  const network = byChain.get(chain);
  if (network !== undefined) return network;
  const right = byChain.get(chain.toLowerCase());
  throw new Malformed(
    field,
    right === undefined
      ? `expected a chain of Bitcoin, one of ${networks.map((n) => `${n.chain} (${n.name})`).join(', ')}, got ${shown(chain)}`
      : `${shown(chain)} is not in canonical form: write ${right.chain}`,
    'address-not-canonical',
  );
}
