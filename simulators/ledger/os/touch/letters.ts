import type { Size } from './panel.ts';

/**
 * About how wide each printable ASCII character (0x20 to 0x7e) of the touch screens' font is, in hundredths of the letters'
 * size: estimates, not the device's own numbers. Lines may break a character or a word sooner or later than on a device.
 */
// biome-ignore format: sixteen to a row, as in an ASCII table
const hundredths = [
  28, 29, 42, 63, 64, 88, 64, 26, 37, 37, 52, 66, 28, 46, 28, 37,
  62, 44, 61, 63, 65, 60, 62, 56, 62, 62, 28, 28, 66, 66, 66, 52,
  95, 67, 65, 73, 72, 60, 58, 74, 74, 27, 56, 66, 56, 88, 75, 76,
  64, 76, 64, 64, 64, 73, 67, 97, 67, 66, 63, 37, 37, 37, 47, 46,
  35, 56, 61, 57, 61, 58, 37, 61, 59, 25, 25, 55, 25, 87, 59, 60,
  61, 61, 38, 54, 36, 59, 56, 81, 55, 56, 55, 44, 34, 44, 66,
];

const unknown = 60;

function letterWidth(letter: string, { em }: Size): number {
  return Math.round(((hundredths[letter.charCodeAt(0) - 0x20] ?? unknown) * em) / 100);
}

export function textWidth(text: string, size: Size): number {
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
