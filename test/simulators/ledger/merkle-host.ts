import { bytesToHex, concatBytes, hexToBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { BitcoinHolder } from './bitcoin-holder.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const leafOf = (element: Uint8Array): Uint8Array => sha256(concatBytes(Uint8Array.of(0), element));

/** As RFC 9162 §2.1.1 defines it, by recursion: another way than the emulator's. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return new Uint8Array(32);
  if (leaves.length === 1) return only;
  const split = splitOf(leaves.length);
  return sha256(concatBytes(Uint8Array.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split))));
}

/** RFC 9162 §2.1.3.1. */
function proofOf(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  return index < split
    ? [...proofOf(leaves.slice(0, split), index), rootOf(leaves.slice(split))]
    : [...proofOf(leaves.slice(split), index - split), rootOf(leaves.slice(0, split))];
}

const splitOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));

/** Bitcoin's compact size, below 2³². */
export function compactSize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  if (value <= 0xffff) return Uint8Array.of(0xfd, value & 0xff, value >> 8);
  return Uint8Array.of(0xfe, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24);
}

/** How a host may lie: given a request and the honest reply, what it says instead. */
export type Lie = (request: Uint8Array, honest: Uint8Array) => Uint8Array;

/** A host's side of the Bitcoin app's protocol, written for these tests: it knows preimages and trees. */
export class MerkleHost {
  /** How many bytes of a preimage, or hashes of a proof, go into one reply. */
  portion = 200;
  lie: Lie = (_, honest) => honest;
  /** All that was asked, in hex. */
  readonly asked: string[] = [];
  readonly #preimages = new Map<string, Uint8Array>();
  readonly #trees = new Map<string, readonly Uint8Array[]>();
  #rest: Uint8Array[] = [];

  /** Makes the preimage of a hash known, and gives the hash. */
  know(bytes: Uint8Array): Uint8Array {
    const hash = sha256(bytes);
    this.#preimages.set(bytesToHex(hash), bytes);
    return hash;
  }

  /** Makes a tree known, and gives its root. */
  tree(elements: readonly Uint8Array[]): Uint8Array {
    for (const element of elements) this.know(concatBytes(Uint8Array.of(0), element));
    const leaves = elements.map(leafOf);
    const root = rootOf(leaves);
    this.#trees.set(bytesToHex(root), leaves);
    return root;
  }

  /** A policy's serialization; all that belongs to it becomes known. The first version has the template itself in it. */
  policy(name: string, template: string, keys: readonly string[], version: 1 | 2 = 2): Uint8Array {
    const bytes = concatBytes(
      Uint8Array.of(version, name.length),
      text(name),
      compactSize(template.length),
      version === 1 ? text(template) : this.know(text(template)),
      compactSize(keys.length),
      this.tree(keys.map(text)),
    );
    this.know(bytes);
    return bytes;
  }

  /** Sends a command and serves the app until it answers, or until it asks its holder: undefined. */
  async run(holder: BitcoinHolder, command: string): Promise<string | undefined> {
    let answer = await holder.send(command);
    while (answer?.endsWith('e000')) answer = await holder.send(continued(this.reply(answer.slice(0, -4))));
    return answer;
  }

  reply(asked: string): Uint8Array {
    this.asked.push(asked);
    const request = hexToBytes(asked);
    return this.lie(request, this.#honest(request));
  }

  #honest(request: Uint8Array): Uint8Array {
    const first = bytesToHex(request.subarray(1, 33));
    switch (request[0]) {
      case 0x40: {
        const preimage = this.#preimages.get(bytesToHex(request.subarray(2)));
        if (preimage === undefined) throw new Error('the device asks for a preimage that nobody knows');
        this.#rest = [...preimage.slice(this.portion)].map((byte) => Uint8Array.of(byte));
        const part = preimage.subarray(0, this.portion);
        return concatBytes(compactSize(preimage.length), Uint8Array.of(part.length), part);
      }
      case 0x41: {
        const leaves = this.#leaves(first);
        const index = request.at(-1) ?? 0;
        const proof = proofOf(leaves, index);
        const count = Math.min(this.portion, 6);
        this.#rest = proof.slice(count);
        const part = proof.slice(0, count);
        return concatBytes(leaves[index] ?? new Uint8Array(32), Uint8Array.of(proof.length, part.length), ...part);
      }
      case 0x42: {
        const leaf = bytesToHex(request.subarray(33));
        const index = this.#leaves(first).findIndex((each) => bytesToHex(each) === leaf);
        return index < 0 ? Uint8Array.of(0, 0) : concatBytes(Uint8Array.of(1), compactSize(index));
      }
      case 0xa0: {
        const width = this.#rest[0]?.length ?? 0;
        const part = this.#rest.splice(0, Math.min(this.portion, Math.floor(250 / width)));
        return concatBytes(Uint8Array.of(part.length, width), ...part);
      }
      default:
        return new Uint8Array(0);
    }
  }

  #leaves(root: string): readonly Uint8Array[] {
    const leaves = this.#trees.get(root);
    if (leaves === undefined) throw new Error('the device asks for a tree that nobody knows');
    return leaves;
  }
}

/** CONTINUE with a reply. */
export const continued = (reply: Uint8Array): string => `f8010001${hex(reply.length)}${bytesToHex(reply)}`;

/** A command of class E1. */
export const command = (instruction: number, ...data: readonly Uint8Array[]): string => {
  const bytes = concatBytes(...data);
  return `e1${hex(instruction)}0001${hex(bytes.length)}${bytesToHex(bytes)}`;
};

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
