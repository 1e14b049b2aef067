import { Malformed, shown } from './refusal.ts';

/** A flat object of strings: what intents and journal leaves are made of. */
export type Flat = Readonly<Record<string, string>>;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * RFC 8785 (JCS) of a flat object of strings: keys sorted by UTF-16 code units (§3.2.3), strings as ECMAScript writes
 * them (§3.2.2.2), no white space, UTF-8.
 */
export function canonicalBytes(value: Flat): Uint8Array {
  // A quarter of what a TextEncoder takes for as little text.
  const { buffer, byteOffset, length } = Buffer.from(canonicalText(value));
  return new Uint8Array(buffer, byteOffset, length);
}

export function canonicalText(value: Flat): string {
  let members = '';
  for (const key of Object.keys(value).sort()) {
    const text = value[key];
    // RFC 8785 §3.2.2.2: a lone surrogate has no UTF-8 and terminates with an error.
    if (text === undefined || !text.isWellFormed() || !key.isWellFormed()) {
      throw new Malformed(key, 'is not well-formed Unicode');
    }
    members += `${members === '' ? '' : ','}${quoted(key)}:${quoted(text)}`;
  }
  return `{${members}}`;
}

/** RFC 8785 §3.2.2.2. Most strings have nothing to escape. */
function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

const plain = /^[ !#-[\]-~]*$/;

/**
 * Parses bytes that must be canonical already. A repeated key, another order, an escape that JCS would not write, a byte
 * order mark or a trailing newline all fail in one place: re-serialising gives other bytes.
 */
export function parseCanonical(bytes: Uint8Array, field: string): Flat {
  let parsed: unknown;
  try {
    parsed = JSON.parse(strictUtf8.decode(bytes));
  } catch {
    throw new Malformed(field, 'is not JSON in UTF-8');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Malformed(field, 'is not a JSON object');
  }
  const flat: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(parsed)) {
    if (typeof value !== 'string') throw new Malformed(field, `member ${shown(key)} is not a string`);
    // Here, where its name can be shown escaped (S10): below, it would become the field that the error names.
    if (!key.isWellFormed() || !value.isWellFormed()) {
      throw new Malformed(field, `member ${shown(key)} is not well-formed Unicode`);
    }
    flat[key] = value;
  }
  const again = canonicalBytes(flat);
  if (!equalBytes(again, bytes)) {
    throw new Malformed(field, 'is not in canonical form (RFC 8785): send back the exact bytes that Prepare returned');
  }
  return flat;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && Buffer.compare(a, b) === 0);
}
