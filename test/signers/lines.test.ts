import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader, ProtocolError } from '../../src/signers/lines.ts';

const utf8 = new TextEncoder();

/** Cuts bytes at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

describe('lines of a pipe', () => {
  it('are the same wherever the stream is cut', () => {
    const line = fc
      .string({ unit: 'binary', maxLength: 40 })
      .filter((text) => !text.includes('\n') && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, places) => {
        const reader = new LineReader(200);
        const bytes = utf8.encode(lines.map((text) => `${text}\n`).join(''));
        expect(cut(bytes, places).flatMap((chunk) => reader.push(chunk))).toEqual(lines);
      }),
    );
  });

  it('are not complete without their end', () => {
    expect(new LineReader(10).push(utf8.encode('half'))).toEqual([]);
  });

  it('are refused above the longest allowed, ended or not, in one piece or many', () => {
    const reader = () => new LineReader(4);
    expect(reader().push(utf8.encode('1234\n1234\n'))).toEqual(['1234', '1234']);
    expect(() => reader().push(utf8.encode('12345\n'))).toThrow(ProtocolError);
    expect(() => reader().push(utf8.encode('12345'))).toThrow(ProtocolError);
    const slow = reader();
    slow.push(utf8.encode('1234'));
    expect(() => slow.push(utf8.encode('5'))).toThrow(ProtocolError);
  });

  it('are refused where they are not UTF-8, and keep a byte order mark', () => {
    expect(() => new LineReader(10).push(Uint8Array.of(0xff, 0x0a))).toThrow(ProtocolError);
    expect(new LineReader(10).push(utf8.encode('\ufeffx\n'))).toEqual(['\ufeffx']);
  });
});
