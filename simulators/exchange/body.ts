import type { AssertionJson } from './assertion.ts';

export class BadBody extends Error {}

/** The members of a request's JSON. */
export class Body {
  readonly #members: ReadonlyMap<string, unknown>;

  constructor(json: string) {
    this.#members = members(json, 'the body');
  }

  text(name: string): string {
    return text(this.#members, name);
  }

  /** What the member's own JSON says, AuthenticationResponseJSON. */
  assertion(name: string): AssertionJson {
    const credential = members(this.text(name), name);
    const response = members(JSON.stringify(credential.get('response')), `${name}.response`);
    return {
      id: text(credential, 'id'),
      rawId: text(credential, 'rawId'),
      response: {
        authenticatorData: text(response, 'authenticatorData'),
        clientDataJSON: text(response, 'clientDataJSON'),
        signature: text(response, 'signature'),
      },
    };
  }
}

function members(json: string | undefined, what: string): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json ?? '');
  } catch {
    throw new BadBody(`${what} is not JSON`);
  }
  if (typeof value !== 'object' || value === null) throw new BadBody(`${what} is no JSON object`);
  return new Map(Object.entries(value));
}

function text(of: ReadonlyMap<string, unknown>, name: string): string {
  const value = of.get(name);
  if (typeof value !== 'string') throw new BadBody(`${name} must be a string`);
  return value;
}
