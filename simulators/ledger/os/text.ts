import { characterWidth, type Font, textWidth } from './font.ts';

/** Text has the screen less seven pixels on each side, where the arrows are. */
const lineWidth = 114;

/** Where a line may end, besides a newline: behind any of these. */
const delimiters = ' -_';

/** One line from `start`: to a newline, or behind the last delimiter that fits or begins to, or as far as characters fit. */
function lineEnd(text: string, start: number, font: Font): number {
  let width = 0;
  let afterDelimiter = 0;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\n') return at;
    if (delimiters.includes(character) && width > 0) afterDelimiter = at + 1;
    const next = width + characterWidth(character, font);
    if (next > lineWidth) return afterDelimiter > 0 ? afterDelimiter : at;
    width = next;
  }
  return text.length;
}

/** Breaks text into the lines that a Nano draws. A line that ends at a delimiter keeps it. */
export function wrap(text: string, font: Font): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = lineEnd(text, at, font);
    lines.push(text.slice(at, end));
    at = text[end] === '\n' ? end + 1 : end;
  }
  return lines;
}

/** The library copies a title into a buffer of 24 characters, the last of which ends the text. */
const longestTitle = 23;

/**
 * A title in one line. One that is too wide loses its middle as in NBGL's `nbgl_textReduceOnNbLines`: the first character
 * beyond the first half gives way to dots together with the one before it, and so does the one that fills the last half.
 */
export function shorten(title: string, font: Font): string {
  if (textWidth(title, font) <= lineWidth) return title.slice(0, longestTitle);
  const half = Math.floor((lineWidth - textWidth(' ... ', font)) / 2);
  let head = 0;
  for (let width = 0; width + characterWidth(title.charAt(head), font) <= half; head++) {
    width += characterWidth(title.charAt(head), font);
  }
  let tail = title.length;
  for (let width = 0; width < half; ) {
    tail--;
    width += characterWidth(title.charAt(tail), font);
  }
  return `${title.slice(0, head - 1)}...${title.slice(tail + 1)}`;
}
