import type { Host } from '../host.ts';
import { leafHash, type MerkleMap } from '../merkle.ts';
import { Reader } from '../reader.ts';
import { wrongPsbt } from './refusal.ts';

/** One of the PSBT's maps, of which the app holds only a commitment: it asks the host for each value, each time anew. */
export class PsbtMap {
  readonly #host: Host;
  readonly #map: MerkleMap;

  constructor(host: Host, map: MerkleMap) {
    this.#host = host;
    this.#map = map;
  }

  /** Undefined where the host says that there is no such field. A longer value than `max` is the end of the command. */
  async value(field: number, max?: number): Promise<Uint8Array | undefined> {
    const { keysRoot, size } = this.#map;
    const index = await this.#host.leafIndex(keysRoot, size, leafHash(Uint8Array.of(field)));
    return index === undefined ? undefined : this.valueAt(index, max);
  }

  /** A field that must be there, and have this length. */
  async required(field: number, length: number): Promise<Uint8Array> {
    const value = await this.value(field, length);
    if (value?.length !== length) throw wrongPsbt(`field ${field}: missing, or not ${length} bytes`);
    return value;
  }

  /** The value of the key at an index, in the keys' order. */
  valueAt(index: number, max?: number): Promise<Uint8Array> {
    return this.#host.merkleLeaf(this.#map.valuesRoot, this.#map.size, index, max);
  }

  /** Asks for every key: each must be in its place, greater than the one before. */
  async visitKeys(visit?: (key: Uint8Array, index: number) => Promise<void>): Promise<void> {
    const { keysRoot, size } = this.#map;
    let before: Uint8Array | undefined;
    for (let i = 0; i < size; i++) {
      const key = await this.#host.merkleLeaf(keysRoot, size, i);
      if (before !== undefined && Buffer.compare(before, key) >= 0)
        throw wrongPsbt('a map whose keys are not in order');
      before = key;
      await visit?.(key, i);
    }
  }
}

/** The maps of all inputs, or of all outputs: a tree of their commitments. */
export interface PsbtMaps {
  readonly count: number;
  readonly root: Uint8Array;
}

/** The commitment to one map; nothing of it has been looked at yet. */
export async function findMap(host: Host, { count, root }: PsbtMaps, index: number): Promise<PsbtMap> {
  const reader = new Reader(await host.merkleLeaf(root, count, index, 9 + 2 * 32), (why) =>
    wrongPsbt(`in a map: ${why}`),
  );
  return new PsbtMap(host, { size: reader.varint(), keysRoot: reader.take(32), valuesRoot: reader.take(32) });
}

/** One map, its keys found to be in order. */
export async function openMap(host: Host, maps: PsbtMaps, index: number): Promise<PsbtMap> {
  const map = await findMap(host, maps, index);
  await map.visitKeys();
  return map;
}
