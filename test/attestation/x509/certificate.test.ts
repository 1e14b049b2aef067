import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { Refusal } from '../../../src/domain/index.ts';
import { extension, TestAuthority } from './authority.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

describe('a certificate', () => {
  let der: Uint8Array;
  beforeAll(async () => {
    ({ der } = await TestAuthority.root({ pathLength: 2 }));
  });

  it('is read as far as chains need it', () => {
    const { authority, pathLength, signsCertificates, commonNames, notAfter, signatureAlgorithm } =
      parseCertificate(der);
    expect({ authority, pathLength, signsCertificates, commonNames, signatureAlgorithm }).toEqual({
      authority: true,
      pathLength: 2,
      signsCertificates: true,
      commonNames: ['Test attestation root'],
      signatureAlgorithm: '1.2.840.10045.4.3.2',
    });
    expect(notAfter).toBe(Date.parse('2090-01-01T00:00:00Z'));
  });

  /** The same with one byte changed, `offset` behind where these begin. */
  const changed = (begin: string, offset: number, to: number): Uint8Array => {
    const at = Buffer.from(der).indexOf(hex(begin));
    expect(at).toBeGreaterThan(0);
    return Uint8Array.from(der, (byte, i) => (i === at + offset ? to : byte));
  };

  it('is no authority’s where its basic constraints say that it is none', () => {
    expect(parseCertificate(changed('30060101ff020102', 4, 0)).authority).toBe(false);
  });

  it('is not stopped by an extension that says that it is not critical', () => {
    const { extensions } = parseCertificate(changed('0603551d130101ff', 7, 0));
    expect(extensions.get('2.5.29.19')?.critical).toBe(false);
  });

  it('RFC 5280 §4.1.2.5.1: is of the last century from the year 50 on', () => {
    const years = (first: string): number => {
      const at = Buffer.from(der).indexOf('200101000000Z', 0, 'latin1');
      const digits = Buffer.from(first, 'latin1');
      return parseCertificate(Uint8Array.from(der, (byte, i) => digits[i - at] ?? byte)).notBefore;
    };
    expect(years('49')).toBe(Date.parse('2049-01-01T00:00:00Z'));
    expect(years('50')).toBe(Date.parse('1950-01-01T00:00:00Z'));
  });

  it('is refused with a byte after its end, cut off, or longer than 8 KiB', () => {
    expect(() => parseCertificate(Buffer.concat([der, hex('00')]))).toThrow('has 1 bytes after its end');
    expect(() => parseCertificate(der.slice(0, -1))).toThrow('ends too early');
    expect(() => parseCertificate(new Uint8Array(8193))).toThrow('longer than 8192 bytes');
  });

  it('is refused with an extension twice, and with more than 32', async () => {
    const odd = extension('1.2.3.4', false, '0500');
    const twice = await TestAuthority.root({ extensions: [odd, odd] });
    expect(() => parseCertificate(twice.der)).toThrow('has the extension 1.2.3.4 twice');
    const many = await TestAuthority.root({
      extensions: Array.from({ length: 31 }, (_, i) => extension(`1.2.3.${i}`, false, '0500')),
    });
    expect(() => parseCertificate(many.der)).toThrow('more than 32 extensions');
  });

  it('is refused where it is not of version 3', () => {
    const [at] = [Buffer.from(der).indexOf(hex('a003020102'))];
    const second = Uint8Array.from(der, (byte, i) => (i === at + 4 ? 1 : byte));
    expect(() => parseCertificate(second)).toThrow('is not of version 3');
  });

  it('is refused where its time is none, or its key can’t be read', () => {
    const year = Buffer.from(der).indexOf('200101000000Z', 0, 'latin1');
    const never = Uint8Array.from(der, (byte, i) => (i === year + 2 ? 0x39 : byte));
    expect(() => parseCertificate(never)).toThrow('a validity that is no time');
    const point = Buffer.from(der).indexOf(hex('03420004'));
    const off = Uint8Array.from(der, (byte, i) => (i === point + 20 ? byte ^ 1 : byte));
    expect(() => parseCertificate(off)).toThrow('can’t be read');
  });

  it('ASN.1 bombs: whatever is changed in it, it is read or refused, and nothing else', () => {
    const edit = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = Uint8Array.from(der);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        readOrRefused(bytes);
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readOrRefused), { numRuns: 1000 });
    readOrRefused(hex('30820ffc'.repeat(1024)));
    readOrRefused(hex('3080'.repeat(4000)));
  });
});

function readOrRefused(bytes: Uint8Array): void {
  try {
    parseCertificate(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
  }
}
