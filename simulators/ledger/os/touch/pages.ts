import type { Pair } from '../ui.ts';
import type { Panel } from './panel.ts';
import { type Paragraph, Sheet } from './sheet.ts';

/** A text and what touching it does. */
export type Touch = readonly [text: string, tap: () => void];

/** A pair in a touch screen's own words. */
export type Spelt = readonly [label: string, value: string, place: Pair[2]];

export interface Navigation {
  /** The way out at the left; none where absent. */
  readonly out?: { readonly text: string; readonly tap: () => void };
  readonly at: number;
  readonly count: number;
  readonly go: (page: number) => void;
  /** What follows the last page, where how much there is isn't known: pages aren't numbered then. */
  readonly onward?: () => void;
}

export interface Row {
  readonly title: string;
  readonly text?: string;
  /** The state of a switch. */
  readonly on?: boolean;
  readonly tap?: () => void;
}

/** Between a label and its value. */
const labelGap = 4;

/** On a page, however short they are (NBGL's NB_MAX_DISPLAYED_PAIRS_IN_REVIEW). */
const mostPairs = 4;

/** The parts that touch screens are made of: each knows its place on the panel. */
export class Pages {
  readonly #panel: Panel;

  constructor(panel: Panel) {
    this.#panel = panel;
  }

  /** Text in the middle of the screen, of what is above the footer, or of what is above the button. */
  text(paragraphs: readonly Paragraph[], where: 'whole' | 'above-footer' | 'above-button' = 'above-footer'): Sheet {
    const { height, footer, action } = this.#panel;
    const below = { whole: 0, 'above-footer': footer, 'above-button': footer + action }[where];
    return new Sheet(this.#panel).centred(paragraphs, 0, height - below);
  }

  /** A line of text at the top. */
  title(text: string): Sheet {
    const { width, header } = this.#panel;
    return new Sheet(this.#panel).label(text, 'strong', { x: 0, y: 0, w: width, h: header });
  }

  /** A title, and the way back at its left. */
  header(text: string, back: () => void): Sheet {
    const { header } = this.#panel;
    return this.title(text).touchable({ x: 0, y: 0, w: header, h: header, tap: back });
  }

  /** The upper right corner: the settings. */
  corner(sheet: Sheet, tap: () => void): Sheet {
    const { width, header } = this.#panel;
    const box = { x: width - header - 24, y: 0, w: header + 24, h: header + 24 };
    return sheet.frame({ x: width - 64, y: 40, w: 24, h: 24 }).touchable({ ...box, tap });
  }

  /** The whole screen. */
  everywhere(sheet: Sheet, tap: () => void): Sheet {
    const { width, height } = this.#panel;
    return sheet.touchable({ x: 0, y: 0, w: width, h: height, tap });
  }

  /** Words at the bottom, over the whole width. */
  footer(sheet: Sheet, ...[text, tap]: Touch): Sheet {
    const { width, height, footer } = this.#panel;
    const box = { x: 0, y: height - footer, w: width, h: footer };
    return sheet.label(text, 'strong', box).touchable({ ...box, tap });
  }

  /** The button above the footer. */
  button(sheet: Sheet, ...[text, tap]: Touch): Sheet {
    const box = this.#actionBox();
    return sheet
      .label(text, 'strong', box)
      .frame(box)
      .touchable({ ...box, tap });
  }

  /** What a finger must stay on for a while. */
  longPress(sheet: Sheet, ...[text, hold]: Touch): Sheet {
    const box = this.#actionBox();
    return sheet
      .label(text, 'strong', box)
      .frame(box)
      .touchable({ ...box, hold });
  }

  /** The way out at the left; at the right the ways to the pages before and after, and between them where one is. */
  navigation(sheet: Sheet, { out, at, count, go, onward }: Navigation): Sheet {
    const { width, height, footer, back } = this.#panel;
    const [from, to] = back;
    const row = { y: height - footer, h: footer };
    if (out !== undefined) {
      const left = { ...row, x: 0, w: from };
      sheet.label(out.text, 'strong', left).touchable({ ...left, tap: out.tap });
    }
    if (onward === undefined) sheet.label(`${at + 1} of ${count}`, 'small', { ...row, x: from, w: width - from });
    if (at > 0) sheet.touchable({ ...row, x: from, w: to - from, tap: () => go(at - 1) });
    const next = at + 1 < count ? () => go(at + 1) : onward;
    if (next !== undefined) sheet.touchable({ ...row, x: to, w: width - to, tap: next });
    return sheet;
  }

  /** How many of these pairs, from the first on, share a page: at least one. */
  fitting(pairs: readonly Spelt[]): number {
    const { height, top, footer, gap } = this.#panel;
    let used = 0;
    for (const [i, pair] of pairs.entries()) {
      if (i === mostPairs || (i > 0 && pair[2] !== undefined)) return i;
      used += (i === 0 ? 0 : gap) + this.#height(pair);
      if (i > 0 && used >= height - top - footer) return i;
      if (pair[2] === 'alone') return 1;
    }
    return pairs.length;
  }

  /** Labels over their values, from the top down. What is too long for a page is cut, and `under` stands below it. */
  pairs(pairs: readonly Spelt[], under?: Touch): Sheet {
    const { top, margin, gap, valueLines, large, width } = this.#panel;
    const sheet = new Sheet(this.#panel);
    let y = top;
    for (const pair of pairs) {
      const [label, value] = pair;
      y += sheet.lines({ text: label, weight: 'small' }, margin, y) + labelGap;
      y += sheet.lines({ text: value, weight: 'large' }, margin, y, valueLines) + gap;
    }
    const [only] = pairs;
    if (under !== undefined && only !== undefined && (under[0] !== more || this.#isLong(only))) {
      const box = { x: margin, y, w: width - 2 * margin, h: large.line };
      sheet.label(under[0], 'strong', box).touchable({ ...box, tap: under[1] });
    }
    return sheet;
  }

  /** All of a long value, a page after another. */
  details([label, value]: Spelt): Sheet[] {
    const { margin, valueLines, top, small } = this.#panel;
    const lines = new Sheet(this.#panel).wrapped({ text: value, weight: 'large' });
    return Array.from({ length: Math.ceil(lines.length / valueLines) }, (_, i) => {
      const sheet = new Sheet(this.#panel);
      sheet.lines({ text: label, weight: 'small' }, margin, top);
      const text = lines.slice(i * valueLines, (i + 1) * valueLines).join('\n');
      sheet.lines({ text, weight: 'large' }, margin, top + small.line + labelGap);
      return sheet;
    });
  }

  /** Where a QR code would be: a frame, and the text under it. */
  code(text: string): Sheet {
    const { width, top, small } = this.#panel;
    const side = 8 * small.line;
    const sheet = new Sheet(this.#panel).frame({ x: (width - side) >> 1, y: top, w: side, h: side });
    return sheet.centred([{ text, weight: 'small' }], top + side, top + side + 6 * small.line);
  }

  /** Rows under the header, as many as fit above the footer; how many that is, at least one. */
  fillRows(sheet: Sheet, rows: readonly Row[]): number {
    const { width, height, margin, header, footer, bar, gap } = this.#panel;
    let y = header;
    for (const [i, { title, text, on, tap }] of rows.entries()) {
      const paragraphs: Paragraph[] = [{ text: title, weight: 'strong' }];
      if (text !== undefined) paragraphs.push({ text, weight: 'small' });
      const h = Math.max(bar, 2 * gap + paragraphs.reduce((sum, paragraph) => sum + sheet.height(paragraph), 0));
      if (i > 0 && y + h > height - footer) return i;
      let line = y + gap;
      for (const paragraph of paragraphs) line += sheet.lines(paragraph, margin, line);
      if (tap !== undefined) sheet.touchable({ x: 0, y, w: width, h, tap });
      if (on !== undefined) sheet.frame({ x: width - margin - 40, y: y + gap, w: 40, h: 24, filled: on });
      y += h;
    }
    return rows.length;
  }

  #actionBox() {
    const { width, height, margin, footer, action } = this.#panel;
    return { x: margin, y: height - footer - action, w: width - 2 * margin, h: action };
  }

  #isLong([, value]: Spelt): boolean {
    return new Sheet(this.#panel).wrapped({ text: value, weight: 'large' }).length > this.#panel.valueLines;
  }

  #height([label, value]: Spelt): number {
    const sheet = new Sheet(this.#panel);
    return sheet.height({ text: label, weight: 'small' }) + labelGap + sheet.height({ text: value, weight: 'large' });
  }
}

/** Stands below a value that was cut. */
export const more = 'More';
