import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const folder = resolve(root, process.env['PORTCULLIS_VECTORS'] ?? '../shared/vectors');

/** True where the published vectors are not at hand: set PORTCULLIS_VECTORS to the folder that holds them. */
export const vectorsMissing = !existsSync(join(folder, 'webauthn'));

/** Said on the line of a suite that is skipped. */
export const whySkipped = vectorsMissing ? ` (skipped: no vectors in ${folder}, set PORTCULLIS_VECTORS)` : '';

/** A JSON value, whose members are asked for with the type that they must have. */
export class Vector {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  at(name: string): Vector {
    if (typeof this.#value !== 'object' || this.#value === null) throw new TypeError('expected a JSON object');
    return new Vector(Object.entries(this.#value).find(([key]) => key === name)?.[1]);
  }

  has(name: string): boolean {
    return typeof this.#value === 'object' && this.#value !== null && Object.hasOwn(this.#value, name);
  }

  list(): Vector[] {
    if (!Array.isArray(this.#value)) throw new TypeError('expected a JSON list');
    return this.#value.map((item) => new Vector(item));
  }

  text(): string {
    if (typeof this.#value !== 'string') throw new TypeError('expected text');
    return this.#value;
  }

  number(): number {
    if (typeof this.#value !== 'number') throw new TypeError('expected a number');
    return this.#value;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.from(this.text(), 'hex'));
  }
}

/** One file of vectors; where they are missing, one without any. */
export function vectors(file: string): Vector {
  if (vectorsMissing) return new Vector({ vectors: [], testGroups: [] });
  return new Vector(JSON.parse(readFileSync(join(folder, file), 'utf8')));
}
