import { toHex } from '../../domain/index.ts';
import { compactSize, joined, type Reader, sized, undecodable } from './wire.ts';

/** One entry of a PSBT's map (BIP-174, "Specification"): `<keytype> <keydata>` and a value. */
export interface Entry {
  readonly type: number;
  readonly data: Uint8Array;
  readonly value: Uint8Array;
}

/** `psbt` and 0xff. */
export const magic = Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff);

/** An input of 15 keys has 20, and a global map as many; each costs time, and hostile ones would be hundreds of thousands. */
const mostEntries = 64;

/** Reads one map to its separator. A key that stands twice refuses it (BIP-174: "keys … must be unique"). */
export function readMap(reader: Reader, place: string): Entry[] {
  const entries: Entry[] = [];
  const keys = new Set<string>();
  for (;;) {
    const length = reader.compactSize();
    if (length === 0) return entries;
    if (entries.length === mostEntries) throw undecodable(`${place} has more than ${mostEntries} entries`);
    const start = reader.at;
    const type = reader.compactSize();
    const rest = length - (reader.at - start);
    if (rest < 0) throw undecodable(`a key of ${place} is shorter than its type, at offset ${start}`);
    const data = reader.take(rest);
    const key = toHex(reader.since(start));
    if (keys.has(key)) throw undecodable(`${place} has the key ${key.slice(0, 80)} twice`);
    keys.add(key);
    entries.push({ type, data, value: reader.bytes() });
  }
}

/** A map in its one order: by type, then by key data. */
export function writeMap(entries: readonly Entry[]): Uint8Array {
  const keyed = entries.map(({ type, data, value }) => ({ key: joined([compactSize(type), data]), value }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  return joined([...keyed.flatMap(({ key, value }) => [sized(key), sized(value)]), Uint8Array.of(0)]);
}
