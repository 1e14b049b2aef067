import { shown } from '../domain/refusal.ts';
import { ProtocolError } from './lines.ts';
import { version } from './protocol.ts';

/** A JSON object that is taken apart member by member, and must be empty in the end. Every method throws ProtocolError. */
export class Message {
  readonly #left: Map<string, unknown>;

  constructor(source: unknown) {
    let value = source;
    if (typeof source === 'string') {
      try {
        value = JSON.parse(source);
      } catch {
        throw new ProtocolError(`a line is not JSON: ${seen(source)}`);
      }
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ProtocolError(`a message is not an object: ${seen(source)}`);
    }
    this.#left = new Map(Object.entries(value));
  }

  /** The version is checked first: of another one nothing else is known. */
  id(): number {
    const v = this.#take('v');
    if (v !== version) throw new ProtocolError(`a message of version ${seen(v)}, not ${version}`);
    return this.integer('id', Number.MAX_SAFE_INTEGER);
  }

  text(name: string, form: RegExp): string {
    return matching(name, this.#take(name), form);
  }

  /** As `text`; never shown, whatever is wrong with it. */
  secret(name: string, form: RegExp): string {
    const value = this.#take(name);
    if (typeof value !== 'string' || !form.test(value)) throw new ProtocolError(`${name}: of another form`);
    return value;
  }

  texts(name: string, form: RegExp): readonly string[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) throw new ProtocolError(`${name}: not a list`);
    return value.map((item) => matching(name, item, form));
  }

  /** One of a closed list. */
  one<T extends string>(name: string, known: readonly T[]): T {
    const value = this.#take(name);
    const found = known.find((one) => one === value);
    if (found === undefined) throw new ProtocolError(`unknown ${name} ${seen(value)}`);
    return found;
  }

  /** From 0. */
  integer(name: string, most: number): number {
    const value = this.#take(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > most) {
      throw new ProtocolError(`${name}: unexpected ${seen(value)}`);
    }
    return value;
  }

  /**
   * Bytes in their one spelling (RFC 4648 §4), not none. Megabytes: a regular expression would keep a place to come back to for
   * each character.
   */
  base64(name: string): string {
    const value = this.#take(name);
    if (typeof value !== 'string' || value === '' || Buffer.from(value, 'base64').toString('base64') !== value) {
      throw new ProtocolError(`${name}: unexpected ${seen(value)}`);
    }
    return value;
  }

  /** A list of objects. */
  members(name: string): readonly Message[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) throw new ProtocolError(`${name}: not a list`);
    return value.map((item) => new Message(typeof item === 'string' ? undefined : item));
  }

  required(name: string): Message {
    const member = this.member(name);
    if (member === undefined) throw new ProtocolError(`${name}: absent`);
    return member;
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** Undefined where it is absent. */
  member(name: string): Message | undefined {
    const value = this.#take(name);
    return value === undefined ? undefined : new Message(value);
  }

  done<T>(value: T): T {
    const [unknown] = this.#left.keys();
    if (unknown !== undefined) throw new ProtocolError(`unknown member ${seen(unknown)}`);
    return value;
  }

  #take(name: string): unknown {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }
}

function matching(name: string, value: unknown, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value)) throw new ProtocolError(`${name}: unexpected ${seen(value)}`);
  return value;
}

/** Of a foreign value, what can be shown: its own `toString` could be anything. */
function seen(value: unknown): string {
  return shown(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined'));
}
