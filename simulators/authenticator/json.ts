import { AuthenticatorError } from './refusal.ts';

/** Reading JSON member by member; each throws `AuthenticatorError` `TypeError` that names the member. */

export function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw typeError("this isn't JSON");
  }
}

export function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw typeError(`${what} must be an object`);
  return { ...value };
}

export function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw typeError(`${what} must be a list`);
  return value;
}

export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw typeError(`${what} must be a string`);
  return value;
}

export function optionalText(value: unknown, what: string): string | undefined {
  return value === undefined ? undefined : text(value, what);
}

export function typeError(message: string): AuthenticatorError {
  return new AuthenticatorError('TypeError', message);
}
