/** The other side of a pipe did what the protocol doesn't know. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtocolError';
  }
}

const newline = 0x0a;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Cuts a stream of bytes into lines, none longer than `longest` bytes: what comes from a pipe must not fill memory. */
export class LineReader {
  readonly #longest: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that `chunk` completes, without their ends. Throws ProtocolError. */
  push(chunk: Uint8Array): readonly string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      this.#keep(chunk.subarray(from, end));
      lines.push(this.#take());
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.#longest) throw new ProtocolError(`a line is longer than ${this.#longest} bytes`);
    if (part.length > 0) this.#parts.push(part);
  }

  #take(): string {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw new ProtocolError('a line is not UTF-8');
    }
  }
}
