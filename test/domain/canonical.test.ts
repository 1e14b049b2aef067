import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalText, Malformed, parseCanonical } from '../../src/domain/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string) => parseCanonical(bytes(text), 'intent');

describe('canonical JSON of flat strings (RFC 8785)', () => {
  it('§3.2.3: sorts keys by UTF-16 code units', () => {
    // The RFC's own sample, its values as strings.
    const sample = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = [...canonicalText(sample).matchAll(/:"([^"]*)"/g)].map(([, value]) => value);
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it('§3.2.2.2: escapes what must be escaped, as ECMAScript does, and nothing else', () => {
    // The string of the RFC's §3.2.2 sample.
    const value = '\u20ac$\u000f\nA\'B"\\\\"/';
    expect(canonicalText({ string: value })).toBe('{"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
    expect(canonicalText({ a: '\b\t\n\f\r\u0000\u001f\u007f\u2028' })).toBe(
      '{"a":"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\u2028"}',
    );
    expect(Buffer.from(canonicalBytes({ a: '\u20ac' })).toString('hex')).toBe('7b2261223a22e282ac227d');
  });

  it('§3.2.2.2: has no form for a lone surrogate', () => {
    expect(() => canonicalText({ a: '\ud800' })).toThrow(Malformed);
    expect(() => canonicalText({ '\udead': 'a' })).toThrow(Malformed);
  });

  it('reads back what it wrote', () => {
    const flat = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { noNullPrototype: true });
    fc.assert(
      fc.property(flat, (value) => {
        expect(Object.entries(parseCanonical(canonicalBytes(value), 'x')).sort()).toEqual(Object.entries(value).sort());
      }),
    );
  });

  const refusedForms: readonly [string, string][] = [
    ['a repeated key', '{"a":"1","a":"1"}'],
    ['a repeated key, the second time escaped', '{"a":"1","\\u0061":"1"}'],
    ['a byte order mark', '\ufeff{"a":"1"}'],
    ['a newline after it', '{"a":"1"}\n'],
    ['a space in it', '{"a": "1"}'],
    ['keys in another order', '{"b":"1","a":"1"}'],
    ['an escape that needn’t be', '{"a":"\\u0041"}'],
    ['an escaped slash', '{"a":"\\/"}'],
    ['a control character in other words', '{"a":"\\u000a"}'],
    ['an upper-case escape', '{"a":"\\u001F"}'],
    ['a lone surrogate, escaped', '{"a":"\\ud800"}'],
    ['a number', '{"a":1}'],
    ['null', '{"a":null}'],
    ['a nested object', '{"a":{}}'],
    ['a list', '["a"]'],
    ['a string', '"a"'],
    ['null alone', 'null'],
    ['nothing', ''],
    ['a trailing comma', '{"a":"1",}'],
    ['a comment', '{"a":"1"/**/}'],
    ['two of them', '{"a":"1"}{}'],
  ];
  for (const [what, text] of refusedForms) {
    it(`refuses ${what}, and names the field`, () => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'Malformed', field: 'intent' }));
    });
  }

  it('refuses bytes that are not UTF-8', () => {
    for (const bad of [
      [0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d],
      // Overlong, and CESU-8 of a surrogate pair.
      [0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc1, 0x81, 0x22, 0x7d],
      [0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80, 0x22, 0x7d],
    ]) {
      expect(() => parseCanonical(Uint8Array.from(bad), 'intent')).toThrow(Malformed);
    }
  });

  it('takes a member named __proto__ for what it is, a member', () => {
    const text = '{"__proto__":"x"}';
    expect(Object.entries(parse(text))).toEqual([['__proto__', 'x']]);
    expect(new TextDecoder().decode(canonicalBytes(parse(text)))).toBe(text);
    expect(Object.hasOwn(parse('{}'), 'toString') || 'toString' in parse('{}')).toBe(false);
  });

  it('throws Malformed and nothing else, whatever the bytes', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(bytes),
      fc.string({ unit: 'binary' }).map(bytes),
    );
    fc.assert(
      fc.property(any, (value) => {
        try {
          parseCanonical(value, 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
