import { Reader, Writer } from './packing.ts';
import { day, hour, minute, type WitnessedMs } from './time.ts';

/**
 * What was paid lately, in buckets of witnessed time (formats.md, "Buckets"): as much work and as many bytes after ten million
 * payments as after a thousand. A window of each length is kept of whatever is counted at all, so that a limit over another
 * window, which policy adds later, does not start from zero. What no limit names is not counted: a limit on another asset, or
 * on young payments, starts from what is paid after it took effect.
 */

/** How long each window is, and how finely it is kept, ms. */
export const bucketWindows = {
  hour: { length: hour, width: 5 * minute },
  day: { length: day, width: hour },
  week: { length: 7 * day, width: 6 * hour },
} as const;
export type BucketWindow = keyof typeof bucketWindows;

const windowNames = ['week', 'day', 'hour'] as const satisfies readonly BucketWindow[];

/** Amounts by the number of their bucket, ⌊W ÷ width⌋; none is zero. */
type Ring = ReadonlyMap<number, bigint>;
type Rings = Readonly<Record<BucketWindow, Ring>>;

const none: Rings = { hour: new Map(), day: new Map(), week: new Map() };

/** The oldest bucket that overlaps the window which ends at `w`: the window reaches back over its own beginning. */
export function oldestBucket(window: BucketWindow, w: WitnessedMs): number {
  const { length, width } = bucketWindows[window];
  return Math.max(0, Math.floor((w - length) / width));
}

export const bucketOf = (window: BucketWindow, w: WitnessedMs): number => Math.floor(w / bucketWindows[window].width);

/**
 * All that is counted within one scope: an immutable value. A thing's name is the caller's: printable ASCII, at most 255 bytes.
 * Things that nobody asks for stay packed.
 */
export class Buckets {
  readonly #things: ReadonlyMap<string, Uint8Array>;
  /** What was asked for already: several limits count the same thing. */
  readonly #unpacked = new Map<string, Rings>();

  private constructor(things: ReadonlyMap<string, Uint8Array>) {
    this.#things = things;
  }

  static readonly empty = new Buckets(new Map());

  /** What `packed` made. The row is under a MAC, so anything else is the program's mistake, and throws. */
  static parse(packed: Uint8Array): Buckets {
    const reader = new Reader(packed);
    if (reader.uint8() !== version) throw new Error('buckets of an unknown version');
    const things = new Map<string, Uint8Array>();
    while (!reader.done) {
      const name = reader.name();
      things.set(name, reader.bytes(reader.uint16()));
    }
    return new Buckets(things);
  }

  pack(): Uint8Array {
    const things = [...this.#things].sort(([a], [b]) => (a < b ? -1 : 1));
    const writer = new Writer();
    writer.uint8(version);
    for (const [name, rings] of things) {
      writer.name(name);
      writer.uint16(rings.length);
      writer.bytes(rings);
    }
    return writer.done();
  }

  /** The same with `amount` more of a thing at `w`. What no window that ends at `w` reaches is forgotten. */
  add(thing: string, amount: bigint, w: WitnessedMs): Buckets {
    if (amount <= 0n) throw new Error('only what is more than nothing is counted');
    const before = this.#rings(thing);
    const ring = (window: BucketWindow): Ring => {
      const first = oldestBucket(window, w);
      const at = bucketOf(window, w);
      const kept = new Map([...before[window]].filter(([bucket]) => bucket >= first));
      return kept.set(at, (kept.get(at) ?? 0n) + amount);
    };
    const things = new Map([...this.#things].filter(([, rings]) => newestWeek(rings) >= oldestBucket('week', w)));
    return new Buckets(things.set(thing, packRings({ hour: ring('hour'), day: ring('day'), week: ring('week') })));
  }

  /** Takes back what was added at `at`, from the buckets that it went into, as far as they are still kept. */
  giveBack(thing: string, amount: bigint, at: WitnessedMs): Buckets {
    if (!this.#things.has(thing)) return this;
    const before = this.#rings(thing);
    const ring = (window: BucketWindow): Ring => {
      const bucket = bucketOf(window, at);
      const held = before[window].get(bucket);
      // A bucket that holds less never had it. Counted too much is the mistake that loses nobody money.
      if (held === undefined || held < amount) return before[window];
      const after = new Map(before[window]);
      if (held === amount) after.delete(bucket);
      else after.set(bucket, held - amount);
      return after;
    };
    const after: Rings = { hour: ring('hour'), day: ring('day'), week: ring('week') };
    const things = new Map(this.#things);
    if (windowNames.every((window) => after[window].size === 0)) things.delete(thing);
    else things.set(thing, packRings(after));
    return new Buckets(things);
  }

  /** The same, with nothing counted of this thing. */
  without(thing: string): Buckets {
    return new Buckets(new Map([...this.#things].filter(([name]) => name !== thing)));
  }

  /** What was added within the window that ends at `w`, and at most one bucket's width before it: each bucket counts whole. */
  within(thing: string, window: BucketWindow, w: WitnessedMs): bigint {
    const first = oldestBucket(window, w);
    let sum = 0n;
    for (const [bucket, amount] of this.#rings(thing)[window]) if (bucket >= first) sum += amount;
    return sum;
  }

  /** The first W at which no more than `most` is counted within the window, if nothing is added meanwhile. */
  freesAt(thing: string, window: BucketWindow, w: WitnessedMs, most: bigint): WitnessedMs {
    const { length, width } = bucketWindows[window];
    let sum = this.within(thing, window, w);
    let at = w;
    const rising = [...this.#rings(thing)[window]].sort(([a], [b]) => a - b);
    for (const [bucket, amount] of rising) {
      if (sum <= most) break;
      if (bucket < oldestBucket(window, w)) continue;
      sum -= amount;
      // Buckets from `bucket + 1` on overlap the window that ends here, and no earlier.
      at = ((bucket + 1) * width + length) as WitnessedMs;
    }
    return at;
  }

  /** Whether nothing is counted: then there need be no row. */
  get isEmpty(): boolean {
    return this.#things.size === 0;
  }

  #rings(thing: string): Rings {
    const known = this.#unpacked.get(thing);
    if (known !== undefined) return known;
    const packed = this.#things.get(thing);
    const rings = packed === undefined ? none : unpackRings(packed);
    this.#unpacked.set(thing, rings);
    return rings;
  }
}

const version = 1;

/** Of the week, the day and the hour: how many buckets, then each, newest first, as its number, its amount's words, the amount. */
function packRings(rings: Rings): Uint8Array {
  const writer = new Writer();
  for (const window of windowNames) {
    const ring = [...rings[window]].sort(([a], [b]) => b - a);
    writer.uint8(ring.length);
    for (const [bucket, amount] of ring) {
      writer.uint32(bucket);
      writer.amount(amount);
    }
  }
  return writer.done();
}

function unpackRings(packed: Uint8Array): Rings {
  const reader = new Reader(packed);
  const ring = (): Ring => {
    const found = new Map<number, bigint>();
    for (let left = reader.uint8(); left > 0; left--) found.set(reader.uint32(), reader.amount());
    return found;
  };
  const rings = { week: ring(), day: ring(), hour: ring() };
  if (!reader.done) throw new Error('buckets have something after their end');
  return rings;
}

/** The number of the newest bucket of the week, which outlives the others; it stands first, so that nothing else is read for it. */
function newestWeek(packed: Uint8Array): number {
  const reader = new Reader(packed);
  return reader.uint8() === 0 ? -1 : reader.uint32();
}
