import { HDKey } from '@scure/bip32';
import { mnemonicToSeedSync } from '@scure/bip39';
import { p2ms, p2pkh, p2sh, p2tr, p2wpkh, p2wsh } from '@scure/btc-signer';
import { defaultSeed } from '../../../simulators/ledger/os/seed.ts';

/** The default seed of Speculos, a public test seed; and two that stand for other people's devices. */
const root = HDKey.fromMasterSeed(mnemonicToSeedSync(defaultSeed));
const others = [1, 2].map((i) => HDKey.fromMasterSeed(new Uint8Array(32).fill(i)));

const hardened = 2 ** 31;

export const kinds = [
  'pkh',
  'sh(wpkh)',
  'wpkh',
  'tr',
  'wsh(sortedmulti)',
  'sh(wsh(sortedmulti))',
  'sh(sortedmulti)',
] as const;
export type Kind = (typeof kinds)[number];

const purposes: Readonly<Record<Kind, readonly number[]>> = {
  pkh: [44],
  'sh(wpkh)': [49],
  wpkh: [84],
  tr: [86],
  'wsh(sortedmulti)': [48, 2],
  'sh(wsh(sortedmulti))': [48, 1],
  'sh(sortedmulti)': [45],
};
const multi = 'sortedmulti(2,@0/**,@1/**,@2/**)';

/** An output's script and those behind it. */
export interface Payment {
  readonly script: Uint8Array;
  readonly redeemScript?: Uint8Array | undefined;
  readonly witnessScript?: Uint8Array | undefined;
  readonly tapInternalKey?: Uint8Array | undefined;
}

/** An account of the emulated device as a wallet's software knows it: its policy, its scripts, what a PSBT says of them. */
export class BitcoinAccount {
  readonly kind: Kind;
  readonly testnet: boolean;
  readonly path: readonly number[];

  constructor(kind: Kind, testnet = false) {
    const [purpose = 0, scriptType] = purposes[kind];
    this.kind = kind;
    this.testnet = testnet;
    const steps = [purpose, testnet ? 1 : 0, 0, ...(scriptType === undefined ? [] : [scriptType])];
    this.path = steps.map((step) => step + hardened);
  }

  get isDefault(): boolean {
    return !this.kind.includes('multi');
  }

  /** BIP-388. */
  get template(): string {
    if (this.isDefault) return this.kind === 'sh(wpkh)' ? 'sh(wpkh(@0/**))' : `${this.kind}(@0/**)`;
    return this.kind.replace('sortedmulti', multi);
  }

  get keys(): readonly string[] {
    return this.#roots.map((each) => {
      const origin = this.path.map((step) => `/${step - hardened}'`).join('');
      const fingerprint = each.fingerprint.toString(16).padStart(8, '0');
      return `[${fingerprint}${origin}]${this.#account(each).publicExtendedKey}`;
    });
  }

  /** How @scure/btc-signer describes the output of an address. */
  payment(change: boolean, index: number): Payment {
    const keys = this.#roots.map((each) => this.#key(each, change, index));
    const [own = new Uint8Array(0)] = keys;
    const sorted = () => p2ms(2, [...keys].sort(Buffer.compare));
    switch (this.kind) {
      case 'pkh':
        return p2pkh(own);
      case 'sh(wpkh)':
        return p2sh(p2wpkh(own));
      case 'wpkh':
        return p2wpkh(own);
      case 'tr':
        return p2tr(own.subarray(1));
      case 'wsh(sortedmulti)':
        return p2wsh(sorted());
      case 'sh(wsh(sortedmulti))':
        return p2sh(p2wsh(sorted()));
      case 'sh(sortedmulti)':
        return p2sh(sorted());
    }
  }

  script(change: boolean, index: number): Uint8Array {
    return this.payment(change, index).script;
  }

  /** The fields by which an input or output says whose it is. */
  derivations(change: boolean, index: number) {
    const all = this.#roots.map((each) => {
      const pubkey = this.#key(each, change, index);
      return { pubkey, der: { fingerprint: each.fingerprint, path: [...this.path, change ? 1 : 0, index] } };
    });
    if (this.kind !== 'tr')
      return { bip32Derivation: all.map(({ pubkey, der }) => [pubkey, der] as [Uint8Array, typeof der]) };
    return {
      tapBip32Derivation: all.map(
        ({ pubkey, der }) =>
          [pubkey.subarray(1), { hashes: [], der }] as [Uint8Array, { hashes: Uint8Array[]; der: typeof der }],
      ),
    };
  }

  /** The public key that the device signs with, 33 bytes. */
  publicKey(change: boolean, index: number): Uint8Array {
    return this.#key(root, change, index);
  }

  get #roots(): readonly HDKey[] {
    return this.isDefault ? [root] : [root, ...others];
  }

  #account(each: HDKey): HDKey {
    const versions = this.testnet
      ? { private: 0x04358394, public: 0x043587cf }
      : { private: 0x0488ade4, public: 0x0488b21e };
    const node = this.path.reduce((parent, step) => parent.deriveChild(step), each);
    return HDKey.fromExtendedKey(
      new HDKey({
        versions,
        ...(node.publicKey === null ? {} : { publicKey: node.publicKey }),
        ...(node.chainCode === null ? {} : { chainCode: node.chainCode }),
        depth: node.depth,
        index: node.index,
        parentFingerprint: node.parentFingerprint,
      }).publicExtendedKey,
      versions,
    );
  }

  #key(each: HDKey, change: boolean, index: number): Uint8Array {
    const { publicKey } = this.#account(each)
      .deriveChild(change ? 1 : 0)
      .deriveChild(index);
    if (publicKey === null) throw new Error('no public key');
    return publicKey;
  }
}
