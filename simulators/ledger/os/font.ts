/**
 * How wide the Nano's two 11-pixel fonts draw each printable ASCII character (0x20 to 0x7e), in pixels. Line breaks and
 * pages of every screen follow from these numbers alone. Source: the advance widths in Ledger's published SDK
 * (Open Sans Regular and ExtraBold, 11 px, 1 bit per pixel).
 */
export type Font = 'regular' | 'bold';

const widths: Record<Font, readonly number[]> = {
  // biome-ignore format: sixteen to a row, as in an ASCII table
  regular: [
    4, 4, 5, 8, 7, 10, 10, 3, 4, 4, 7, 7, 4, 5, 4, 5,
    7, 7, 7, 7, 9, 7, 7, 7, 7, 7, 4, 4, 7, 7, 7, 6,
    11, 8, 8, 8, 9, 7, 7, 9, 9, 4, 4, 8, 7, 11, 9, 10,
    8, 10, 8, 7, 8, 9, 8, 11, 8, 7, 7, 5, 5, 5, 7, 6,
    7, 7, 8, 6, 8, 7, 6, 7, 8, 4, 4, 7, 4, 11, 8, 8,
    8, 8, 5, 6, 5, 8, 7, 10, 7, 7, 6, 5, 7, 5, 7,
  ],
  // biome-ignore format: sixteen to a row, as in an ASCII table
  bold: [
    4, 4, 7, 8, 7, 12, 10, 4, 5, 5, 7, 7, 4, 5, 4, 6,
    9, 7, 8, 8, 9, 7, 9, 8, 9, 9, 4, 4, 6, 7, 6, 7,
    11, 9, 8, 8, 9, 7, 7, 9, 9, 5, 5, 9, 7, 12, 10, 10,
    8, 10, 9, 7, 7, 9, 7, 12, 9, 8, 8, 6, 6, 6, 7, 7,
    8, 8, 8, 7, 8, 8, 7, 8, 8, 5, 5, 8, 5, 11, 8, 8,
    8, 8, 6, 7, 6, 8, 8, 11, 8, 8, 7, 6, 7, 6, 7,
  ],
};

/** The fonts overlap neighbouring characters by one pixel. */
const kerning = 1;

/** Zero for what the font can't draw. */
export function characterWidth(character: string, font: Font): number {
  const width = widths[font][character.charCodeAt(0) - 0x20];
  return width === undefined ? 0 : width - kerning;
}

export function textWidth(text: string, font: Font): number {
  let width = 0;
  for (const character of text) width += characterWidth(character, font);
  return width;
}
