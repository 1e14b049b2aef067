import { HDKey } from '@scure/bip32';
import { p2wpkh } from '@scure/btc-signer';

/** What a network's addresses and extended keys begin with. */
export interface BitcoinNetwork {
  readonly bech32: string;
  readonly pubKeyHash: number;
  readonly scriptHash: number;
  readonly wif: number;
}

/** Bitcoin's regtest. */
export const regtest: BitcoinNetwork = { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef };

/** SLIP-132 has others; a descriptor has `tpub` on every test network. */
const testKeys = { private: 0x04358394, public: 0x043587cf };

/** A script of the wallet's, and where its key lies: what a PSBT says of an input, or of change, so that a signer knows it. */
export interface Place {
  /** 0 to receive, 1 for change. */
  readonly branch: 0 | 1;
  readonly index: number;
  readonly script: Uint8Array;
  readonly address: string;
  /** BIP-174: by public key, the master's fingerprint and the path from it. */
  readonly bip32Derivation: [Uint8Array, { fingerprint: number; path: number[] }][];
}

/** Keys that derive, and a key that does not, as an HSM has: then there is one place, wherever it is asked for. */
const form = /^wpkh\(\[([0-9a-f]{8})((?:\/\d+['h]?)*)\](tpub\w+)\/<0;1>\/\*\)(?:#\w{8})?$/;
const single = /^wpkh\((0[23][0-9a-f]{64})\)(?:#\w{8})?$/;

/**
 * A wallet by its public half: it derives every address, and can't sign. `portcullis wallet show` prints the descriptor. This
 * sample knows `wpkh` of one key on test networks, a Ledger's or an HSM's; for others, give `place` their scripts.
 */
export class WatchedWallet {
  readonly network: BitcoinNetwork;
  readonly #derive: (branch: 0 | 1, index: number) => Place;
  readonly #places = new Map<string, Place>();

  constructor(descriptor: string, network: BitcoinNetwork = regtest) {
    this.network = network;
    const [, key] = single.exec(descriptor) ?? [];
    if (key === undefined) {
      this.#derive = derivation(descriptor, network);
      return;
    }
    const only: Place = { branch: 0, index: 0, ...scriptOf(Buffer.from(key, 'hex'), network), bip32Derivation: [] };
    this.#derive = () => only;
  }

  place(branch: 0 | 1, index: number): Place {
    const name = `${branch}/${index}`;
    const place = this.#places.get(name) ?? this.#derive(branch, index);
    this.#places.set(name, place);
    return place;
  }
}

function derivation(descriptor: string, network: BitcoinNetwork): (branch: 0 | 1, index: number) => Place {
  const [, fingerprint, origin, xpub] = form.exec(descriptor) ?? [];
  if (fingerprint === undefined || origin === undefined || xpub === undefined)
    throw new Error(
      `this sample builds for wpkh([fingerprint/path]tpub/<0;1>/*) and wpkh(KEY) only, not for ${descriptor}`,
    );
  const account = HDKey.fromExtendedKey(xpub, testKeys);
  const branches = [account.deriveChild(0), account.deriveChild(1)];
  const steps = origin.split('/').slice(1).map(stepOf);
  return (branch, index) => {
    const key = branches[branch]?.deriveChild(index).publicKey;
    if (key == null) throw new Error(`BIP-32 has no key at /${branch}/${index}`);
    const path = [...steps, branch, index];
    const bip32Derivation: Place['bip32Derivation'] = [[key, { fingerprint: Number.parseInt(fingerprint, 16), path }]];
    return { branch, index, ...scriptOf(key, network), bip32Derivation };
  };
}

function scriptOf(key: Uint8Array, network: BitcoinNetwork): Pick<Place, 'script' | 'address'> {
  const { script, address } = p2wpkh(key, network);
  if (address === undefined) throw new Error('a script without an address');
  return { script, address };
}

/** Hardened steps have bit 31 set (BIP-32). */
function stepOf(step: string): number {
  return Number.parseInt(step, 10) + (/['h]$/.test(step) ? 2 ** 31 : 0);
}
