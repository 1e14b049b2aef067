import { createHmac, pbkdf2Sync } from 'node:crypto';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { HDKey } from '@scure/bip32';

/** Speculos' default seed: a public test seed, never to hold money. Master fingerprint f5acc2fd. */
export const defaultSeed =
  'glory promote mansion idle axis finger extra february uncover one trip resource lawn turtle enact monster seven myth punch hobby comfort wild raise skin';

export const hardened = 0x8000_0000;

/** r ‖ s, and whether the point's y is odd. */
export interface Signature {
  readonly rs: Uint8Array;
  readonly odd: boolean;
}

export interface PublicKey {
  /** 65 bytes, uncompressed (SEC 1). */
  readonly point: Uint8Array;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
  /** The first four bytes of the parent's HASH160 (BIP-32), u32be; 0 for the root. */
  readonly parentFingerprint: number;
}

interface Key {
  readonly node: HDKey;
  readonly point: Uint8Array;
}

/** The keys of one device: BIP-39 words to a BIP-32 tree, remembered by path because hosts ask for the same few. */
export class Seed {
  readonly #root: HDKey;
  readonly #slip21: Uint8Array;
  readonly #keys = new Map<string, Key>();

  /** Throws where these can't be BIP-39 words. */
  constructor(words: string) {
    const seed = bip39Seed(words);
    this.#root = HDKey.fromMasterSeed(seed);
    this.#slip21 = hmacSha512(new TextEncoder().encode('Symmetric key seed'), seed);
  }

  /** As BIP-32 has it, u32be. */
  get fingerprint(): number {
    return this.#root.fingerprint;
  }

  /** SLIP-21: the key of the node one label below the root, 32 bytes. */
  symmetricKey(label: string): Uint8Array {
    const child = new TextEncoder().encode(`\0${label}`);
    return hmacSha512(this.#slip21.subarray(0, 32), child).subarray(32);
  }

  publicKey(path: readonly number[]): PublicKey {
    const { node, point } = this.#key(path);
    if (node.chainCode === null) throw new Error('a BIP-32 node without a chain code');
    return { point, chainCode: node.chainCode, parentFingerprint: node.parentFingerprint };
  }

  /** Deterministic (RFC 6979) and low-S, over a 32-byte digest. */
  sign(path: readonly number[], digest: Uint8Array): Signature {
    const { privateKey } = this.#key(path).node;
    if (privateKey === null) throw new Error('a BIP-32 node without a private key');
    const [recovery = 0, ...rs] = secp256k1.sign(digest, privateKey, { prehash: false, format: 'recovered' });
    return { rs: Uint8Array.from(rs), odd: (recovery & 1) === 1 };
  }

  /** BIP-340, randomised. A tweak is added to the key whose point has an even y, as BIP-341 has it. */
  signSchnorr(path: readonly number[], digest: Uint8Array, tweak?: Uint8Array): Uint8Array {
    const { privateKey } = this.#key(path).node;
    if (privateKey === null) throw new Error('a BIP-32 node without a private key');
    if (tweak === undefined) return schnorr.sign(digest, privateKey);
    const { Fn } = secp256k1.Point;
    const secret = Fn.fromBytes(privateKey);
    const even = secp256k1.getPublicKey(privateKey)[0] === 2 ? secret : Fn.neg(secret);
    return schnorr.sign(digest, numberToBytesBE(Fn.add(even, bytesToNumberBE(tweak)), 32));
  }

  #key(path: readonly number[]): Key {
    const name = path.join('/');
    let key = this.#keys.get(name);
    if (key === undefined) {
      const node = path.reduce((parent, index) => parent.deriveChild(index), this.#root);
      if (node.publicKey === null) throw new Error('a BIP-32 node without a key');
      key = { node, point: secp256k1.Point.fromBytes(node.publicKey).toBytes(false) };
      if (this.#keys.size >= 4096) this.#keys.clear();
      this.#keys.set(name, key);
    }
    return key;
  }
}

const hmacSha512 = (key: Uint8Array, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac('sha512', key).update(data).digest());

/** BIP-39, without a passphrase. As in Speculos the checksum isn't looked at: test seeds needn't have a right one. */
function bip39Seed(words: string): Uint8Array {
  const list = words.normalize('NFKD').trim().split(/\s+/);
  if (![12, 15, 18, 21, 24].includes(list.length))
    throw new Error(`a seed of ${list.length} words; BIP-39 has 12 to 24`);
  return pbkdf2Sync(list.join(' '), 'mnemonic', 2048, 64, 'sha512');
}
