import { shown } from '../domain/index.ts';

/** A JSON object as it came: nothing is known of its members yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export type ParsedJson =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly problem: string };

// ignoreBOM keeps a byte order mark as a character, which JSON.parse then refuses.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses a JSON object in UTF-8 that means one thing only: invalid UTF-8, a byte order mark, a repeated member at any depth
 * (parsers differ in which one they keep: RFC 8259 §4) and anything but an object fail. `problem` completes "the … ".
 */
export function parseJsonObject(bytes: Uint8Array): ParsedJson {
  let text: string;
  let value: unknown;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    return { ok: false, problem: 'is not UTF-8' };
  }
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'is not JSON' };
  }
  if (!isObject(value)) return { ok: false, problem: 'is not a JSON object' };
  const repeated = repeatedMember(text);
  return repeated === undefined
    ? { ok: true, value }
    : { ok: false, problem: `states its member ${shown(repeated)} twice` };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first name that some object of a valid JSON text uses twice. Lists have no names of their own. */
function repeatedMember(text: string): string | undefined {
  const around: Set<unknown>[] = [];
  let names = new Set<unknown>();
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:[\t\n\r ]*:)?|[{}]/g)) {
    if (token === '{') {
      around.push(names);
      names = new Set();
    } else if (token === '}') names = around.pop() ?? names;
    else if (token.endsWith(':')) {
      const name: unknown = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1));
      if (names.has(name)) return String(name);
      names.add(name);
    }
  }
  return undefined;
}
