/** Chance, the same for the same seed on every machine: mulberry32. Not for secrets. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** How many of what comes `mean` times on average come this time. Knuth's way: for small means. */
  poisson(mean: number): number {
    const end = Math.exp(-mean);
    let count = 0;
    for (let product = this.next(); product > end; product *= this.next()) count++;
    return count;
  }

  /** Pareto: most are near `least`, some are far above, none above `most`. */
  pareto(least: number, alpha: number, most: number): number {
    return Math.min(most, least / (1 - this.next()) ** (1 / alpha));
  }

  /** How often in a row something that goes on with this probability goes on. */
  repeats(probability: number): number {
    let count = 0;
    while (this.happens(probability)) count++;
    return count;
  }
}

/** Draws the index of one of `count` things, of which the nth is drawn in proportion to n^-exponent. */
export function zipf(count: number, exponent: number): (chance: Chance) => number {
  const sums: number[] = [];
  let sum = 0;
  for (let n = 1; n <= count; n++) {
    sum += n ** -exponent;
    sums.push(sum);
  }
  return (chance) => {
    const at = chance.next() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
