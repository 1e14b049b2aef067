import { glyph, glyphRows } from './glyphs.ts';
import type { Screen } from './screen.ts';
import { textWidth } from './touch/letters.ts';

/** A byte a pixel, row by row from the top left: 1 is lit (or inked, on a touch screen). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** The size of the Nano's letters; a touch screen's are drawn from the same shapes, as many times as large. */
const boxHeight = 11;

const arrow = ['...#', '..#.', '.#..', '#...', '.#..', '..#.', '...#'];

/** Draws what is on the screen: each line where its text event says, frames, and arrows where there is more. */
export function takePicture({ width, height, shown }: Screen): Picture {
  const pixels = new Uint8Array(width * height);
  const dot = (x: number, y: number, size = 1): void => {
    for (let row = Math.max(0, y); row < Math.min(height, y + size); row++) {
      pixels.fill(1, row * width + clamp(x, width), row * width + clamp(x + size, width));
    }
  };
  for (const { event, font, em } of shown.lines) {
    const scale = Math.max(1, Math.round(em / boxHeight));
    const top = event.y + ((event.h - glyphRows * scale + 1) >> 1);
    let x = event.x;
    for (const character of event.text) {
      const rows = glyph(character, font);
      const width = (rows[0]?.length ?? 0) * scale;
      // A touch screen's letters stand where its own font puts them.
      const advance = em === 11 ? width : textWidth(character, { em });
      const left = x + ((advance - width) >> 1);
      for (const [y, row] of rows.entries())
        for (const [i, lit] of row.entries()) if (lit) dot(left + i * scale, top + y * scale, scale);
      x += advance;
    }
  }
  for (const { x, y, w, h, filled = false } of shown.frames) {
    for (let row = y; row < y + h; row++) {
      const edge = filled || row === y || row === y + h - 1;
      for (let column = x; column < x + w; column += edge ? 1 : Math.max(1, w - 1)) dot(column, row);
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
