import { Malformed, shown } from '../domain/index.ts';

/**
 * Reads a document of a closed schema: members are taken out one by one, and `done` insists that nothing is left, so that a
 * misspelt or unknown member is an error that names its place, never a default.
 */
export class Members {
  readonly #place: string;
  readonly #members: Map<string, unknown>;

  constructor(value: unknown, place: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Malformed(place, `expected members, got ${shown(value)}`);
    }
    this.#place = place;
    this.#members = new Map(Object.entries(value));
  }

  get place(): string {
    return this.#place;
  }

  at(name: string): string {
    return `${this.#place}.${name}`;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** Of those that were not taken yet. */
  names(): readonly string[] {
    return [...this.#members.keys()];
  }

  take(name: string): unknown {
    if (!this.#members.has(name)) throw new Malformed(this.at(name), 'is missing');
    const value = this.#members.get(name);
    this.#members.delete(name);
    return value;
  }

  text(name: string): string {
    const value = this.take(name);
    if (typeof value !== 'string' || value === '') {
      throw new Malformed(this.at(name), `expected a text (in quotes if it looks like a number), got ${shown(value)}`);
    }
    return value;
  }

  count(name: string, least: number, most: number): number {
    const value = this.take(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
      throw new Malformed(this.at(name), `expected a whole number from ${least} to ${most}, got ${shown(value)}`);
    }
    return value;
  }

  flag(name: string): boolean {
    const value = this.take(name);
    if (typeof value !== 'boolean') throw new Malformed(this.at(name), `expected true or false, got ${shown(value)}`);
    return value;
  }

  /** A duration such as `24h`, `90m`, `30s`, `7d`; in ms. */
  duration(name: string): number {
    const text = this.text(name);
    const [, count, letter] = /^([1-9][0-9]{0,5}|0)(s|m|h|d)$/.exec(text) ?? [];
    const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[letter ?? ''];
    if (unit === undefined) {
      throw new Malformed(this.at(name), `expected a duration such as 24h or 90m, got ${shown(text)}`);
    }
    return Number(count) * unit;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const text = this.text(name);
    const found = values.find((v) => v === text);
    if (found === undefined)
      throw new Malformed(this.at(name), `expected one of ${values.join(', ')}, got ${shown(text)}`);
    return found;
  }

  list<T>(name: string, item: (value: unknown, place: string) => T): readonly T[] {
    const value = this.take(name);
    if (!Array.isArray(value)) throw new Malformed(this.at(name), `expected a list, got ${shown(value)}`);
    return Object.freeze(value.map((v: unknown, i) => item(v, `${this.at(name)}[${i}]`)));
  }

  /** A list of documents, each of a closed schema. */
  memberList<T>(name: string, item: (of: Members) => T): readonly T[] {
    return this.list(name, (value, place) => {
      const of = new Members(value, place);
      const parsed = item(of);
      of.done();
      return parsed;
    });
  }

  members(name: string): Members {
    return new Members(this.take(name), this.at(name));
  }

  done(): void {
    for (const name of this.#members.keys()) throw new Malformed(this.at(name), 'is not a member that is known here');
  }
}

/** For lists whose items are texts. */
export function textItem(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '') throw new Malformed(place, `expected a text, got ${shown(value)}`);
  return value;
}
