import { StatusError, status } from '../../os/status.ts';

/** The app takes heads of up to five bytes: lengths of up to 32 bits. */
const maxHead = 5;

/** Collects the head of one RLP item, across chunks. */
export class RlpHead {
  readonly #bytes: number[] = [];
  #decoded: { readonly list: boolean; readonly length: number } | undefined;

  /** Undefined until enough bytes are in. */
  get decoded(): { readonly list: boolean; readonly length: number } | undefined {
    return this.#decoded;
  }

  /** How many bytes it took: none for a byte below 0x80, which is its own value. */
  push(bytes: Uint8Array): number {
    for (const [i, byte] of bytes.entries()) {
      if (this.#bytes.length === 0 && byte < 0x80) {
        this.#decoded = { list: false, length: 1 };
        return i;
      }
      this.#bytes.push(byte);
      this.#decoded = decode(this.#bytes);
      if (this.#decoded !== undefined) return i + 1;
      if (this.#bytes.length === maxHead) throw new StatusError(status.incorrectData, 'RLP: a length above 32 bits');
    }
    return bytes.length;
  }
}

function decode([first = 0, ...rest]: readonly number[]): { list: boolean; length: number } | undefined {
  const list = first >= 0xc0;
  const short = first - (list ? 0xc0 : 0x80);
  if (short <= 55) return { list, length: short };
  const size = short - 55;
  if (rest.length < size) return undefined;
  return { list, length: rest.reduce((sum, byte) => sum * 256 + byte, 0) };
}
