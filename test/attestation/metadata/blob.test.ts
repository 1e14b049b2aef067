import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { metadataMost, openMetadata } from '../../../src/attestation/metadata/blob.ts';
import { parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { Refusal, type WallMs } from '../../../src/domain/index.ts';
import { now, TestAuthority } from '../x509/authority.ts';
import { blob, entry, type Json, report, type TestService, testModel, testService } from './test-metadata.ts';

// FIDO Metadata Service v3.0 §3.1, §3.2.

let service: TestService;
beforeAll(async () => {
  service = await testService();
});

const open = (text: string, root = service.root, when = now) =>
  openMetadata(text, { root: parseCertificate(root.der), now: when });
const aaguid = testModel.replaceAll('-', '');
const modelOf = (of: Json) => open(blob(service, { entries: [entry(of)] })).models.get(aaguid);

describe('FIDO metadata', () => {
  it('are opened by a chain to the pinned root, and say of models what is used', () => {
    const { number, nextUpdate, models } = open(`${blob(service)}\n`);
    expect({ number, nextUpdate, size: models.size }).toEqual({
      number: 7,
      nextUpdate: Date.parse('2026-04-01'),
      size: 1,
    });
    expect(models.get(aaguid)).toMatchObject({
      description: 'Test key',
      revoked: undefined,
      certification: 'FIDO_CERTIFIED_L1',
      hardware: true,
      authorities: [],
    });
  });

  it('may be signed with RSA, through an intermediate', async () => {
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: 'SHA-256',
    };
    const middle = await service.root.issue();
    const leaf = await middle.issue({ subject: 'CN=mds.fidoalliance.org', ca: false, algorithm });
    const x5c = [leaf, middle].map(({ der }) => Buffer.from(der).toString('base64'));
    const [header = '', payload = ''] = blob({ root: middle, leaf }, {}, { alg: 'RS256', x5c }).split('.');
    const signature = Buffer.from(leaf.sign(Buffer.from(`${header}.${payload}`))).toString('base64url');
    expect(open(`${header}.${payload}.${signature}`).number).toBe(7);
  });

  it('leave out models that have no AAGUID', () => {
    const entries = [
      { aaid: '1234#5678', statusReports: [] },
      { attestationCertificateKeyIdentifiers: ['ab'], statusReports: [] },
    ];
    expect(open(blob(service, { entries })).models.size).toBe(0);
  });

  it.each([
    [{ keyProtection: ['hardware'] }, true],
    [{ keyProtection: ['hardware', 'tee'] }, true],
    [{ keyProtection: ['secure_element'] }, true],
    [{ keyProtection: ['software'] }, false],
    [{ keyProtection: ['hardware', 'software'] }, false],
    [{ keyProtection: ['remote_handle'] }, false],
    [{ keyProtection: 'hardware' }, false],
    [{ keyProtection: undefined }, false],
  ])('say by %j whether hardware keeps the keys: %s', (statement, hardware) => {
    expect(open(blob(service, { entries: [entry({}, statement)] })).models.get(aaguid)?.hardware).toBe(hardware);
  });

  it('name a model’s authorities; what can’t be read is left out', async () => {
    const authority = await TestAuthority.root();
    const roots = [Buffer.from(authority.der).toString('base64').replace(/.{64}/g, '$&\n'), 'AAAA', 7];
    const [only, ...others] =
      open(blob(service, { entries: [entry({}, { attestationRootCertificates: roots })] })).models.get(aaguid)
        ?.authorities ?? [];
    expect([only?.name, others]).toEqual(['Test key (FIDO metadata)', []]);
    expect(Buffer.from(only?.certificate.raw ?? []).equals(authority.der)).toBe(true);
  });
});

describe('FIDO metadata are refused', () => {
  const x5c = () => [Buffer.from(service.leaf.der).toString('base64')];
  it.each([
    ['with no signature', () => blob(service).replace(/\.[^.]*$/, '.'), 'its signature is wrong'],
    [
      'with another payload',
      () => blob(service).replace(/\.[^.]*\./, `.${Buffer.from('{"no":9}').toString('base64url')}.`),
      'its signature is wrong',
    ],
    ['that are no JWS', () => 'x', 'no JWS'],
    ['in four parts', () => `${blob(service)}.AA`, 'no JWS'],
    ['with padding', () => `${blob(service)}=`, 'no JWS'],
    ['unsigned', () => blob(service, {}, { alg: 'none' }), 'the algorithm "none"'],
    ['by an HMAC', () => blob(service, {}, { alg: 'HS256' }), 'the algorithm "HS256"'],
    ['by RSA under a key that is not', () => blob(service, {}, { alg: 'RS256' }), 'the algorithm "RS256"'],
    [
      'whose chain lies elsewhere',
      () => blob(service, {}, { x5c: undefined, x5u: 'https://mds.fidoalliance.org' }),
      'header member "x5u"',
    ],
    ['with a critical member', () => blob(service, {}, { crit: ['b64'] }), 'header member "crit"'],
    ['with a key in the header', () => blob(service, {}, { jwk: {} }), 'header member "jwk"'],
    ['without a chain', () => blob(service, {}, { x5c: [] }), '1 to 6 certificates'],
    ['with a chain of seven', () => blob(service, {}, { x5c: Array(7).fill(x5c()[0]) }), '1 to 6 certificates'],
    [
      'with a chain in base64url',
      () => blob(service, {}, { x5c: x5c().map((c) => `${c.replaceAll('/', '_')}-_`) }),
      'no base64',
    ],
    ['with a chain that is none', () => blob(service, {}, { x5c: 'x' }), '1 to 6 certificates'],
    ['without a number', () => blob(service, { no: undefined }), 'has no number'],
    ['of the number 0', () => blob(service, { no: 0 }), 'has no number'],
    ['of a number in text', () => blob(service, { no: '7' }), 'has no number'],
    ['that do not say when the next come', () => blob(service, { nextUpdate: 'soon' }), 'when the next'],
    ['whose next come on no day', () => blob(service, { nextUpdate: '2026-13-01' }), 'when the next'],
    ['without entries', () => blob(service, { entries: undefined }), 'has no entries'],
    ['with an entry that is none', () => blob(service, { entries: [7] }), 'an entry that is no object'],
    ['with a model twice', () => blob(service, { entries: [entry(), entry()] }), 'twice'],
    ['with a model of no UUID', () => blob(service, { entries: [entry({ aaguid: 'X' })] }), 'has the AAGUID "X"'],
    [
      'with a model without reports',
      () => blob(service, { entries: [entry({ statusReports: undefined })] }),
      'no list of status reports',
    ],
    [
      'with a report of no status',
      () => blob(service, { entries: [entry({ statusReports: [{}] })] }),
      'without a status',
    ],
    [
      'with a report of no date',
      () => blob(service, { entries: [entry({ statusReports: [report('REVOKED', 'x')] })] }),
      'of the date "x"',
    ],
  ])('%s', (_, make, message) => {
    expect(() => open(make())).toThrow(Refusal);
    expect(() => open(make())).toThrow(message);
  });

  it('under another root, by a key of another name, before and after their chain is valid', async () => {
    const other = await testService();
    expect(() => open(blob(other))).toThrow('signed by nobody whom policy trusts: it leads to no authority');
    expect(() => open(blob(service), service.root, Date.parse('2091-01-01') as WallMs)).toThrow('is valid from');
    for (const of of [
      { dns: ['evil.example'] },
      { dns: [], subject: 'CN=evil.example' },
      { dns: ['x.mds.fidoalliance.org'] },
    ]) {
      const named = await testService(of);
      expect(() => open(blob(named), named.root)).toThrow('not by mds.fidoalliance.org');
    }
    const plain = await testService({ dns: [] });
    expect(open(blob(plain), plain.root).number).toBe(7);
    const authority = await testService({ ca: true });
    expect(() => open(blob(authority), authority.root)).toThrow('is an authority’s');
  });

  it('where they are larger than 64 MiB', () => {
    expect(() => open('x'.repeat(metadataMost + 1))).toThrow('is longer than');
    expect(() => open('x'.repeat(metadataMost))).toThrow('no JWS');
  });

  it('whatever is changed in them: with a reason, and nothing else', () => {
    const good = blob(service);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.constantFrom(...'AZaz09-_.={'), (at, letter) => {
        const text = `${good.slice(0, at)}${letter}${good.slice(at + 1)}`;
        if (text !== good) expect(() => open(text)).toThrow(Refusal);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => open(text)).toThrow(Refusal);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what a model’s status reports come to', () => {
  it.each([
    'REVOKED',
    'USER_VERIFICATION_BYPASS',
    'ATTESTATION_KEY_COMPROMISE',
    'USER_KEY_REMOTE_COMPROMISE',
    'USER_KEY_PHYSICAL_COMPROMISE',
  ])('%s ends it, whatever comes after', (status) => {
    const statusReports = [
      report('FIDO_CERTIFIED', '2019-01-01'),
      report(status, '2020-01-01'),
      report('FIDO_CERTIFIED_L2', '2021-01-01'),
    ];
    expect(modelOf({ statusReports })?.revoked).toBe(status);
  });

  it.each([
    ['none', [], undefined],
    ['updates', [report('UPDATE_AVAILABLE', '2024-01-01')], undefined],
    [
      'the newest',
      [report('FIDO_CERTIFIED_L2', '2021-01-01'), report('FIDO_CERTIFIED_L1', '2020-01-01')],
      'FIDO_CERTIFIED_L2',
    ],
    [
      'the newest, though it is less',
      [report('FIDO_CERTIFIED_L2', '2021-01-01'), report('NOT_FIDO_CERTIFIED', '2022-01-01')],
      'NOT_FIDO_CERTIFIED',
    ],
    [
      'one without a date',
      [report('FIDO_CERTIFIED_L1'), report('FIDO_CERTIFIED_L2', '2022-01-01')],
      'FIDO_CERTIFIED_L1',
    ],
    [
      'the later of two of a day',
      [report('FIDO_CERTIFIED_L2', '2021-01-01'), report('FIDO_CERTIFIED_L1', '2021-01-01')],
      'FIDO_CERTIFIED_L1',
    ],
    [
      'one under an update',
      [report('FIDO_CERTIFIED_L1', '2021-01-01'), report('UPDATE_AVAILABLE', '2022-01-01')],
      'FIDO_CERTIFIED_L1',
    ],
  ])('%s: its certification', (_, statusReports, certification) => {
    expect(modelOf({ statusReports })).toMatchObject({ revoked: undefined, certification });
  });
});
