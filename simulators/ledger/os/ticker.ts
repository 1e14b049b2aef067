/** The OS hands an app a tick this often; every wait of an app is a number of them. */
export const tickMs = 100;

interface Wait {
  left: number;
  readonly then: () => void;
}

/** The device's sense of time: it can be stopped, and moved on a tick at a time (Speculos' `/ticker/`). */
export class Ticker {
  readonly #waits = new Set<Wait>();
  #beat: NodeJS.Timeout | undefined;
  #paused = false;

  get paused(): boolean {
    return this.#paused;
  }

  /** Calls `then` once so much of the device's time has passed; what it returns calls that off. */
  after(ms: number, then: () => void): () => void {
    const wait = { left: Math.ceil(ms / tickMs), then };
    this.#waits.add(wait);
    this.#run();
    return () => {
      this.#waits.delete(wait);
      this.#run();
    };
  }

  pause(): void {
    this.#paused = true;
    this.#run();
  }

  resume(): void {
    this.#paused = false;
    this.#run();
  }

  /** One tick, whether it is paused or not. */
  step(): void {
    for (const wait of [...this.#waits]) {
      wait.left -= 1;
      // Another that came due before it may have called it off.
      if (wait.left <= 0 && this.#waits.delete(wait)) wait.then();
    }
    this.#run();
  }

  /** Forgets all that is waited for. */
  close(): void {
    this.#waits.clear();
    this.#run();
  }

  /** Ticks go only while something waits for them: an idle device costs nothing, and keeps no process alive. */
  #run(): void {
    const needed = !this.#paused && this.#waits.size > 0;
    if (!needed) {
      clearInterval(this.#beat);
      this.#beat = undefined;
    } else this.#beat ??= setInterval(() => this.step(), tickMs).unref();
  }
}
