import { beforeAll, describe, expect, it } from 'vitest';
import { openMetadata } from '../../../src/attestation/metadata/blob.ts';
import { parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { type Named, now, SubjectAlternativeNameExtension, TestAuthority } from '../x509/authority.ts';
import { blob, type Json } from './test-metadata.ts';

// FIDO Metadata Service v3.0 §3.2: who signs it, and with what. Every blob here is rightly signed by a chain to the pinned root.

let root: TestAuthority;
beforeAll(async () => {
  root = await TestAuthority.root({ subject: 'CN=Test metadata root' });
});

const open = (text: string) => openMetadata(text, { root: parseCertificate(root.der), now }).number;
const signer = 'mds.fidoalliance.org';
const names = (...of: readonly (readonly [type: 'dns' | 'url' | 'email', value: string])[]) =>
  new SubjectAlternativeNameExtension(of.map(([type, value]) => ({ type, value })));

async function signed(of: Named, header: Json = {}, dsaEncoding: 'der' | 'ieee-p1363' = 'ieee-p1363') {
  const leaf = await root.issue({ subject: `CN=${signer}`, ca: false, ...of });
  const [head = '', payload = ''] = blob({ root, leaf }, {}, header).split('.');
  const signature = Buffer.from(leaf.sign(Buffer.from(`${head}.${payload}`), dsaEncoding));
  return `${head}.${payload}.${signature.toString('base64url')}`;
}

describe('A5: the FIDO metadata are signed in the name of mds.fidoalliance.org', () => {
  it('as an alternative name, among others', async () => {
    const extensions = [names(['dns', 'x.example'], ['dns', signer], ['url', 'https://x.example'])];
    expect(open(await signed({ subject: 'CN=x.example', extensions }))).toBe(7);
  });

  it('or as the only common name of a certificate without alternative names', async () => {
    expect(open(await signed({ subject: `C=AA, CN=${signer}` }))).toBe(7);
  });

  it.each([
    ['as one of two common names', { subject: `CN=${signer}, CN=x.example` }],
    ['as the second of two common names', { subject: `CN=x.example, CN=${signer}` }],
    ['as no common name', { subject: `O=${signer}` }],
    ['as a common name beside other alternative names', { extensions: [names(['dns', 'x.example'])] }],
    ['as a common name beside an address', { extensions: [names(['email', `x@${signer}`])] }],
    ['with a wildcard', { extensions: [names(['dns', '*.fidoalliance.org'])] }],
    ['of a name below', { extensions: [names(['dns', `x.${signer}`])] }],
    ['of a name above', { extensions: [names(['dns', 'fidoalliance.org'])] }],
    ['inside an address of the web', { extensions: [names(['url', `https://x.example/, DNS:${signer}, x`])] }],
    ['inside a DNS name', { extensions: [names(['dns', `x, DNS:${signer}, x`])] }],
  ] satisfies [string, Named][])('and not %s', async (_, of) => {
    const text = await signed(of);
    expect(() => open(text)).toThrow(`, not by ${signer}`);
  });
});

describe('A7: the FIDO metadata are signed by the algorithm that their key is for', () => {
  const publicExponent = Uint8Array.of(1, 0, 1);
  const rsa = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent, hash: 'SHA-256' };
  const p384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' };

  it('RS256 of an RSA key, ES256 of one on P-256', async () => {
    expect(open(await signed({ algorithm: rsa }, { alg: 'RS256' }))).toBe(7);
    expect(open(await signed({}, { alg: 'ES256' }))).toBe(7);
  });

  it.each([
    ['ES256', rsa, 'ieee-p1363'],
    ['PS256', rsa, 'ieee-p1363'],
    ['none', rsa, 'ieee-p1363'],
    ['RS256', undefined, 'der'],
    ['ES384', undefined, 'ieee-p1363'],
    ['none', undefined, 'ieee-p1363'],
    ['ES256', p384, 'ieee-p1363'],
    [undefined, undefined, 'ieee-p1363'],
  ] as const)('and not by %s of another, though it is signed well', async (alg, algorithm, encoding) => {
    const text = await signed(algorithm === undefined ? {} : { algorithm }, { alg }, encoding);
    expect(() => open(text)).toThrow('accepted are RS256 and ES256, as its key is for');
  });
});
