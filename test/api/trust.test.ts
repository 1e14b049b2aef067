import { connect, type TLSSocket } from 'node:tls';
import { type Client, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { mutualTls } from '../../src/api/credentials.ts';
import { Identities } from '../../src/api/roles.ts';
import type { ClientTrust } from '../../src/api/server.ts';
import { certificatesIn, fingerprint } from '../../src/domain/index.ts';
import { JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { OperatorServiceService } from '../../src/generated/portcullis/v1/operator.ts';
import { WithdrawalServiceService } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { type Ca, type Issued, makeCa, trustDomain } from '../certificates.ts';
import { call, drain, open, type Served, serve, until } from './served.ts';

// Who may stay connected when what is trusted changes while the station runs.

const nobody: ClientTrust = { revoked: new Set() };
let served: Served;
const opened: TLSSocket[] = [];
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await served.close();
});

function printOf({ cert }: Pick<Issued, 'cert'>): string {
  return certificatesIn(cert, 'cert').map(fingerprint).join();
}

function revoking(...issued: readonly Issued[]): ClientTrust {
  return { revoked: new Set(issued.map(printOf)) };
}

async function checkpoint(client: Client): Promise<status> {
  const outcome = await call(client, JournalServiceService.getCheckpoint, { consistentWithSize: 0n });
  return outcome.ok ? status.OK : outcome.error.code;
}

/** A connection below gRPC, which would connect anew by itself; resolves once the server has let it in. */
async function socketOf(who: Issued, port = served.api.port): Promise<TLSSocket> {
  const options = { host: '127.0.0.1', port, ca: served.tls.ca, cert: who.cert, key: who.key, ALPNProtocols: ['h2'] };
  const socket = connect(options);
  opened.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => {
    socket.once('data', resolve);
    socket.once('close', resolve);
  });
  return socket;
}

describe('S1: a certificate that policy revokes', () => {
  it('is refused at the handshake, on both listeners; another of the same name is not', async () => {
    served = await serve();
    const [lost, kept] = [await served.ca.issue({ role: 'auditors' }), await served.ca.issue({ role: 'auditors' })];
    const olga = await served.ca.issue({ role: 'operators' });
    served.api.trust(served.tls, revoking(lost, olga), trustDomain);
    expect(await checkpoint(await served.client(lost))).toBe(status.UNAVAILABLE);
    const client = await served.client(olga, 'operators');
    expect((await call(client, OperatorServiceService.getStation, {})).ok).toBe(false);
    expect(await checkpoint(await served.client(kept))).toBe(status.OK);
    expect(served.logged).toContainEqual({
      event: 'connection-dropped',
      facts: { port: '0', why: 'its certificate is revoked' },
    });
  });

  it('is refused from the start', async () => {
    const ca = await makeCa();
    const lost = await ca.issue({ role: 'auditors' });
    served = await serve({ ca, clients: revoking(lost) });
    expect(await checkpoint(await served.client(lost))).toBe(status.UNAVAILABLE);
    expect(await checkpoint(await served.client('auditors'))).toBe(status.OK);
  });

  it('has its open connections ended, its streams too; others’ go on', async () => {
    served = await serve({ clients: nobody });
    const [lost, kept] = [await served.ca.issue({ role: 'withdrawals' }), await served.ca.issue({})];
    const request = { withdrawalIds: ['w-1'] };
    const streams = await Promise.all(
      [lost, kept].map(async (who) => {
        const stream = open(await served.client(who), WithdrawalServiceService.watchWithdrawals, request);
        await new Promise((resolve) => stream.once('data', resolve));
        return stream;
      }),
    );
    const [ended, going] = streams.map((stream) => drain(stream));
    served.api.trust(served.tls, revoking(lost), trustDomain);
    expect((await ended)?.error?.code).toBe(status.UNAVAILABLE);
    const still = await Promise.race([going, new Promise((resolve) => setImmediate(() => resolve('open')))]);
    expect(still).toBe('open');
    expect(streams[1]?.destroyed).toBe(false);
  });

  it('stays refused when its handshake had begun before', async () => {
    served = await serve({ clients: nobody });
    const lost = await served.ca.issue({ role: 'auditors' });
    const socket = connect({ host: '127.0.0.1', port: served.api.port, ca: served.tls.ca, ...pick(lost) });
    opened.push(socket);
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')));
    await new Promise((resolve) => socket.once('connect', resolve));
    served.api.trust(served.tls, revoking(lost), trustDomain);
    expect(await closed).toBe('closed');
    expect(served.logged.map(({ facts }) => facts['why'])).toContain('its certificate is revoked');
  });

  it('cannot be passed over by resuming a session: no session is resumed', async () => {
    served = await serve({ clients: nobody });
    const who = await served.ca.issue({ role: 'auditors' });
    const options = { host: '127.0.0.1', port: served.api.port, ca: served.tls.ca, ...pick(who) };
    const first = connect(options);
    opened.push(first);
    let session: Buffer | undefined;
    first.on('session', (given) => {
      session = given;
    });
    // The server's settings come after any ticket of its handshake (RFC 8446 §4.6.1).
    await new Promise((resolve) => first.once('data', resolve));
    const again = connect(session === undefined ? options : { ...options, session });
    opened.push(again);
    await new Promise((resolve) => again.once('secureConnect', resolve));
    expect(again.isSessionReused()).toBe(false);
  });
});

function pick({ cert, key }: Issued) {
  return { cert, key, ALPNProtocols: ['h2'] };
}

describe('S1: when the authorities change', () => {
  const withCa = (tls: Served['tls'], ...cas: readonly Ca[]) => ({
    ...tls,
    ca: Buffer.concat(cas.map((ca) => ca.certificate)),
  });

  it('clients of a new one are let in, those of one that is gone are not, and their connections end', async () => {
    served = await serve({ clients: nobody });
    const next = await makeCa('Next authority');
    const old = await served.ca.issue({ role: 'auditors' });
    const fresh = await next.issue({ role: 'auditors' });
    expect(await checkpoint(await served.client(fresh))).toBe(status.UNAVAILABLE);

    served.api.trust(withCa(served.tls, served.ca, next), nobody, trustDomain);
    expect(await checkpoint(await served.client(fresh))).toBe(status.OK);
    const [stays, goes] = [await socketOf(fresh), await socketOf(old)];
    expect([stays.destroyed, goes.destroyed]).toEqual([false, false]);

    served.api.trust(withCa(served.tls, next), nobody, trustDomain);
    expect(await until(() => goes.destroyed)).toBe(true);
    expect(stays.destroyed).toBe(false);
    expect(await checkpoint(await served.client(old))).toBe(status.UNAVAILABLE);
    expect(await checkpoint(await served.client(fresh))).toBe(status.OK);
  });

  it('an authority of the same name with another key is another authority', async () => {
    served = await serve({ clients: nobody });
    const old = await socketOf(await served.ca.issue({ role: 'auditors' }));
    served.api.trust(withCa(served.tls, await makeCa()), nobody, trustDomain);
    expect(await until(() => old.destroyed)).toBe(true);
  });

  it('with none left nobody is let in, least of all by the web’s authorities', async () => {
    served = await serve({ clients: nobody });
    const old = await served.ca.issue({ role: 'auditors' });
    const none = { ...served.tls, ca: Buffer.alloc(0) };
    served.api.trust(none, nobody, trustDomain);
    // Left out, it would stand for the authorities that Node comes with.
    expect(mutualTls(none).ca).toEqual([]);
    expect(await checkpoint(await served.client(old))).toBe(status.UNAVAILABLE);
  });

  it('an intermediate that policy does not name issues for nobody, whoever vouches for it', async () => {
    served = await serve({ clients: nobody });
    const middle = await served.ca.intermediate();
    const below = await middle.issue({ role: 'auditors' });
    const chained = { ...below, cert: Buffer.concat([below.cert, middle.certificate]) };
    expect(await checkpoint(await served.client(chained))).toBe(status.UNAVAILABLE);
    expect(served.logged.map(({ facts }) => facts['why'])).toContain(
      'no authority that policy names issued its certificate',
    );
    // Where policy names no authorities, what TLS verifies is enough.
    served.api.trust(served.tls, undefined, trustDomain);
    expect(await checkpoint(await served.client(chained))).toBe(status.OK);
    served.api.trust(withCa(served.tls, served.ca, middle), nobody, trustDomain);
    expect(await checkpoint(await served.client(chained))).toBe(status.OK);
  });
});

describe('S1: when the trust domain changes', () => {
  it('who named the old one is nobody, connected or not', async () => {
    served = await serve();
    const old = await served.ca.issue({ role: 'auditors' });
    const fresh = await served.ca.issue({ role: 'auditors', trustDomain: 'elsewhere.test' });
    const client = await served.client(old);
    expect(await checkpoint(client)).toBe(status.OK);
    const socket = await socketOf(old);
    served.api.trust(served.tls, undefined, 'elsewhere.test');
    expect(await until(() => socket.destroyed)).toBe(true);
    expect(await checkpoint(await served.client(old))).toBe(status.UNAUTHENTICATED);
    expect(await checkpoint(await served.client(fresh))).toBe(status.OK);
    const olga = await served.client(
      await served.ca.issue({ role: 'operators', trustDomain: 'elsewhere.test' }),
      'operators',
    );
    expect((await call(olga, OperatorServiceService.getStation, {})).ok).toBe(true);
  });

  it('who was read before is read anew', async () => {
    served = await serve();
    const [certificate] = certificatesIn((await served.ca.issue({ role: 'auditors' })).cert, 'cert');
    const [identities, connection] = [new Identities(trustDomain), {}];
    const of = () => identities.of(connection, () => certificate?.raw, Date.now()).known;
    expect(of()).toBe(true);
    identities.trust('elsewhere.test');
    expect(of()).toBe(false);
  });
});

describe('the server’s own certificate', () => {
  it('is another for new connections; calls that run go on', async () => {
    served = await serve();
    const watching = open(await served.client('withdrawals'), WithdrawalServiceService.watchWithdrawals, {
      withdrawalIds: ['w-1'],
    });
    watching.on('error', () => {});
    await new Promise((resolve) => watching.once('data', resolve));
    const who = await served.ca.issue({ role: 'auditors' });
    const before = (await socketOf(who)).getPeerCertificate().fingerprint256;
    const { cert, key } = await served.ca.issueServer();
    served.api.trust({ ...served.tls, cert, key }, undefined, trustDomain);
    const after = (await socketOf(who)).getPeerCertificate().fingerprint256;
    expect(after).not.toBe(before);
    expect(after.replaceAll(':', '').toLowerCase()).toBe(printOf({ cert }));
    expect(watching.destroyed).toBe(false);
  });

  it('stays where it is when the new one cannot be used', async () => {
    served = await serve();
    const other = await served.ca.issueServer();
    expect(() => served.api.trust({ ...served.tls, key: other.key }, undefined, trustDomain)).toThrow();
    expect(await checkpoint(await served.client('auditors'))).toBe(status.OK);
  });
});
