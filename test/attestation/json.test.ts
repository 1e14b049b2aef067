import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../src/attestation/base64url.ts';
import { parseJsonObject } from '../../src/attestation/json.ts';

const parsed = (text: string) => parseJsonObject(new TextEncoder().encode(text));

describe('a JSON object', () => {
  it('is what JSON.parse gives, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.constantFrom(0, 2),
        (object, indent) => {
          const text = JSON.stringify(object, null, indent);
          expect(parsed(text)).toEqual({ ok: true, value: JSON.parse(text) });
        },
      ),
    );
  });

  it.each([
    ['{"a":1,"a":1}', 'states its member "a" twice'],
    ['{"a":1,"b":{"a":1},"a":1}', 'states its member "a" twice'],
    ['{"a":"}","a":1}', 'states its member "a" twice'],
    ['{"a":["{"],"b":"\\"}","a":1}', 'states its member "a" twice'],
    ['{"a":[],"a":1}', 'states its member "a" twice'],
    ['{"a":[[1],{"a":1}],"b":[{}],"a":1}', 'states its member "a" twice'],
    ['{"a":{},"b":{"c":{}},"b":1}', 'states its member "b" twice'],
    ['{"b":[[{"c":1,"c":2}]]}', 'states its member "c" twice'],
    ['{"a":1,"\\u0061":1}', 'states its member "a" twice'],
    ['{"a\\"":1 , "a\\"" \n: 1}', 'states its member "a\\"" twice'],
    ['{"":1,"":1}', 'states its member "" twice'],
    ['{"__proto__":1,"__proto__":1}', 'states its member "__proto__" twice'],
    ['{"a":1}x', 'is not JSON'],
    ['\ufeff{}', 'is not JSON'],
    ['', 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['"{}"', 'is not a JSON object'],
  ])('%j is refused', (text, problem) => {
    expect(parsed(text)).toEqual({ ok: false, problem });
  });

  it.each([
    '{"a":{"a":{"a":1}}}',
    '{"a":{"b":1},"b":1}',
    '{"a":["a","a"],"b":["a"]}',
    '{"a":[{"a":1},{"a":1}]}',
    '{"a":"\\"a\\":1,","b":"{\\"a\\":1,\\"a\\":1}"}',
  ])('%s repeats no member', (text) => {
    expect(parsed(text)).toMatchObject({ ok: true });
  });

  it('of any bytes is parsed or refused, and never throws', () => {
    const texts = fc.stringMatching(/^[{}[\]",:\\a0 \n]*$/).map((text) => new TextEncoder().encode(text));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), texts), (bytes) => {
        expect(parseJsonObject(bytes)).toHaveProperty('ok');
      }),
      { numRuns: 2000 },
    );
    expect(parsed(`{"a":${'['.repeat(16_000)}`)).toEqual({ ok: false, problem: 'is not JSON' });
    expect(parsed(`{"a":"${'x'.repeat(100_000)}"}`)).toMatchObject({ ok: true });
  });
});

describe('base64url', () => {
  it('spells bytes in one way only', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.base64String(), (text) => {
        const bytes = fromBase64url(text);
        if (bytes !== undefined) expect(toBase64url(bytes)).toBe(text);
      }),
    );
  });

  // RFC 4648 §10, and what is none.
  it.each([
    ['', ''],
    ['Zg', 'f'],
    ['Zm8', 'fo'],
    ['Zm9v', 'foo'],
  ])('%j spells %j', (text, spelt) => {
    expect(new TextDecoder().decode(fromBase64url(text))).toBe(spelt);
  });

  it.each(['Zg==', 'Zh', 'Z', 'Zm9v\n', ' Zm9v', 'Zm 9v', '+/+/', 'Zm9v.'])('%j spells nothing', (text) => {
    expect(fromBase64url(text)).toBeUndefined();
  });
});
