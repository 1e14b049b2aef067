import { beforeAll, describe, expect, it } from 'vitest';
import { authorityKey, parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { DerReader, tags } from '../../../src/attestation/x509/der.ts';
import { digestOf } from '../../../src/domain/index.ts';
import { TestAuthority } from './authority.ts';

// Certificates put together piece by piece. Their signatures are wrong, which is not a reader's to say.

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const { length } = content;
  const spelt = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...spelt), content]);
}

/** The values in a value. */
function inside(raw: Uint8Array): Uint8Array[] {
  const reader = DerReader.within(new DerReader(raw, 'a test').next(), 'a test');
  const values: Uint8Array[] = [];
  while (!reader.ended) values.push(reader.next().raw);
  return values;
}

interface Pieces {
  readonly validity?: readonly Uint8Array[];
  /** Between the key and the extensions. */
  readonly identifiers?: readonly Uint8Array[];
  /** Instead of its own, each in DER; null leaves out that there are any. */
  readonly extensions?: readonly Uint8Array[] | null;
  /** After the extensions. */
  readonly behind?: readonly Uint8Array[];
}

let root: TestAuthority;
beforeAll(async () => {
  root = await TestAuthority.root();
});

/** The root's certificate with other pieces. */
function made({ validity, identifiers = [], extensions, behind = [] }: Pieces) {
  const [tbs = hex(''), ...signature] = inside(root.der);
  const members = inside(tbs);
  if (validity !== undefined) members[4] = der(tags.sequence, ...validity);
  const own = members.pop() ?? hex('');
  const list =
    extensions === undefined ? [own] : extensions === null ? [] : [der(0xa3, der(tags.sequence, ...extensions))];
  const changed = der(tags.sequence, ...members, ...identifiers, ...list, ...behind);
  return parseCertificate(der(tags.sequence, changed, ...signature));
}

const utc = (text: string) => der(tags.utcTime, Buffer.from(text));
const general = (text: string) => der(tags.generalizedTime, Buffer.from(text));
const constraints = (value: string, more = '') =>
  der(tags.sequence, hex('0603551d13'), der(tags.octetString, hex(value)), hex(more));

describe('RFC 5280 §4.1: a certificate', () => {
  it('may have the identifiers of issuer and subject that nobody uses', () => {
    for (const identifiers of [[hex('81020000')], [hex('82020000')], [hex('81020000'), hex('82020000')]])
      expect(made({ identifiers }).authority).toBe(true);
  });

  it('is refused with anything after its extensions', () => {
    expect(() => made({ behind: [hex('8400')] })).toThrow('has 2 bytes after its end');
  });

  it('is no authority’s where it does not say that it is one', () => {
    for (const extensions of [null, []]) {
      const none = made({ extensions });
      expect([none.authority, none.pathLength, none.signsCertificates]).toEqual([
        false,
        Number.POSITIVE_INFINITY,
        true,
      ]);
    }
    expect(made({ extensions: [constraints('3000')] }).authority).toBe(false);
    expect(made({ extensions: [constraints('3003010100')] }).authority).toBe(false);
    expect(made({ extensions: [constraints('30030101ff')] }).authority).toBe(true);
  });

  it.each([
    ['30030101ff', Number.POSITIVE_INFINITY],
    ['30060101ff020100', 0],
    ['30060101ff020103', 3],
    // Beyond what is read: none may stand between.
    ['30060101ff0201ff', 0],
    ['300a0101ff02050100000000', 0],
  ])('lets by %s that many stand below it: %d', (value, most) => {
    expect(made({ extensions: [constraints(value)] }).pathLength).toBe(most);
  });

  it('is refused with anything after its basic constraints, or in them', () => {
    expect(() => made({ extensions: [constraints('30000500')] })).toThrow('has 2 bytes after its end');
    expect(() => made({ extensions: [constraints('30050101ff0500')] })).toThrow('has 2 bytes after its end');
    expect(() => made({ extensions: [constraints('3000', '0500')] })).toThrow('has 2 bytes after its end');
  });

  it('signs certificates only by bit 5 of its key usage', () => {
    const usage = (value: string) =>
      made({ extensions: [der(tags.sequence, hex('0603551d0f'), der(tags.octetString, hex(value)))] });
    expect(usage('03020204').signsCertificates).toBe(true);
    expect(usage('030200fb').signsCertificates).toBe(false);
    expect(usage('030100').signsCertificates).toBe(false);
  });

  it('has an extension that is critical where it says so in any words', () => {
    const odd = (words: string) =>
      made({ extensions: [der(tags.sequence, hex('06032a0304'), hex(words), hex('0400'))] });
    expect(odd('').extensions.get('1.2.3.4')).toMatchObject({ critical: false, value: { length: 0 } });
    expect(odd('010100').extensions.get('1.2.3.4')?.critical).toBe(false);
    expect(odd('0101ff').extensions.get('1.2.3.4')?.critical).toBe(true);
  });

  it('has the common names of its subject, and no other part of it', async () => {
    expect(parseCertificate((await root.batch()).der).commonNames).toEqual(['Test batch']);
    expect(parseCertificate((await root.issue({ subject: 'O=mds.fidoalliance.org' })).der).commonNames).toEqual([]);
  });

  it('is known by the SHA-256 of its key in DER', () => {
    const certificate = parseCertificate(root.der);
    const [tbs = hex('')] = inside(root.der);
    expect(certificate.spki).toEqual(inside(tbs)[6]);
    expect(authorityKey(certificate)).toBe(digestOf(certificate.spki));
  });

  it('is looked at up to 8 KiB', () => {
    expect(() => parseCertificate(new Uint8Array(8192))).toThrow('has the tag 0 where 48 belongs');
    expect(() => parseCertificate(new Uint8Array(8193))).toThrow('longer than 8192 bytes');
  });
});

describe('RFC 5280 §4.1.2.5: the validity of a certificate', () => {
  const until = general('20900101000000Z');
  it('is in UTC, to the second, in two forms', () => {
    const { notBefore, notAfter } = made({ validity: [utc('200229123456Z'), general('20510607080910Z')] });
    expect(notBefore).toBe(Date.parse('2020-02-29T12:34:56Z'));
    expect(notAfter).toBe(Date.parse('2051-06-07T08:09:10Z'));
  });

  it.each([
    ['a short year in the long form', general('200101000000Z')],
    ['a long year in the short form', utc('20200101000000Z')],
    ['a digit before it', general('120200101000000Z')],
    ['a letter after it', general('20200101000000ZZ')],
    ['no seconds', general('202001010000Z')],
    ['a fraction of a second', general('20200101000000.5Z')],
    ['another zone', general('20200101000000+0100')],
    ['no zone', general('20200101000000')],
    ['a thirteenth month', general('20201301000000Z')],
    ['no text', general('')],
    ['a time that is tagged as text', der(0x0c, Buffer.from('20200101000000Z'))],
    ['a short time that is tagged as text', der(0x0c, Buffer.from('200101000000Z'))],
  ])('is none with %s', (_, notBefore) => {
    expect(() => made({ validity: [notBefore, until] })).toThrow('has a validity that is no time');
    expect(() => made({ validity: [until, notBefore] })).toThrow('has a validity that is no time');
  });
});
