import type { Line } from './screen.ts';
import { shorten, wrap } from './text.ts';
import type { Page } from './view.ts';

const valueLinesPerPage = 3;

const regular = (text: string): Line[] => wrap(text, 'regular').map((line) => ({ text: line, font: 'regular' }));
const bold = (text: string): Line[] => wrap(text, 'bold').map((line) => ({ text: line, font: 'bold' }));

/** An icon and a sentence: the first page of a review, a status. */
export const titlePage = (title: string): Page => ({ lines: regular(title) });

/** A sentence that pressing both buttons carries out. */
export const actionPage = (action: string, both: () => void): Page => ({ lines: bold(action), both });

/** A bold line over a plain one: the home screen, app information. */
export const infoPage = (title: string, text: string): Page => ({ lines: [...bold(title), ...regular(text)] });

/** A bold warning over what pressing both buttons means. */
export const warningPage = (title: string, text: string, both: () => void): Page => ({
  lines: [...bold(title), ...regular(text)],
  both,
});

/** A setting, its description and its state; both buttons toggle it. */
export const switchPage = (title: string, description: string, on: boolean, both: () => void): Page => ({
  lines: [...bold(title), ...regular(description), { text: on ? 'Enabled' : 'Disabled', font: 'regular' }],
  both,
});

/** A label over its value: as many pages as the value needs, three lines each, numbered where there are several. */
export function valuePages(label: string, value: string): Page[] {
  const lines = regular(value);
  const count = Math.max(1, Math.ceil(lines.length / valueLinesPerPage));
  return Array.from({ length: count }, (_, i) => ({
    lines: [
      { text: shorten(count === 1 ? label : `${label} (${i + 1}/${count})`, 'bold'), font: 'bold' as const },
      ...lines.slice(i * valueLinesPerPage, (i + 1) * valueLinesPerPage),
    ],
  }));
}
