/** One thing at a time, in the order of asking. */
export class Turn {
  #tail: Promise<unknown> = Promise.resolve();
  #taken = 0;

  /** Whether something runs or waits. */
  get busy(): boolean {
    return this.#taken > 0;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#taken += 1;
    const turn = this.#tail.then(work).finally(() => {
      this.#taken -= 1;
    });
    // How it ended is for the one who asked; the next in line only waits for the end.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}
