import { type BucketWindow, bucketOf, bucketWindows, oldestBucket } from './buckets.ts';
import { domainTag, sha256, toHex } from './digest.ts';
import { Reader, Writer } from './packing.ts';
import type { WitnessedMs } from './time.ts';

/** Who was seen, and in which bucket of the hour's width last. */
interface Sight {
  /** The first 8 bytes of a hash of the name, hex: enough to tell accounts apart. */
  readonly who: string;
  readonly at: number;
}

const version = 2;
const utf8 = new TextEncoder();

/**
 * How many different ones were seen lately (formats.md, "Who was seen"): of each thing the newest few, each with the time at which
 * it was seen last. However many there are, it keeps no more than it was asked to: enough to tell that there were more than so many.
 */
export class Seen {
  /** Newest first. */
  readonly #things: ReadonlyMap<string, readonly Sight[]>;

  private constructor(things: ReadonlyMap<string, readonly Sight[]>) {
    this.#things = things;
  }

  static readonly nobody = new Seen(new Map());

  /** What `pack` made. The row is under a MAC, so anything else is the program's mistake, and throws. */
  static parse(packed: Uint8Array): Seen {
    const reader = new Reader(packed);
    if (reader.uint8() !== version) throw new Error('who was seen is of an unknown version');
    const things = new Map<string, readonly Sight[]>();
    while (!reader.done) {
      const name = reader.name();
      const sights: Sight[] = [];
      for (let left = reader.uint16(); left > 0; left--)
        sights.push({ who: toHex(reader.bytes(8)), at: reader.uint32() });
      things.set(name, sights);
    }
    return new Seen(things);
  }

  pack(): Uint8Array {
    const writer = new Writer();
    writer.uint8(version);
    for (const [name, sights] of [...this.#things].sort(([a], [b]) => (a < b ? -1 : 1))) {
      writer.name(name);
      writer.uint16(sights.length);
      for (const { who, at } of sights) {
        writer.bytes(new Uint8Array(Buffer.from(who, 'hex')));
        writer.uint32(at);
      }
    }
    return writer.done();
  }

  /** The same after `who` was seen at `w`. The newest `most` are kept, and nothing that no window reaches. */
  add(thing: string, who: string, most: number, w: WitnessedMs): Seen {
    const sight: Sight = { who: shortHash(who), at: bucketOf('hour', w) };
    const first = firstAt('week', w);
    const lately = (sights: readonly Sight[]): Sight[] => sights.filter(({ at }) => at >= first);
    const others = lately(this.#things.get(thing) ?? []).filter((s) => s.who !== sight.who);
    const kept = new Map([...this.#things].filter(([, sights]) => lately(sights).length > 0));
    return new Seen(kept.set(thing, [sight, ...others].slice(0, most)));
  }

  /** The same, with nobody seen of this thing. */
  without(thing: string): Seen {
    return new Seen(new Map([...this.#things].filter(([name]) => name !== thing)));
  }

  /** How many of those that are kept were seen within the window that ends at `w`, and at most one bucket's width before it. */
  within(thing: string, window: BucketWindow, w: WitnessedMs): number {
    const first = firstAt(window, w);
    return (this.#things.get(thing) ?? []).filter(({ at }) => at >= first).length;
  }
}

/** The oldest bucket of the hour's width that the window reaches; for longer windows that of the window's own bucket. */
function firstAt(window: BucketWindow, w: WitnessedMs): number {
  return bucketOf('hour', (oldestBucket(window, w) * bucketWindows[window].width) as WitnessedMs);
}

function shortHash(who: string): string {
  return toHex(sha256(domainTag('portcullis/seen/v1'), utf8.encode(who)).subarray(0, 8));
}
