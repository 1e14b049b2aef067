import { type Font, textWidth } from './font.ts';
import { type Model, models } from './model.ts';
import type { Line, Sides } from './view.ts';

/** One line of text as it was drawn: Speculos' event object. */
export interface TextEvent {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** True for the first line of a screen that was cleared before it. */
  readonly clear: boolean;
}

/** All that a picture of the screen needs. */
export interface Shown {
  readonly lines: readonly { readonly event: TextEvent; readonly font: Font }[];
  readonly sides: Sides;
}

const lineHeight = 14;
const characterHeight = 11;

/** The display: turns lines into text events, centred, and keeps what is on it now. */
export class Screen {
  readonly width: number;
  readonly height: number;
  readonly #listeners = new Set<(events: readonly TextEvent[]) => void>();
  #shown: Shown = { lines: [], sides: {} };
  #current: readonly TextEvent[] = [];

  constructor(model: Model) {
    this.width = models[model].width;
    this.height = models[model].height;
  }

  get current(): readonly TextEvent[] {
    return this.#current;
  }

  get shown(): Shown {
    return this.#shown;
  }

  draw(lines: readonly Line[], sides: Sides = {}): void {
    const top = Math.max(0, (this.height - lines.length * lineHeight) >> 1);
    const drawn = lines.map(({ text, font }, i) => {
      const w = textWidth(text, font);
      const x = Math.max(0, (this.width - w) >> 1);
      return { event: { text, x, y: top + i * lineHeight, w, h: characterHeight, clear: i === 0 }, font };
    });
    this.#shown = { lines: drawn, sides };
    this.#current = drawn.map(({ event }) => event);
    for (const listener of this.#listeners) listener(this.#current);
  }

  onDraw(listener: (events: readonly TextEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
