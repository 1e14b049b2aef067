import { describe, expect, it } from 'vitest';
import { DerReader, explicit, oidOf, smallInteger, tags } from '../../../src/attestation/x509/der.ts';
import { Refusal } from '../../../src/domain/index.ts';

const reader = (text: string): DerReader => new DerReader(new Uint8Array(Buffer.from(text, 'hex')), 'a test');

describe('DER', () => {
  it.each([
    ['an indefinite length', '3080', 'indefinite'],
    ['a length of four bytes', '308400000001ff', 'too large'],
    ['a length in a longer form', '308101ff', 'shortest form'],
    ['a long length with a leading zero', `3082007f${'00'.repeat(127)}`, 'shortest form'],
    ['a length with a zero before it', `308200${'80'}${'00'.repeat(128)}`, 'shortest form'],
    ['no length', '30', 'ends too early'],
    ['less than its length', '3002ff', 'ends too early'],
    ['nothing', '', 'ends too early'],
    ['a tag of three bytes', 'bf81800100', 'a tag that nothing here has'],
    ['a tag of four bytes', 'bf8180800100', 'a tag that nothing here has'],
  ])('with %s is refused', (_, text, message) => {
    expect(() => reader(text).next()).toThrow(Refusal);
    expect(() => reader(text).next()).toThrow(message);
  });

  it('is read value by value, and insists on its tags and its end', () => {
    const of = reader('0201050500');
    expect(of.optional(tags.oid)).toBeUndefined();
    expect(smallInteger(of.take(tags.integer))).toBe(5);
    expect(() => of.take(tags.integer)).toThrow('has the tag 5 where 2 belongs');
    const left = reader('05000500');
    left.next();
    expect(() => left.done()).toThrow('has 2 bytes after its end');
    expect(reader('bf853e03020100').next().tag).toBe(explicit(702));
    expect(reader('a1020500').next().tag).toBe(explicit(1));
    expect(reader('be020500').next().tag).toBe(explicit(30));
    expect(reader('bf1f020500').next().tag).toBe(explicit(31));
  });

  it.each([
    [127, '7f'],
    [128, '8180'],
    [255, '81ff'],
    [256, '820100'],
    [65_535, '82ffff'],
    [65_536, '83010000'],
  ])('holds %i bytes after the length %s', (length, text) => {
    const { content, raw } = reader(`04${text}${'00'.repeat(length)}ff`).next();
    expect([content.length, raw.length]).toEqual([length, 1 + text.length / 2 + length]);
  });

  it('ends where its bytes do: nothing optional is behind them', () => {
    const of = reader('0500');
    of.next();
    expect(of.optional(tags.integer)).toBeUndefined();
    expect(() => of.done()).not.toThrow();
    expect(() => of.next()).toThrow('ends too early');
  });

  it.each([
    ['0603550403', '2.5.4.3'],
    ['06082a8648ce3d040302', '1.2.840.10045.4.3.2'],
    ['060a2b06010401d679020111', '1.3.6.1.4.1.11129.2.1.17'],
    ['06042a818001', '1.2.16385'],
    ['06028837', '2.999'],
    ['060100', '0.0'],
    ['060127', '0.39'],
    ['060128', '1.0'],
    ['060150', '2.0'],
  ])('spells the identifier %s as %s', (text, oid) => {
    expect(oidOf(reader(text).next())).toBe(oid);
  });

  it.each([
    ['020100', 0],
    ['02017f', 127],
    ['02020100', 256],
    ['02047fffffff', 0x7fffffff],
  ])('has in %s the integer %i', (text, value) => {
    expect(smallInteger(reader(text).next())).toBe(value);
  });

  it.each([['0200'], ['020180'], ['0201ff'], ['02050100000000']])('has no small integer in %s', (text) => {
    expect(smallInteger(reader(text).next())).toBeUndefined();
  });
});
