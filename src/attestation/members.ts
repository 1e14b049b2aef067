import { type Reason, Refusal, shown } from '../domain/index.ts';
import { isObject, type JsonObject, parseJsonObject } from './json.ts';

/**
 * Takes the members of a JSON object out one by one; `close` then insists that none is left. Each method throws a `Refusal`
 * with the reason that it was made with, which names the member.
 */
export class Members {
  readonly #object: JsonObject;
  readonly #what: string;
  readonly #reason: Reason;
  readonly #taken = new Set<string>();

  constructor(object: JsonObject, what: string, reason: Reason) {
    this.#object = object;
    this.#what = what;
    this.#reason = reason;
  }

  /** Of a JSON text that is strictly one object (`parseJsonObject`). */
  static parse(bytes: Uint8Array, what: string, reason: Reason): Members {
    const parsed = parseJsonObject(bytes);
    if (!parsed.ok) throw new Refusal(reason, `${what} ${parsed.problem}`);
    return new Members(parsed.value, what, reason);
  }

  text(name: string): string {
    const value = this.#take(name);
    if (typeof value !== 'string') throw this.#wrong(name, value, 'a string');
    return value;
  }

  /** A whole number, zero or more. */
  count(name: string): number {
    const value = this.#take(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.#wrong(name, value, 'a whole number');
    }
    return value;
  }

  texts(name: string): readonly string[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) throw this.#wrong(name, value, 'a list of strings');
    return value.map((item: unknown) => {
      if (typeof item !== 'string') throw this.#wrong(name, value, 'a list of strings');
      return item;
    });
  }

  object(name: string): Members {
    const value = this.#take(name);
    if (!isObject(value)) throw this.#wrong(name, value, 'an object');
    return new Members(value, `${this.#what}.${name}`, this.#reason);
  }

  /** A member that may be there, whatever it says: it is not used. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#taken.add(name);
  }

  close(): void {
    for (const name of Object.keys(this.#object)) {
      if (!this.#taken.has(name))
        throw new Refusal(this.#reason, `${this.#what} has the unknown member ${shown(name)}`);
    }
  }

  #take(name: string): unknown {
    this.#taken.add(name);
    if (!Object.hasOwn(this.#object, name)) throw new Refusal(this.#reason, `${this.#what}.${name} is missing`);
    return this.#object[name];
  }

  #wrong(name: string, value: unknown, type: string): Refusal {
    return new Refusal(this.#reason, `${this.#what}.${name} must be ${type}, got ${shown(JSON.stringify(value))}`);
  }
}
