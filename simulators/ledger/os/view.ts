import type { Font } from './font.ts';

export type Button = 'left' | 'right' | 'both';

export interface Line {
  readonly text: string;
  readonly font: Font;
}

/** Where there is something to walk to: an arrow is drawn there. */
export interface Sides {
  readonly left?: boolean;
  readonly right?: boolean;
}

/** What the screen shows, and what its buttons do. */
export interface View {
  readonly lines: readonly Line[];
  readonly sides?: Sides;
  press(button: Button): void;
}

export interface Page {
  readonly lines: readonly Line[];
  /** What pressing both buttons does here; nothing where absent. */
  readonly both?: () => void;
}

/** Pages side by side: left and right walk and stop at the ends, both selects. */
export class Carousel implements View {
  readonly #pages: () => readonly Page[];
  readonly #redraw: (view: View) => void;
  #at: number;

  /** @param pages asked for again at each turn, so that a page may show what a press has changed */
  constructor(pages: () => readonly Page[], redraw: (view: View) => void, start = 0) {
    this.#pages = pages;
    this.#redraw = redraw;
    this.#at = start;
  }

  get lines(): readonly Line[] {
    return this.#pages()[this.#at]?.lines ?? [];
  }

  get sides(): Sides {
    const pages = this.#pages();
    return { left: pages[this.#at - 1] !== undefined, right: pages[this.#at + 1] !== undefined };
  }

  press(button: Button): void {
    if (button === 'both') {
      this.#pages()[this.#at]?.both?.();
      return;
    }
    const next = this.#at + (button === 'right' ? 1 : -1);
    if (this.#pages()[next] === undefined) return;
    this.#at = next;
    this.#redraw(this);
  }
}

/** A message that goes away by itself (the OS sets the time) or at any button. */
export class Notice implements View {
  readonly lines: readonly Line[];
  readonly #then: () => void;

  constructor(lines: readonly Line[], then: () => void) {
    this.lines = lines;
    this.#then = then;
  }

  press(_button?: Button): void {
    this.#then();
  }
}

/** A message that stays. */
export class Still implements View {
  readonly lines: readonly Line[];

  constructor(lines: readonly Line[]) {
    this.lines = lines;
  }

  press(_button?: Button): void {}
}
