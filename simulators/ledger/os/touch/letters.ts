import type { Size } from './panel.ts';

/**
 * How wide the touch screens' fonts draw each printable ASCII character (0x20 to 0x7e), in pixels, by the size of the
 * letters. Source: the advance widths in Ledger's published SDK (Inter Regular 24 and 28, Inter Medium 32 and 36). Bold
 * small letters are reckoned as wide as the plain ones, which is about right.
 */
const widths: Readonly<Record<Size['em'], readonly number[]>> = {
  // biome-ignore format: sixteen to a row, as in an ASCII table
  24: [
    6, 6, 9, 16, 16, 19, 15, 6, 8, 8, 12, 14, 6, 11, 6, 8,
    14, 11, 14, 15, 15, 14, 14, 13, 14, 14, 6, 7, 15, 15, 15, 12,
    22, 16, 15, 18, 17, 14, 14, 17, 17, 12, 12, 15, 13, 20, 17, 18,
    15, 18, 15, 15, 15, 17, 16, 22, 15, 16, 14, 8, 8, 8, 11, 12,
    11, 13, 14, 13, 14, 13, 8, 14, 14, 6, 6, 13, 7, 22, 13, 14,
    14, 14, 10, 12, 8, 13, 13, 19, 12, 13, 12, 7, 8, 8, 15,
  ],
  // biome-ignore format: sixteen to a row, as in an ASCII table
  28: [
    8, 8, 11, 18, 18, 23, 18, 6, 10, 10, 14, 18, 8, 13, 8, 10,
    18, 13, 17, 18, 18, 17, 17, 16, 17, 17, 8, 8, 18, 18, 18, 14,
    26, 19, 18, 20, 20, 17, 16, 21, 21, 12, 15, 18, 16, 25, 21, 21,
    18, 21, 18, 18, 18, 21, 19, 27, 18, 19, 18, 10, 10, 10, 13, 13,
    14, 16, 17, 16, 17, 16, 10, 17, 17, 7, 7, 15, 7, 24, 16, 17,
    17, 17, 10, 15, 10, 16, 16, 23, 15, 16, 15, 10, 9, 10, 18,
  ],
  // biome-ignore format: sixteen to a row, as in an ASCII table
  32: [
    9, 9, 13, 20, 20, 25, 20, 7, 11, 11, 16, 20, 9, 14, 9, 9,
    20, 14, 19, 20, 20, 20, 20, 18, 19, 20, 9, 9, 20, 20, 20, 16,
    29, 21, 21, 23, 23, 19, 18, 23, 23, 15, 17, 20, 17, 27, 23, 24,
    20, 24, 20, 20, 20, 23, 21, 29, 20, 21, 19, 12, 9, 11, 15, 16,
    13, 18, 20, 17, 20, 19, 11, 20, 18, 7, 8, 17, 10, 27, 18, 20,
    20, 20, 12, 16, 11, 18, 17, 25, 17, 17, 17, 11, 10, 11, 20,
  ],
  // biome-ignore format: sixteen to a row, as in an ASCII table
  36: [
    10, 11, 14, 23, 23, 30, 24, 8, 14, 14, 19, 24, 10, 17, 10, 13,
    23, 17, 22, 23, 24, 22, 23, 21, 23, 23, 10, 10, 24, 24, 24, 19,
    35, 25, 24, 26, 26, 22, 21, 27, 27, 10, 20, 24, 20, 32, 27, 28,
    23, 28, 23, 23, 23, 27, 25, 35, 24, 25, 23, 14, 13, 14, 17, 18,
    18, 21, 23, 20, 23, 21, 13, 22, 22, 9, 10, 20, 9, 32, 22, 22,
    22, 22, 14, 19, 13, 21, 20, 30, 20, 20, 20, 14, 12, 14, 24,
  ],
};

type Letters = Pick<Size, 'em'>;

/** What the font has no letter for takes half a square, such as a quotation mark that isn't ASCII. */
const letterWidth = (letter: string, { em }: Letters): number => widths[em][letter.charCodeAt(0) - 0x20] ?? em >> 1;

export function textWidth(text: string, size: Letters): number {
  let width = 0;
  for (const letter of text) width += letterWidth(letter, size);
  return width;
}

/** Breaks text at newlines, and where a line is full: after a space if it has one, else in the middle of a word. */
export function wrap(text: string, size: Size, room: number): string[] {
  return text.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, size, room));
}

function wrapParagraph(paragraph: string, size: Size, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  for (const letter of paragraph) {
    const wide = letterWidth(letter, size);
    if (width + wide > room && line !== '' && letter !== ' ') {
      const end = line.lastIndexOf(' ') + 1 || line.length;
      lines.push(line.slice(0, end).trimEnd());
      line = line.slice(end);
      width = textWidth(line, size);
    }
    line += letter;
    width += wide;
  }
  return [...lines, line.trimEnd()];
}
