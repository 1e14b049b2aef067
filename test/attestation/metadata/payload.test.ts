import { beforeAll, describe, expect, it } from 'vitest';
import { namedBy, openMetadata } from '../../../src/attestation/metadata/blob.ts';
import { authorityKey, parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { Refusal } from '../../../src/domain/index.ts';
import { now, TestAuthority } from '../x509/authority.ts';
import { blob, entry, type Json, report, type TestService, testModel, testService } from './test-metadata.ts';

// FIDO Metadata Service v3.0 §3.1.6, at the edges of what is read of it.

let service: TestService;
let authority: TestAuthority;
beforeAll(async () => {
  service = await testService();
  authority = await TestAuthority.root();
});

const open = (text: string) => openMetadata(text, { root: parseCertificate(service.root.der), now });
const aaguid = testModel.replaceAll('-', '');
const base64 = ({ der }: TestAuthority) => Buffer.from(der).toString('base64');
const modelOf = (of: Json, statement: Json = {}, roots: readonly TestAuthority[] = []) =>
  open(blob(service, { entries: [entry(of, statement, roots)] })).models.get(aaguid);

/** A blob of these bytes, rightly signed. */
function ofBytes(payload: Uint8Array): string {
  const input = `${blob(service).split('.')[0]}.${Buffer.from(payload).toString('base64url')}`;
  return `${input}.${Buffer.from(service.leaf.sign(Buffer.from(input), 'ieee-p1363')).toString('base64url')}`;
}

describe('the payload of FIDO metadata', () => {
  it.each([
    [1, 1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ])('may have the number %i', (no, number) => {
    expect(open(blob(service, { no })).number).toBe(number);
  });

  it.each([-1, 1.5, 2 ** 53, null, [7], true])('has no number in %j', (no) => {
    expect(() => open(blob(service, { no }))).toThrow('has no number');
  });

  it.each([
    '2026-04-01T00:00:00Z',
    '+002026-04-01',
    ' 2026-04-01',
    '2026-04-1',
    '2026-4-01',
    '26-04-01',
    '2026-02-32',
    '',
    ['2026-04-01'],
    20260401,
    null,
    undefined,
  ])('does not say by %j when the next one comes', (nextUpdate) => {
    expect(() => open(blob(service, { nextUpdate }))).toThrow('does not say when the next one comes');
  });

  it.each([{}, 'x', null, { length: 1 }])('has no entries in %j', (entries) => {
    expect(() => open(blob(service, { entries }))).toThrow('has no entries');
  });

  it.each([null, 'x', 7, [entry()]])('has no entry in %j', (odd) => {
    expect(() => open(blob(service, { entries: [entry(), odd] }))).toThrow('has an entry that is no object');
  });

  it.each([
    ['in capitals', testModel.toUpperCase()],
    ['without dashes', aaguid],
    ['in braces', `{${testModel}}`],
    ['after a letter', `a${testModel}`],
    ['before a letter', `${testModel}a`],
    ['without its first part', testModel.slice(9)],
    ['one part short', testModel.replace('-0607', '')],
    ['with a part more', testModel.replace('-0607', '-0607-0607')],
    ['in a list', [testModel]],
    ['null', null],
  ])('has no model whose AAGUID is %s', (_, id) => {
    expect(() => open(blob(service, { entries: [entry({ aaguid: id })] }))).toThrow(Refusal);
    expect(() => open(blob(service, { entries: [entry({ aaguid: id })] }))).toThrow('has the AAGUID');
  });

  it('is an object in UTF-8', () => {
    const good = Buffer.from(blob(service).split('.')[1] ?? '', 'base64url');
    expect(open(ofBytes(good)).number).toBe(7);
    const at = good.indexOf('A test');
    expect(at).toBeGreaterThan(0);
    const odd = Uint8Array.from(good, (byte, i) => (i === at ? 0xff : byte));
    for (const bad of [
      odd,
      Buffer.from('[]'),
      Buffer.from('null'),
      Buffer.from('7'),
      Buffer.from('{'),
      Buffer.from(''),
    ])
      expect(() => open(ofBytes(bad))).toThrow('has a payload that is no JSON object');
  });
});

describe('the form of FIDO metadata', () => {
  it.each(['header', 'payload', 'signature'])('is none with a %s that is no base64url', (part) => {
    const parts = blob(service).split('.');
    parts[['header', 'payload', 'signature'].indexOf(part)] += '=';
    expect(() => open(parts.join('.'))).toThrow('is no JWS in compact form');
  });

  it('is none without a part, or with an empty header', () => {
    const [header, payload] = blob(service).split('.');
    for (const bad of ['', '.', `${header}.${payload}`]) expect(() => open(bad)).toThrow('is no JWS in compact form');
    expect(() => open(`.${payload}.AA`)).toThrow('has a header that is no JSON object');
  });

  it.each([
    ['a number', 7],
    ['nothing', ''],
    ['white space', ' \n'],
    ['padding too much', () => `${base64(service.leaf)}====`],
  ])('is none with %s for a certificate', (_, odd) => {
    const x5c = [base64(service.leaf), typeof odd === 'function' ? odd() : odd];
    expect(() => open(blob(service, {}, { x5c }))).toThrow('has a certificate in its header’s x5c that is no base64');
  });

  it('may have white space in its certificates, and six of them', async () => {
    const x5c = [base64(service.leaf).replace(/.{64}/g, '$&\n')];
    expect(open(blob(service, {}, { x5c })).number).toBe(7);
    expect(() => open(blob(service, {}, { x5c: Array(6).fill(base64(service.leaf)) }))).toThrow('did not issue');
  });
});

describe('what FIDO metadata say of a model', () => {
  it('is little where there is no statement', () => {
    for (const metadataStatement of [undefined, null, 'x', []])
      expect(modelOf({ metadataStatement })).toMatchObject({ description: aaguid, hardware: false, authorities: [] });
    expect(modelOf({}, { description: 7 })?.description).toBe(aaguid);
  });

  it('is nothing of its authorities where they are no list', () => {
    for (const attestationRootCertificates of ['x', {}, null, 7])
      expect(modelOf({}, { attestationRootCertificates })?.authorities).toEqual([]);
  });

  it('is read once: its authorities stay the same', () => {
    const model = modelOf({}, {}, [authority]);
    expect(model?.authorities).toHaveLength(1);
    expect(model?.authorities).toBe(model?.authorities);
  });

  it('names an authority by its key', () => {
    const model = modelOf({}, {}, [service.root, authority]);
    if (model === undefined) throw new Error('the test’s model is missing');
    for (const named of [service.root, authority])
      expect(namedBy(model, authorityKey(parseCertificate(named.der)))).toBe(true);
    expect(namedBy(model, authorityKey(parseCertificate(service.leaf.der)))).toBe(false);
    expect(namedBy(model, '')).toBe(false);
  });

  it('is the first of its breaks', () => {
    const statusReports = [report('USER_KEY_REMOTE_COMPROMISE', '2021-01-01'), report('REVOKED', '2020-01-01')];
    expect(modelOf({ statusReports })?.revoked).toBe('USER_KEY_REMOTE_COMPROMISE');
  });

  it.each([
    [{ status: 'REVOKED', effectiveDate: '2020-01-01T00:00:00Z' }, 'of the date "2020-01-01T00:00:00Z"'],
    [{ status: 'REVOKED', effectiveDate: ' 2020-01-01' }, 'of the date " 2020-01-01"'],
    [{ status: 'REVOKED', effectiveDate: ['2020-01-01'] }, 'of the date "2020-01-01"'],
    [{ status: 'REVOKED', effectiveDate: 20200101 }, 'of the date "20200101"'],
    [{ status: 'REVOKED', effectiveDate: '2020-1-01' }, 'of the date "2020-1-01"'],
    [{ status: ['REVOKED'] }, 'without a status'],
    [null, 'without a status'],
    ['REVOKED', 'without a status'],
  ])('is not to be had by the report %j', (odd, message) => {
    expect(() => modelOf({ statusReports: [odd] })).toThrow(`the metadata’s entry of ${aaguid}`);
    expect(() => modelOf({ statusReports: [odd] })).toThrow(message);
  });

  it('is not to be had without a list of reports', () => {
    for (const statusReports of [{}, 'x', null])
      expect(() => modelOf({ statusReports })).toThrow('has no list of status reports');
  });
});
