/** How much may be in flight at once; whoever is let in must leave. */
export class Ceiling {
  readonly #most: number;
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Undefined when full; else what to call, once, on leaving. A second call does nothing. */
  enter(): (() => void) | undefined {
    if (this.#inside >= this.#most) return undefined;
    this.#inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside -= 1;
    };
  }
}
