import { Malformed, shown } from './refusal.ts';

/**
 * What a customer calls a destination: up to 64 code points of letters, marks, digits, spaces and plain punctuation, NFC.
 * A closed set, so that no label can carry control characters, bidirectional marks, markup or line breaks into a screen.
 */
export function parseLabel(value: string, field: string): string {
  const ok =
    value.isWellFormed() &&
    [...value].length <= 64 &&
    /^[\p{L}\p{M}\p{Nd} .,'()_#&+-]*$/u.test(value) &&
    value.normalize('NFC') === value &&
    value.trim() === value;
  if (!ok) {
    throw new Malformed(
      field,
      `expected up to 64 letters, digits, spaces or . , ' ( ) _ # & + - in NFC, got ${shown(value)}`,
    );
  }
  return value;
}
