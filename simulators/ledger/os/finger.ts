import type { Ticker } from './ticker.ts';
import type { Target } from './view.ts';

/** How long “Hold to sign” wants a finger, in milliseconds. */
export const holdMs = 2400;

/** What the finger moves about on. */
export interface Surface {
  /** What can be touched at a place now. */
  at(x: number, y: number): Target | undefined;
  /** Does what was touched. */
  act(deed: () => void): void;
}

/** A finger: a tap counts when it is let go where it came down, a long press when its time is over. */
export class Finger {
  readonly #ticker: Ticker;
  readonly #surface: Surface;
  #down: Target | undefined;
  #stopHolding: (() => void) | undefined;

  constructor(ticker: Ticker, surface: Surface) {
    this.#ticker = ticker;
    this.#surface = surface;
  }

  press(x: number, y: number): void {
    this.#stopHolding?.();
    const target = this.#surface.at(x, y);
    this.#down = target;
    const hold = target?.hold;
    if (hold === undefined) return;
    this.#stopHolding = this.#ticker.after(holdMs, () => {
      if (this.#surface.at(x, y) === target) this.#surface.act(hold);
    });
  }

  release(x: number, y: number): void {
    this.#stopHolding?.();
    const tap = this.#down?.tap;
    if (tap !== undefined && this.#surface.at(x, y) === this.#down) this.#surface.act(tap);
    this.#down = undefined;
  }

  /** A press and a release, as if the finger had stayed so long between them: nothing is waited for. */
  touch(x: number, y: number, heldMs: number): void {
    this.press(x, y);
    const hold = this.#down?.hold;
    this.release(x, y);
    if (hold !== undefined && heldMs >= holdMs) this.#surface.act(hold);
  }
}
