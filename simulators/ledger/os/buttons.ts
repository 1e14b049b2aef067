import type { Button } from './view.ts';

/** Two keys. A press counts when the last key is let go: what was held in the meantime says which. */
export class Buttons {
  readonly #pressed: (button: Button) => void;
  readonly #down = new Set<'left' | 'right'>();
  readonly #held = new Set<'left' | 'right'>();

  constructor(pressed: (button: Button) => void) {
    this.#pressed = pressed;
  }

  press(button: Button): void {
    for (const key of keys(button)) {
      this.#down.add(key);
      this.#held.add(key);
    }
  }

  release(button: Button): void {
    for (const key of keys(button)) this.#down.delete(key);
    const [first, second] = this.#held;
    if (this.#down.size > 0 || first === undefined) return;
    this.#held.clear();
    this.#pressed(second === undefined ? first : 'both');
  }
}

const keys = (button: Button): readonly ('left' | 'right')[] => (button === 'both' ? ['left', 'right'] : [button]);
