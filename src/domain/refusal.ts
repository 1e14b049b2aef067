import { type Reason, reasons } from './reasons.ts';

/** What a refusal says beyond its reason: flat strings for machines, e.g. `not_before`, `field`, `value`. */
export type Details = Readonly<Record<string, string>>;

/**
 * A request that was understood and refused, or that could not be decided.
 * `reason` is the tag of the catalogue in `reasons.ts`; the message adds what was wrong here, with which value.
 */
export class Refusal extends Error {
  readonly reason: Reason;
  readonly details: Details;

  constructor(reason: Reason, message?: string, details: Details = {}) {
    super(message ?? reasons[reason].sentence);
    this.name = 'Refusal';
    this.reason = reason;
    this.details = Object.freeze({ ...details });
  }
}

/** A malformed field of a request: where it is (`intent.amount`) and what is wrong with it. */
export class Malformed extends Refusal {
  readonly field: string;

  constructor(field: string, message: string, reason: Reason = 'malformed') {
    super(reason, `${field}: ${message}`, { field });
    this.name = 'Malformed';
    this.field = field;
  }

  /** The same complaint, seen from one level further out: `amount` becomes `intent.amount`. */
  within(outer: string): Malformed {
    return new Malformed(`${outer}.${this.field}`, this.message.slice(this.field.length + 2), this.reason);
  }
}

/** Shows a foreign value in a message: quoted, escaped, and cut, so that it can neither break a line nor flood it. */
export function shown(value: unknown, most = 80): string {
  const text = typeof value === 'string' ? value : plain(value);
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return JSON.stringify(cut).replace(/[^\x20-\x7e…]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** `String` throws on an object whose `toString` is no function, which parsed JSON can well have. */
function plain(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'an object';
  }
}
