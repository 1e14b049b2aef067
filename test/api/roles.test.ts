import { X509Certificate } from 'node:crypto';
import { type ConnectionOptions, connect } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Identities, identify } from '../../src/api/roles.ts';
import { JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { OperatorServiceService } from '../../src/generated/portcullis/v1/operator.ts';
import { type Ca, type Issued, makeCa, type Request, trustDomain } from '../certificates.ts';
import { call, refused, type Served, serve } from './served.ts';

const id = `spiffe://${trustDomain}/operators/eve`;

describe('S1: who a certificate names', () => {
  let ca: Ca;
  beforeAll(async () => {
    ca = await makeCa();
  });

  const named = async (request: Request) =>
    identify(new X509Certificate((await ca.issue(request)).cert).raw, trustDomain);
  const url = (value: string) => ({ type: 'url', value }) as const;
  const dns = (value: string) => ({ type: 'dns', value }) as const;

  it('is the one URI name, role and name', async () => {
    expect(await named({ role: 'courier', name: 'mail-1' })).toMatchObject({
      known: true,
      caller: { role: 'courier', name: 'mail-1' },
    });
  });

  it('is the same beside names of other types', async () => {
    const names = [dns('ops.station.test'), url(id), { type: 'ip', value: '10.0.0.1' } as const];
    expect(await named({ names })).toMatchObject({ known: true, caller: { role: 'operators', name: 'eve' } });
  });

  it.each([
    ['no name at all', { names: [], commonName: id }],
    ['a common name that spells a role', { names: [dns('ops.station.test')], commonName: id }],
    ['two URI names', { names: [url(`spiffe://${trustDomain}/withdrawals/w`), url(id)] }],
    ['the same URI name twice', { names: [url(id), url(id)] }],
    ['another trust domain', { trustDomain: 'station.evil' }],
    ['a trust domain that only begins alike', { trustDomain: `${trustDomain}.evil` }],
    ['a trust domain in capitals', { trustDomain: trustDomain.toUpperCase() }],
    ['a role that does not exist', { role: 'root' }],
    ['a role in capitals', { role: 'Operators' }],
    ['no role', { names: [url(`spiffe://${trustDomain}/operators`)] }],
    ['an empty name', { names: [url(`spiffe://${trustDomain}/operators/`)] }],
    ['a third path segment', { names: [url(`${id}/x`)] }],
    ['a query', { names: [url(`${id}?x`)] }],
    ['a fragment', { names: [url(`${id}#x`)] }],
    ['a port', { names: [url(`spiffe://${trustDomain}:443/operators/eve`)] }],
    ['user information', { names: [url(`spiffe://u@${trustDomain}/operators/eve`)] }],
    ['a percent escape', { names: [url(`spiffe://${trustDomain}/operator%73/eve`)] }],
    ['a path that climbs', { names: [url(`spiffe://${trustDomain}/operators/..`)] }],
    ['another scheme', { names: [url(`https://${trustDomain}/operators/eve`)] }],
    ['a scheme in capitals', { names: [url(`SPIFFE://${trustDomain}/operators/eve`)] }],
    ['a URI name with a comma that fakes a second one', { names: [url(`${id}, URI:${id}`)] }],
    ['a DNS name with a comma that fakes a URI name', { names: [dns(`x, URI:${id}`)] }],
    ['a DNS name with a comma that fakes a URI name whole', { names: [dns(`x, URI:${id}, y`)] }],
    [
      'a DNS name that fakes one beside a true one',
      { names: [dns(`x, URI:${id}, y`), url(`spiffe://${trustDomain}/courier/c`)] },
    ],
    ['a mail address that fakes a URI name', { names: [{ type: 'email', value: `x, URI:${id}` }] }],
    ['a directory name that fakes a URI name', { names: [{ type: 'dn', value: `CN="x, URI:${id}, y"` }] }],
    ['a NUL in the URI name', { names: [url(`${id}\0.x`)] }],
    ['a newline in the URI name', { names: [url(`${id}\n`)] }],
    ['a quote in the URI name', { names: [url(`${id}"`)] }],
    ['a certificate that is an authority’s', { role: 'operators', name: 'eve', authority: true }],
  ] satisfies [string, Request][])('is nobody with %s', async (_, request) => {
    expect(await named(request)).toMatchObject({ known: false });
  });

  it('is nobody outside the certificate’s time, also on a connection made within it', async () => {
    const { cert } = await ca.issue({
      role: 'courier',
      notBefore: new Date('2022-01-17T00:00:00Z'),
      notAfter: new Date('2022-01-18T00:00:00Z'),
    });
    const { raw } = new X509Certificate(cert);
    const identities = new Identities(trustDomain);
    for (const connection of [{}, undefined]) {
      const at = (time: string) => identities.of(connection, () => raw, Date.parse(time)).known;
      expect(at('2022-01-17T12:00:00Z')).toBe(true);
      expect(at('2022-01-18T00:00:01Z')).toBe(false);
      expect(at('2022-01-16T23:59:59Z')).toBe(false);
      expect(at('2022-01-18T00:00:00Z')).toBe(true);
    }
  });

  it('is read once a connection, and never taken for another connection’s', async () => {
    const identities = new Identities(trustDomain);
    let reads = 0;
    const reader = async (name: string) => {
      const { raw } = new X509Certificate((await ca.issue({ role: 'courier', name })).cert);
      return () => {
        reads += 1;
        return raw;
      };
    };
    const [alice, bob] = [await reader('alice'), await reader('bob')];
    const [first, second] = [{}, {}];
    for (let i = 0; i < 3; i += 1) {
      expect(identities.of(first, alice, Date.now())).toMatchObject({ caller: { name: 'alice' } });
      expect(identities.of(second, bob, Date.now())).toMatchObject({ caller: { name: 'bob' } });
    }
    expect(reads).toBe(2);
    expect(identities.of(undefined, alice, Date.now())).toMatchObject({ caller: { name: 'alice' } });
    expect(identities.of(undefined, bob, Date.now())).toMatchObject({ caller: { name: 'bob' } });
    expect(reads).toBe(4);
  });
});

describe('S1: the door', () => {
  let served: Served;
  let ca: Ca;
  beforeAll(async () => {
    served = await serve();
    ca = served.ca;
  });
  afterAll(() => served.close());

  /** How a call by this client ends. */
  const attempt = async (who: Issued) =>
    refused(await call(await served.client(who), JournalServiceService.getCheckpoint, { consistentWithSize: 0n }));

  it('opens to a certificate of the authority with a role', async () => {
    const client = await served.client('auditors');
    expect((await call(client, JournalServiceService.getCheckpoint, { consistentWithSize: 0n })).ok).toBe(true);
  });

  it('stays shut to a foreign authority, though of the same name and naming the right role', async () => {
    const foreign = await makeCa();
    const error = await attempt(await foreign.issue({ role: 'auditors' }));
    expect(error.code).toBe(status.UNAVAILABLE);
  });

  it('stays shut to a certificate that has expired, or is not valid yet', async () => {
    const day = 86_400_000;
    const past = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) };
    const future = { notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 2 * day) };
    for (const span of [past, future]) {
      expect((await attempt(await ca.issue({ role: 'auditors', ...span }))).code).toBe(status.UNAVAILABLE);
    }
  });

  it('stays shut to a self-signed certificate', async () => {
    const own = await makeCa('auditors');
    const issued = await own.issue({ role: 'auditors' });
    expect((await attempt({ ...issued, ca: own.certificate })).code).toBe(status.UNAVAILABLE);
  });

  it('stays shut to a server’s certificate of the same authority', async () => {
    const issued = await ca.issue({ role: 'auditors', usage: 'server' });
    expect((await attempt(issued)).code).toBe(status.UNAVAILABLE);
  });

  it('gives no answer to a certificate without a role: UNAUTHENTICATED', async () => {
    for (const request of [
      { names: [], commonName: `spiffe://${trustDomain}/auditors/eve` },
      {
        names: [
          { type: 'url', value: id } as const,
          { type: 'url', value: `spiffe://${trustDomain}/auditors/e` } as const,
        ],
      },
      { role: 'auditors', trustDomain: 'other.test' },
      { role: 'auditors', authority: true },
    ]) {
      const error = await attempt(await ca.issue(request));
      expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'role-denied', domain: 'portcullis' });
    }
    expect(served.fake.asked.filter(({ path }) => path !== 'journal.checkpoint')).toEqual([]);
  });

  it('knows callers apart who call at once on connections of their own', async () => {
    const names = ['anna', 'bert', 'cleo'];
    const clients = await Promise.all(
      names.map(async (name) => served.client(await ca.issue({ role: 'operators', name }), 'operators')),
    );
    const request = { scope: 'station', why: 'drill' };
    await Promise.all([...clients, ...clients].map((client) => call(client, OperatorServiceService.freeze, request)));
    const who = served.fake.asked.flatMap(({ path, args }) => (path === 'operators.freeze' ? [String(args[1])] : []));
    expect(who.sort()).toEqual([...names, ...names].sort());
    served.fake.asked.length = 0;
  });

  it('does not know the role dev on a real station', async () => {
    const error = await attempt(await ca.issue({ role: 'dev' }));
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'role-denied' });
  });

  const handshake = (options: ConnectionOptions): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port: served.api.port,
        ca: ca.certificate,
        servername: 'localhost',
        ALPNProtocols: ['h2'],
        ...options,
      });
      let protocol = '';
      socket.on('secureConnect', () => {
        protocol = socket.getProtocol() ?? '';
      });
      socket.on('data', () => {
        resolve(`served over ${protocol}`);
        socket.destroy();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on('close', () => resolve('closed'));
    });

  it('speaks TLS 1.3 and nothing older', async () => {
    const { cert, key } = await ca.issue({ role: 'auditors' });
    expect(await handshake({ cert, key })).toBe('served over TLSv1.3');
    expect(await handshake({ cert, key, maxVersion: 'TLSv1.2' })).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(await handshake({ cert, key, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).not.toMatch('served');
  });

  it('stays shut without a client certificate', async () => {
    expect(await handshake({})).not.toMatch('served');
  });

  it('holds on the operators’ listener too', async () => {
    const { cert, key } = await ca.issue({ role: 'operators' });
    const port = served.api.operatorsPort;
    expect(await handshake({ port, cert, key })).toBe('served over TLSv1.3');
    expect(await handshake({ port, cert, key, maxVersion: 'TLSv1.2' })).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(await handshake({ port })).not.toMatch('served');
  });
});
