import type { Line, Screen } from './screen.ts';

export type Button = 'left' | 'right' | 'both';

/** What the screen shows, and what its buttons or a finger do. */
export interface View {
  draw(screen: Screen): void;
  press(button: Button): void;
  /** What lies under a finger; nothing on a device with buttons. */
  at?(x: number, y: number): Target | undefined;
}

/** A part of the screen that does something at a tap, or when a finger stays on it. In pixels. */
export interface Target {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly tap?: () => void;
  readonly hold?: () => void;
}

export interface Page {
  readonly lines: readonly Line[];
  /** What pressing both buttons does here; nothing where absent. */
  readonly both?: () => void;
  /** What the right button does where no page follows; nothing where absent. */
  readonly onward?: () => void;
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

  draw(screen: Screen): void {
    const pages = this.#pages();
    const has = (at: number) => pages[at] !== undefined;
    screen.draw(pages[this.#at]?.lines ?? [], {
      left: has(this.#at - 1),
      right: has(this.#at + 1) || pages[this.#at]?.onward !== undefined,
    });
  }

  press(button: Button): void {
    if (button === 'both') {
      this.#pages()[this.#at]?.both?.();
      return;
    }
    const next = this.#at + (button === 'right' ? 1 : -1);
    if (this.#pages()[next] === undefined) {
      if (button === 'right') this.#pages()[this.#at]?.onward?.();
      return;
    }
    this.#at = next;
    this.#redraw(this);
  }
}

/** A message: any button does what it does, if anything. */
export class Notice implements View {
  readonly #lines: readonly Line[];
  readonly #then: (() => void) | undefined;

  constructor(lines: readonly Line[], then?: () => void) {
    this.#lines = lines;
    this.#then = then;
  }

  draw(screen: Screen): void {
    screen.draw(this.#lines);
  }

  press(_button?: Button): void {
    this.#then?.();
  }
}
