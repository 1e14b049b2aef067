import { textWidth } from './font.ts';
import { glyph, glyphRows } from './glyphs.ts';
import type { Screen } from './screen.ts';

/** A byte a pixel, row by row from the top left: 1 is lit (or inked, on a touch screen). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** The text box that the Nano's font fits in; where a box is taller, letters are drawn as many times as large. */
const boxHeight = 11;

const arrow = ['...#', '..#.', '.#..', '#...', '.#..', '..#.', '...#'];

/** Draws what is on the screen: each line where its text event says, and arrows where there is more. */
export function takePicture({ width, height, shown }: Screen): Picture {
  const pixels = new Uint8Array(width * height);
  const dot = (x: number, y: number, size = 1): void => {
    for (let row = Math.max(0, y); row < Math.min(height, y + size); row++) {
      pixels.fill(1, row * width + clamp(x, width), row * width + clamp(x + size, width));
    }
  };
  for (const { event, font } of shown.lines) {
    const scale = Math.max(
      1,
      Math.floor(Math.min(event.h / boxHeight, event.w / Math.max(1, textWidth(event.text, font)))),
    );
    const top = event.y + ((event.h - glyphRows * scale + 1) >> 1);
    let x = event.x + ((event.w - textWidth(event.text, font) * scale) >> 1);
    for (const character of event.text) {
      const rows = glyph(character, font);
      for (const [y, row] of rows.entries())
        for (const [i, lit] of row.entries()) if (lit) dot(x + i * scale, top + y * scale, scale);
      x += (rows[0]?.length ?? 0) * scale;
    }
  }
  const middle = (height - arrow.length) >> 1;
  for (const [y, row] of arrow.entries())
    for (const [x, pixel] of [...row].entries()) {
      if (pixel === '#' && shown.sides.left === true) dot(x, middle + y);
      if (pixel === '#' && shown.sides.right === true) dot(width - 1 - x, middle + y);
    }
  return { width, height, pixels };
}

const clamp = (x: number, width: number): number => Math.min(Math.max(0, x), width);
