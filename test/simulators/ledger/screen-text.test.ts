import { describe, expect, it } from 'vitest';
import { valuePages } from '../../../simulators/ledger/os/page.ts';
import { shorten, wrap } from '../../../simulators/ledger/os/text.ts';

describe('text breaks as on a Nano', () => {
  it('fills lines by the width of each character, not by their number', () => {
    expect(wrap('i'.repeat(60), 'regular').map((line) => line.length)).toEqual([38, 22]);
    expect(wrap('W'.repeat(20), 'regular').map((line) => line.length)).toEqual([11, 9]);
    expect(wrap('W'.repeat(20), 'bold').map((line) => line.length)).toEqual([10, 10]);
  });

  it('breaks after a space where there is one, and keeps it', () => {
    expect(wrap('Accept risk and sign transaction', 'bold')).toEqual(['Accept risk and ', 'sign transaction']);
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
    expect(shorten('anExceedinglyLongNameOfAField', 'bold')).toMatch(/^anE.+\.\.\..+Field$/);
  });
});
