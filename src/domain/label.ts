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

/**
 * Why an operator does something, as it is journalled and shown on screens (S10): 1 to 256 code points of letters, marks,
 * digits, spaces and plain punctuation. Returns it in NFC: whoever types during an emergency is not asked to know of that.
 */
export function parseWhy(value: string, field: string): string {
  const text = value.normalize('NFC');
  if (!/^(?! )[\p{L}\p{M}\p{Nd} .,:;!?'()_#&+=@%/-]{1,256}(?<! )$/u.test(text)) {
    throw new Malformed(
      field,
      `expected 1 to 256 letters, digits, spaces or . , : ; ! ? ' ( ) _ # & + = @ % / -, got ${shown(value)}`,
    );
  }
  return text;
}
