import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { BasicConstraintsExtension, Extension, X509CertificateGenerator } from '@peculiar/x509';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../src/api/roles.ts';
import {
  type Authority,
  createAuthority,
  type Issued,
  issueClient,
  issueServer,
  openAuthority,
  validity,
} from '../../src/cli/certificates.ts';
import { Malformed } from '../../src/domain/index.ts';

const now = Date.now();
const domain = 'station.example';
let authority: Authority;
let server: Issued;

beforeAll(async () => {
  authority = await createAuthority(domain, now);
  server = await issueServer(authority, ['localhost', '127.0.0.1', '::1', 'signer.internal'], now);
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** What becomes of a mutual TLS handshake, as the server sees it: the client's authorization error, or none. */
async function handshake(client: Issued, ca: string = authority.certificate): Promise<string | undefined> {
  const seen = Promise.withResolvers<string | undefined>();
  const listener = createServer(
    {
      cert: server.certificate,
      key: server.key,
      ca,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    },
    (socket: TLSSocket) => {
      const error: unknown = socket.authorizationError;
      seen.resolve(socket.authorized ? undefined : String(error));
    },
  );
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: authority.certificate,
    cert: client.certificate,
    key: client.key,
  });
  socket.on('error', seen.reject);
  closers.push(() => {
    socket.destroy();
    listener.close();
  });
  return seen.promise;
}

describe('the authority', () => {
  it('is good for signing leaves of its trust domain, for ten years', () => {
    const ca = new X509Certificate(authority.certificate);
    expect(ca.ca).toBe(true);
    expect(ca.checkIssued(ca) && ca.verify(ca.publicKey)).toBe(true);
    expect(ca.validToDate.getTime() - now).toBeGreaterThan(validity.authority - 2_000);
    expect(ca.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it.each(['', 'Station', 'a b', 'x/y', '-x', 'x'.repeat(101)])('refuses the trust domain %j', async (name) => {
    await expect(createAuthority(name, now)).rejects.toThrow(Malformed);
  });

  it('S1: is constrained to its trust domain: not even its own key makes a client of another', async () => {
    const elsewhere = { ...authority, trustDomain: 'other.example' };
    const client = await issueClient(elsewhere, 'operators', 'mallory', now);
    // Node has no name of its own for OpenSSL's X509_V_ERR_PERMITTED_VIOLATION.
    expect(await handshake(client)).toBe('UNSPECIFIED');
  });

  it('S1: another authority of the same trust domain is not believed', async () => {
    const other = await createAuthority(domain, now);
    const client = await issueClient(other, 'operators', 'mallory', now);
    expect(await handshake(client)).toBeDefined();
  });
});

describe('an authority that is opened again', () => {
  it('issues as before', async () => {
    const opened = await openAuthority(authority.certificate, authority.key);
    expect(opened.trustDomain).toBe(domain);
    expect(await handshake(await issueClient(opened, 'operators', 'ann', now))).toBeUndefined();
  });

  it('is one of one trust domain, and of nothing else', async () => {
    const names = [domain, 'other.example'].map((host) => [
      0x30,
      host.length + 2,
      0x86,
      host.length,
      ...Buffer.from(host),
    ]);
    const subtrees = names.flat();
    const value = Uint8Array.of(0x30, subtrees.length + 2, 0xa0, subtrees.length, ...subtrees);
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const wide = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=wide',
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      keys,
      extensions: [new BasicConstraintsExtension(true, 0, true), new Extension('2.5.29.30', true, value)],
    });
    await expect(openAuthority(wide.toString('pem'), authority.key)).rejects.toThrow(
      /no.* an authority for one trust domain/,
    );
  });
});

describe('a client certificate', () => {
  it('names role and person in its one URI, as the api reads it', async () => {
    const client = await issueClient(authority, 'operators', 'ann', now);
    expect(await handshake(client)).toBeUndefined();
    const certificate = new X509Certificate(client.certificate);
    expect(certificate.subjectAltName).toBe('URI:spiffe://station.example/operators/ann');
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(identify(certificate.raw, domain)).toMatchObject({
      known: true,
      caller: { role: 'operators', name: 'ann' },
    });
  });

  it('has a serial number of its own, positive and long', async () => {
    const serials = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const { serialNumber } = new X509Certificate((await issueClient(authority, 'courier', 'c', now)).certificate);
      expect(serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
      serials.add(serialNumber);
    }
    expect(serials.size).toBe(5);
  });

  it.each([
    ['operators', 'a/b'],
    ['operators', ''],
    ['operators', '.hidden'],
    ['operators', 'x'.repeat(65)],
    ['operators/x', 'ann'],
    ['Operators', 'ann'],
  ])('refuses role %j, name %j', async (role, name) => {
    await expect(async () => issueClient(authority, role, name, now)).rejects.toThrow(Malformed);
  });

  it('never outlives the authority that signed it', async () => {
    const late = now + validity.authority - 1_000;
    const { validToDate } = new X509Certificate((await issueClient(authority, 'courier', 'c', late)).certificate);
    expect(validToDate.getTime()).toBe(new X509Certificate(authority.certificate).validToDate.getTime());
  });

  it('is no server certificate, nor the other way round', async () => {
    const certificate = new X509Certificate(server.certificate);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(await handshake(server)).toBe('INVALID_PURPOSE');
  });
});

describe('the server certificate', () => {
  it('names every host and address that was asked for', () => {
    const certificate = new X509Certificate(server.certificate);
    for (const host of ['localhost', 'signer.internal']) expect(certificate.checkHost(host)).toBe(host);
    for (const ip of ['127.0.0.1', '::1']) expect(certificate.checkIP(ip)).toBeDefined();
    expect(certificate.checkHost('elsewhere.example')).toBeUndefined();
  });

  it.each(['a b', 'x,y', 'Ä', '*.example', ''])('refuses the name %j', async (name) => {
    await expect(async () => issueServer(authority, [name], now)).rejects.toThrow(Malformed);
  });
});
