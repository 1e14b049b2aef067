/** Status words (ISO 7816-4 trailers) that the device and its apps answer with. */
export const status = {
  ok: 0x9000,
  locked: 0x5515,
  refusedByUser: 0x5501,
  typeUnsupported: 0x6501,
  noName: 0x670a,
  overflow: 0x6807,
  unknownApp: 0x6807,
  notStarted: 0x6980,
  conditionsNotSatisfied: 0x6985,
  pathUnhardened: 0x6a12,
  pathForbidden: 0x6a15,
  incorrectData: 0x6a80,
  wrongLength: 0x6a87,
  wrongP1P2: 0x6b00,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
  busy: 0x6901,
  notSupported: 0x6a82,
  unsupportedParameters: 0x6a86,
  badState: 0xb007,
  wrongHmac: 0xb008,
  /** Not an end: the app asks the host for something and waits. */
  interrupted: 0xe000,
} as const;

export type StatusWord = (typeof status)[keyof typeof status];

/** An app's way to end a command early: what it answers is this word, and mostly no data. */
export class StatusError extends Error {
  readonly word: StatusWord;
  readonly data: Uint8Array;

  constructor(word: StatusWord, why: string, data: Uint8Array = nothing) {
    super(`${why} (${word.toString(16)})`);
    this.name = 'StatusError';
    this.word = word;
    this.data = data;
  }
}

/** `data ‖ status word`, as it travels back to the host. */
export function answer(data: Uint8Array, word: StatusWord = status.ok): Uint8Array {
  const out = new Uint8Array(data.length + 2);
  out.set(data);
  out[data.length] = word >> 8;
  out[data.length + 1] = word & 0xff;
  return out;
}

export const nothing = new Uint8Array(0);
