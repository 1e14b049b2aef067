/** The devices that can be emulated: the Nanos with two buttons and a 128 × 64 screen. */
export const models = {
  nanosp: { name: 'Nano S Plus', width: 128, height: 64, os: '1.1.1' },
  nanox: { name: 'Nano X', width: 128, height: 64, os: '2.2.3' },
} as const;

export type Model = keyof typeof models;

/** Throws where the word names no device that this emulator knows. */
export function parseModel(word: string): Model {
  if (word === 'nanosp' || word === 'nanox') return word;
  throw new Error(`--model ${word}: not emulated; use one of ${Object.keys(models).join(', ')}`);
}
