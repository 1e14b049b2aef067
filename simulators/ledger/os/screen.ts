import { type Font, textWidth } from './font.ts';
import { type Model, models } from './model.ts';
import type { Size } from './touch/panel.ts';

export interface Line {
  readonly text: string;
  readonly font: Font;
}

/** Where there is something to walk to: an arrow is drawn there. */
export interface Sides {
  readonly left?: boolean;
  readonly right?: boolean;
}

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

/** The size of letters, in pixels: a Nano's, or one of a touch screen's. */
export type Em = 11 | Size['em'];

/** All that a picture of the screen needs. */
export interface Shown {
  /** `em`: the letters' size in pixels; a Nano's two fonts have but one. */
  readonly lines: readonly { readonly event: TextEvent; readonly font: Font; readonly em: Em }[];
  readonly sides: Sides;
  /** On a touch screen: buttons, switches, codes. */
  readonly frames: readonly Frame[];
}

/** A text at its place, in pixels. */
export interface PlacedText {
  readonly text: string;
  readonly font: Font;
  readonly em: Em;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly filled?: boolean;
}

const lineHeight = 14;
const characterHeight = 11;

/** A Nano's fonts have printable ASCII; other characters of a text aren't drawn at all. */
const drawable = (text: string): string => text.replace(/[^\x20-\x7e]/gu, '');

/** The display: turns what is drawn into text events, and keeps what is on it now. */
export class Screen {
  readonly width: number;
  readonly height: number;
  readonly #listeners = new Set<(events: readonly TextEvent[]) => void>();
  #shown: Shown = { lines: [], sides: {}, frames: [] };
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

  /** A Nano's lines, centred. */
  draw(lines: readonly Line[], sides: Sides = {}): void {
    const top = Math.max(0, (this.height - lines.length * lineHeight) >> 1);
    const texts = lines.flatMap(({ text: asked, font }, i): PlacedText[] => {
      const text = drawable(asked);
      if (text === '') return [];
      const w = textWidth(text, font);
      const x = Math.max(0, (this.width - w) >> 1);
      return [{ text, font, em: characterHeight, x, y: top + i * lineHeight, w, h: characterHeight }];
    });
    this.#show(texts, sides, []);
  }

  /** Texts and frames at their places. */
  paint(texts: readonly PlacedText[], frames: readonly Frame[]): void {
    this.#show(texts, {}, frames);
  }

  onDraw(listener: (events: readonly TextEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #show(texts: readonly PlacedText[], sides: Sides, frames: readonly Frame[]): void {
    const lines = texts.map(({ font, em, text, x, y, w, h }, i) => ({
      event: { text, x, y, w, h, clear: i === 0 },
      font,
      em,
    }));
    this.#shown = { lines, sides, frames };
    this.#current = lines.map(({ event }) => event);
    for (const listener of this.#listeners) listener(this.#current);
  }
}
