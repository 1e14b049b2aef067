import type { Frame, PlacedText, Screen } from '../screen.ts';
import type { Target, View } from '../view.ts';
import { textWidth, wrap } from './letters.ts';
import type { Panel, Size } from './panel.ts';

export type Weight = 'small' | 'strong' | 'large';

export interface Paragraph {
  readonly text: string;
  readonly weight: Weight;
}

/** One screen of a touch device as it is put together: texts, and what a finger can touch. */
export class Sheet implements View {
  readonly #panel: Panel;
  readonly #texts: PlacedText[] = [];
  readonly #frames: Frame[] = [];
  readonly #targets: Target[] = [];

  constructor(panel: Panel) {
    this.#panel = panel;
  }

  draw(screen: Screen): void {
    const reading = [...this.#texts].sort((a, b) => a.y - b.y || a.x - b.x);
    screen.paint(reading, this.#frames);
  }

  /** There are no buttons. */
  press(): void {}

  /** What lies under a finger; what was put on the sheet later lies above. */
  at(x: number, y: number): Target | undefined {
    return this.#targets.findLast(
      (target) => x >= target.x && x < target.x + target.w && y >= target.y && y < target.y + target.h,
    );
  }

  touchable(target: Target): this {
    this.#targets.push(target);
    return this;
  }

  frame(frame: Frame): this {
    this.#frames.push(frame);
    return this;
  }

  /** Lines from a place on, to the right; the height that they take. */
  lines(paragraph: Paragraph, x: number, y: number, most = Number.POSITIVE_INFINITY): number {
    const size = this.#size(paragraph.weight);
    const lines = this.wrapped(paragraph).slice(0, most);
    for (const [i, text] of lines.entries()) this.#put(text, paragraph.weight, x, y + i * size.line);
    return lines.length * size.line;
  }

  /** Paragraphs one under another, in the middle of what lies between two heights. */
  centred(paragraphs: readonly Paragraph[], from: number, to: number): this {
    const rows = paragraphs.flatMap((paragraph, i) => [
      ...(i === 0 ? [] : [{ text: '', line: this.#panel.gap, weight: paragraph.weight }]),
      ...this.wrapped(paragraph).map((text) => ({
        text,
        line: this.#size(paragraph.weight).line,
        weight: paragraph.weight,
      })),
    ]);
    let y = from + Math.max(0, (to - from - rows.reduce((sum, { line }) => sum + line, 0)) >> 1);
    for (const { text, line, weight } of rows) {
      const x = Math.max(0, (this.#panel.width - textWidth(text, this.#size(weight))) >> 1);
      if (text !== '') this.#put(text, weight, x, y);
      y += line;
    }
    return this;
  }

  /** A line of text in the middle of a box. */
  label(
    text: string,
    weight: Weight,
    box: { readonly x: number; readonly y: number; readonly w: number; readonly h: number },
  ): this {
    const size = this.#size(weight);
    const x = box.x + Math.max(0, (box.w - textWidth(text, size)) >> 1);
    this.#put(text, weight, x, box.y + ((box.h - size.line) >> 1));
    return this;
  }

  height(paragraph: Paragraph): number {
    return this.wrapped(paragraph).length * this.#size(paragraph.weight).line;
  }

  wrapped({ text, weight }: Paragraph): string[] {
    return wrap(text, this.#size(weight), this.#panel.width - 2 * this.#panel.margin);
  }

  #size(weight: Weight): Size {
    return weight === 'large' ? this.#panel.large : this.#panel.small;
  }

  #put(text: string, weight: Weight, x: number, y: number): void {
    const size = this.#size(weight);
    this.#texts.push({
      text,
      font: weight === 'strong' ? 'bold' : 'regular',
      em: size.em,
      x,
      y,
      w: textWidth(text, size),
      h: size.line,
    });
  }
}
