import { describe, expect, it } from 'vitest';
import { valuePages } from '../../../simulators/ledger/os/page.ts';
import { Screen } from '../../../simulators/ledger/os/screen.ts';
import { shorten, wrap } from '../../../simulators/ledger/os/text.ts';
import { textWidth, wrap as wrapTouch } from '../../../simulators/ledger/os/touch/letters.ts';
import { panels } from '../../../simulators/ledger/os/touch/panel.ts';

describe('text breaks as on a Nano', () => {
  it('fills lines by the width of each character, not by their number', () => {
    expect(wrap('i'.repeat(60), 'regular').map((line) => line.length)).toEqual([38, 22]);
    expect(wrap('W'.repeat(20), 'regular').map((line) => line.length)).toEqual([11, 9]);
    expect(wrap('W'.repeat(20), 'bold').map((line) => line.length)).toEqual([10, 10]);
  });

  it('breaks after a space where there is one, and keeps it', () => {
    expect(wrap('Accept risk and sign transaction', 'bold')).toEqual(['Accept risk and ', 'sign transaction']);
  });

  it('breaks after a hyphen and an underscore too', () => {
    expect(wrap('a well-known cold-storage account', 'regular')).toEqual(['a well-known cold-', 'storage account']);
    expect(wrap('the_treasury_of_the_company', 'regular')).toEqual(['the_treasury_of_the_', 'company']);
  });

  it('breaks at a newline and drops it', () => {
    expect(wrap('Verify Polygon\naddress', 'regular')).toEqual(['Verify Polygon', 'address']);
  });

  it('shows a label alone where its value is empty', () => {
    expect(valuePages('Max fees', '').map(({ lines }) => lines.map(({ text }) => text))).toEqual([['Max fees']]);
  });

  it('numbers the pages of a long value, three lines each', () => {
    const pages = valuePages('Data', '0'.repeat(60)).map(({ lines }) => lines.map(({ text }) => text));
    expect(pages.map(([title]) => title)).toEqual(['Data (1/2)', 'Data (2/2)']);
    expect(pages.map((page) => page.length)).toEqual([4, 2]);
  });

  it('takes the middle out of a title that is too long', () => {
    expect(shorten('verifyingContract', 'bold')).toBe('verifyingContract');
    expect(shorten('anExceedinglyLongNameOfAField', 'bold')).toBe('anExce...fAField');
    expect(shorten('Message hash (10/12)', 'bold')).toBe('Messa... (10/12)');
    expect(shorten('i'.repeat(25), 'bold')).toBe('i'.repeat(23));
  });

  it('doesn’t draw what the fonts have no letter for, nor a line without any', () => {
    const screen = new Screen('nanosp');
    screen.draw(wrap('Zürich\n\nüü\nHafen', 'regular').map((text) => ({ text, font: 'regular' as const })));
    expect(screen.current.map(({ text, y, clear }) => ({ text, y, clear }))).toEqual([
      { text: 'Zrich', y: 4, clear: true },
      { text: 'Hafen', y: 46, clear: false },
    ]);
  });
});

describe('text breaks on a touch screen', () => {
  const { large, small } = panels.stax;

  it('by the width of each character: after a space where there is one, else anywhere', () => {
    expect(wrapTouch('i'.repeat(60), large, 352).map((line) => line.length)).toEqual([50, 10]);
    expect(wrapTouch('W'.repeat(20), large, 352).map((line) => line.length)).toEqual([12, 8]);
    expect(wrapTouch('one two three', large, textWidth('one two thr', large))).toEqual(['one two', 'three']);
    expect(wrapTouch('one\ntwo', small, 352)).toEqual(['one', 'two']);
  });

  it('leaves the space at a line’s end away', () => {
    expect(wrapTouch('one two', large, textWidth('one', large))).toEqual(['one', 'two']);
  });

  it('reckons with characters that the font has none of', () => {
    expect(textWidth('’', small)).toBe(12);
  });
});
