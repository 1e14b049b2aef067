import { bech32, bech32m, createBase58check } from '@scure/base';
import {
  type Address,
  type AssetId,
  assetParts,
  type ChainId,
  chainOfAddress,
  Malformed,
  parseAddress,
  parseAssetId,
  referenceOfAddress,
  shown,
} from '../../domain/index.ts';
import { sha256 } from './hashes.ts';
import { type Network, networkOf, networks } from './network.ts';
import { isPoint, type Output, outputOfScript, scriptOfOutput } from './output-script.ts';

// D7: an address has one spelling here: base58check as it is, bech32 and bech32m in lower case, on the network that the chain names.

const base58check = createBase58check(sha256);

/** The CAIP-10 address that a script pays on a chain; undefined where it is none of the standard outputs. */
export function addressOfScript(script: Uint8Array, chain: ChainId): Address | undefined {
  const output = outputOfScript(script);
  if (output === undefined) return undefined;
  const network = networkOf(chain, 'chain');
  return parseAddress(`${network.chain}:${spell(output, network)}`, 'address');
}

/** The script of an address in canonical form. Throws as `canonicalAddress` does. */
export function scriptOfAddress(address: Address): Uint8Array {
  return scriptOfOutput(read(address, 'address').output);
}

/**
 * The address, if it is in the one form that the station knows. Else throws Malformed: `address-not-canonical`, with the right form
 * where there is one; `malformed` for what is spelt rightly, but that nobody is known to hold.
 */
export function canonicalAddress(address: Address, field: string): Address {
  const { output, network } = read(address, field);
  const canonical = parseAddress(`${network.chain}:${spell(output, network)}`, field);
  if (address === canonical) return canonical;
  const text = referenceOfAddress(address);
  // Upper case is BIP-173's for QR codes. Mixed case is nobody's: it may be a typing error, which the checksum in lower case hides.
  const mixed = text !== text.toUpperCase();
  const advice = mixed ? 'compare it with its source character by character; if it is right, write' : 'write';
  throw notCanonical(field, `${shown(address)} is not in canonical form (BIP-173, lower case): ${advice} ${canonical}`);
}

/** The asset that a chain's fees are paid in. */
export function nativeAsset(chain: ChainId): AssetId {
  const network = networkOf(chain, 'chain');
  return parseAssetId(`${network.chain}/slip44:${network.coinType}`, 'asset');
}

/** The asset, if it is its chain's native one in its one form. Throws as `canonicalAddress` does. */
export function canonicalAsset(asset: AssetId, field: string): AssetId {
  const canonical = nativeAsset(networkOf(assetParts(asset).chain, field).chain);
  if (asset !== canonical) throw notCanonical(field, `expected ${canonical}, got ${shown(asset)}`);
  return canonical;
}

interface Read {
  readonly network: Network;
  readonly output: Output;
}

function read(address: Address, field: string): Read {
  const network = networkOf(chainOfAddress(address), field);
  const text = referenceOfAddress(address);
  const own = networks.filter((other) => text.toLowerCase().startsWith(`${other.segwitPrefix}1`));
  const output = own.length > 0 ? readSegwit(text, own, network, field) : readBase58(text, network, field);
  return { network, output };
}

function readSegwit(text: string, own: readonly Network[], network: Network, field: string): Output {
  const { segwitPrefix } = network;
  if (!own.some((other) => other.segwitPrefix === segwitPrefix)) throw foreign(text, own, network, field);
  const lower = text.toLowerCase();
  const plain = bech32.decodeUnsafe(lower, 90);
  const [version, ...words] = (plain ?? bech32m.decodeUnsafe(lower, 90))?.words ?? [];
  if (version === undefined) throw notCanonical(field, `${shown(text)} fails its checksum: compare it with its source`);
  // BIP-350: version 0 has BIP-173's checksum, every later one its own.
  if ((version === 0) !== (plain !== undefined)) {
    throw notCanonical(
      field,
      `${shown(text)} has the checksum of another witness version than its ${version} (BIP-350)`,
    );
  }
  const program = bech32.fromWordsUnsafe(words);
  if (version > 16 || !program || program.length < 2 || program.length > 40) {
    throw notCanonical(field, `${shown(text)} holds no witness program (BIP-141)`);
  }
  return readProgram(version, program, text, field);
}

function readProgram(version: number, program: Uint8Array, text: string, field: string): Output {
  if (version === 0 && program.length === 20) return { kind: 'wpkh', program };
  if (version === 0 && program.length === 32) return { kind: 'wsh', program };
  if (version === 0) throw notCanonical(field, `${shown(text)} has ${program.length} bytes for 20 or 32 (BIP-141)`);
  if (version === 1 && program.length === 32) {
    if (isPoint(program)) return { kind: 'tr', program };
    throw new Malformed(field, `${shown(text)} is a taproot key that is no point: nobody could spend what it gets`);
  }
  throw new Malformed(
    field,
    `${shown(text)} pays witness version ${version} with ${program.length} bytes, which no rule gives to anybody yet`,
  );
}

function readBase58(text: string, network: Network, field: string): Output {
  const bytes = decodeBase58(text);
  if (bytes === undefined) {
    throw notCanonical(
      field,
      `${shown(text)} is no address of Bitcoin, or fails its checksum: compare it with its source`,
    );
  }
  const [version] = bytes;
  const program = bytes.slice(1);
  if (program.length !== 20) throw notCanonical(field, `${shown(text)} holds ${program.length} bytes for 20`);
  if (version === network.publicKeyHash) return { kind: 'pkh', program };
  if (version === network.scriptHash) return { kind: 'sh', program };
  const own = networks.filter((other) => other.publicKeyHash === version || other.scriptHash === version);
  if (own.length > 0) throw foreign(text, own, network, field);
  throw notCanonical(field, `${shown(text)} has version byte ${version}, which is no address of Bitcoin`);
}

function decodeBase58(text: string): Uint8Array | undefined {
  // 21 bytes and a checksum are 26 to 35 characters; decoding takes time by their square.
  if (text.length > 40) return undefined;
  try {
    return base58check.decode(text);
  } catch {
    return undefined;
  }
}

function spell({ kind, program }: Output, network: Network): string {
  switch (kind) {
    case 'pkh':
      return base58check.encode(Uint8Array.of(network.publicKeyHash, ...program));
    case 'sh':
      return base58check.encode(Uint8Array.of(network.scriptHash, ...program));
    case 'wpkh':
    case 'wsh':
      return bech32.encode(network.segwitPrefix, [0, ...bech32.toWords(program)]);
    case 'tr':
      return bech32m.encode(network.segwitPrefix, [1, ...bech32m.toWords(program)]);
  }
}

function foreign(text: string, own: readonly Network[], network: Network, field: string): Malformed {
  const names = own.map(({ name }) => name).join(', ');
  return notCanonical(field, `${shown(text)} is of ${names}, and the chain is ${network.name}`);
}

function notCanonical(field: string, message: string): Malformed {
  return new Malformed(field, message, 'address-not-canonical');
}
