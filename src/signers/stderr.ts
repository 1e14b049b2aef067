import { shown } from '../domain/index.ts';

export type LineLog = (line: string) => void;

/** What one life of a child may write into the log: a vendor's library must not be able to fill the disk. */
const mostLines = 200;
const longestLine = 400;

/** Turns a child's stderr into log lines: escaped (S10), cut, and only so many. */
export class StderrLog {
  readonly #log: LineLog;
  #left = mostLines;
  #line = '';

  constructor(log: LineLog) {
    this.#log = log;
  }

  push(chunk: Uint8Array): void {
    if (this.#left === 0) return;
    const lines = Buffer.from(chunk).toString('latin1').split('\n');
    for (const [i, part] of lines.entries()) {
      if (this.#line.length < longestLine) this.#line += part.slice(0, longestLine - this.#line.length);
      if (i < lines.length - 1) this.#flush();
    }
  }

  #flush(): void {
    const line = this.#line;
    this.#line = '';
    if (line === '' || this.#left === 0) return;
    this.#left -= 1;
    this.#log(`signer: ${escaped(line)}`);
    if (this.#left === 0) this.#log('signer: (the rest is left out)');
  }
}

/** In pieces, as `shown` cuts a value to 80 characters. */
function escaped(line: string): string {
  const pieces = line.match(/.{1,80}/gsu) ?? [];
  return pieces.map((piece) => shown(piece).slice(1, -1)).join('');
}
