import { characterWidth, type Font, textWidth } from './font.ts';

/** Text has the screen less seven pixels on each side, where the arrows are. */
const lineWidth = 114;

/** One line from `start`: it ends at a newline, or after the last space that fits, or where the next character doesn't. */
function lineEnd(text: string, start: number, font: Font): number {
  let width = 0;
  let afterSpace = 0;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\n') return at;
    if (character === ' ' && width > 0) afterSpace = at + 1;
    const next = width + characterWidth(character, font);
    if (next > lineWidth) return afterSpace > 0 ? afterSpace : at;
    width = next;
  }
  return text.length;
}

/** Breaks text into the lines that a Nano draws. A line that ends at a space keeps it. */
export function wrap(text: string, font: Font): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = lineEnd(text, at, font);
    lines.push(text.slice(at, end));
    at = text[end] === '\n' ? end + 1 : end;
  }
  return lines;
}

/** Shortens a title that doesn't fit in one line by leaving out its middle. */
export function shorten(title: string, font: Font): string {
  if (textWidth(title, font) <= lineWidth) return title;
  for (let kept = title.length - 1; kept > 0; kept--) {
    const head = Math.ceil(kept / 2);
    const shorter = `${title.slice(0, head)}...${title.slice(title.length - (kept - head))}`;
    if (textWidth(shorter, font) <= lineWidth) return shorter;
  }
  return '...';
}
