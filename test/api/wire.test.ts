// What no gRPC library would send: HTTP/2 by hand, with a valid certificate.
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WithdrawalServiceService } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { type Served, serve } from './served.ts';

let served: Served;
let session: ClientHttp2Session;
let tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
const faults: unknown[] = [];
const fault = (error: unknown): void => {
  faults.push(error);
};

beforeAll(async () => {
  served = await serve({ limits: { deadline: 1_000 } });
  tls = await served.ca.issue({ role: 'withdrawals' });
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
});
afterAll(async () => {
  process.removeListener('uncaughtException', fault);
  process.removeListener('unhandledRejection', fault);
  await served.close();
});
beforeEach(() => {
  session = connect(`https://localhost:${served.api.port}`, { ...tls, servername: 'localhost' });
  session.on('error', () => {});
});
afterEach(async () => {
  session.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  expect(faults).toEqual([]);
});

const get = WithdrawalServiceService.getWithdrawal;

function framed(message: Uint8Array, compressed = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
const good = framed(get.requestSerialize({ withdrawalId: 'w-1' }));

/** How a request ends: the HTTP status, the gRPC status, or the reset. */
function send(
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<{ http?: unknown; grpc?: number; reset?: number }> {
  return new Promise((resolve, reject) => {
    try {
      const stream = session.request({
        ':method': 'POST',
        ':path': get.path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      let http: unknown;
      let grpc: number | undefined;
      const look = (seen: Record<string, unknown>): void => {
        if (seen['grpc-status'] !== undefined) grpc = Number(seen['grpc-status']);
      };
      stream.on('response', (seen) => {
        http = seen[':status'];
        look(seen);
      });
      stream.on('trailers', look);
      stream.on('data', () => {});
      stream.on('error', () => {});
      stream.on('close', () =>
        resolve({
          ...(http === undefined ? {} : { http }),
          ...(grpc === undefined ? {} : { grpc }),
          ...(stream.rstCode === 0 ? {} : { reset: stream.rstCode }),
        }),
      );
      stream.end(body);
    } catch (error) {
      reject(error);
    }
  });
}

describe('S2: HTTP/2 by hand', () => {
  it('a plain request is answered', async () => {
    expect(await send(good)).toEqual({ http: 200, grpc: status.OK });
  });

  it('a message that is compressed as it says is answered', async () => {
    const message = good.subarray(5);
    expect(await send(framed(gzipSync(message), 1), { 'grpc-encoding': 'gzip' })).toMatchObject({ grpc: status.OK });
    expect(await send(framed(deflateSync(message), 1), { 'grpc-encoding': 'deflate' })).toMatchObject({
      grpc: status.OK,
    });
  });

  it.each(['gzip', 'deflate'])('%s that is none is INVALID_ARGUMENT', async (encoding) => {
    const broken = framed(Buffer.from('not compressed at all'), 1);
    expect(await send(broken, { 'grpc-encoding': encoding })).toEqual({ http: 200, grpc: status.INVALID_ARGUMENT });
  });

  it('a message that swells beyond 1 MiB is refused while it is unpacked', async () => {
    const bomb = framed(gzipSync(Buffer.alloc(50 * 1024 * 1024)), 1);
    expect(bomb.length).toBeLessThan(64 * 1024);
    expect(await send(bomb, { 'grpc-encoding': 'gzip' })).toEqual({ http: 200, grpc: status.RESOURCE_EXHAUSTED });
  });

  it('an unknown compression is refused', async () => {
    expect(await send(framed(good.subarray(5), 1), { 'grpc-encoding': 'br' })).toMatchObject({
      grpc: status.UNIMPLEMENTED,
    });
  });

  it('a deadline that is none is INVALID_ARGUMENT', async () => {
    expect(await send(good, { 'grpc-timeout': 'soon' })).toMatchObject({ grpc: status.INVALID_ARGUMENT });
  });

  it('a deadline beyond every number ends the call and harms nobody', async () => {
    expect([status.OK, status.DEADLINE_EXCEEDED]).toContain((await send(good, { 'grpc-timeout': '99999999H' })).grpc);
  });

  it('a message that ends too early, or none at all, is no call', async () => {
    for (const body of [Buffer.alloc(0), good.subarray(0, 3), good.subarray(0, 7)]) {
      expect([status.UNIMPLEMENTED, status.INVALID_ARGUMENT, status.DEADLINE_EXCEEDED]).toContain(
        (await send(body)).grpc,
      );
    }
  });

  it('two messages where one belongs are refused', async () => {
    expect(await send(Buffer.concat([good, good]))).toMatchObject({ grpc: status.UNIMPLEMENTED });
  });

  it('a length of four gigabytes is refused before it is waited for', async () => {
    expect(await send(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))).toMatchObject({ grpc: status.RESOURCE_EXHAUSTED });
  });

  it.each([
    ['another content type', { 'content-type': 'application/json' }],
    ['none', { 'content-type': '' }],
  ])('%s is not gRPC', async (_, headers) => {
    expect(await send(good, headers)).toMatchObject({ http: 415 });
  });

  it.each(['GET', 'HEAD', 'PUT', 'OPTIONS', 'DELETE'])('the method %s does no harm', async (method) => {
    await send(good, { ':method': method });
    await send(Buffer.alloc(0), { ':method': method });
    await send(good, { ':method': method, ':path': '/nowhere' });
    await send(framed(Buffer.alloc(0)), { ':method': method, ':path': WithdrawalServiceService.watchWithdrawals.path });
    expect(await send(good)).toMatchObject({ grpc: status.OK });
  });

  it.each([
    '/',
    '/x\u00ff',
    '/%0d%0a',
    '/a b',
    `/${'x'.repeat(8_000)}`,
    '*',
    '//',
    '/portcullis.v1.WithdrawalService/__proto__',
    '/constructor',
  ])('the path %j does no harm', async (path) => {
    await send(good, { ':path': path }).catch(() => undefined);
    const again = session.destroyed
      ? connect(`https://localhost:${served.api.port}`, { ...tls, servername: 'localhost' })
      : session;
    session = again;
    session.on('error', () => {});
    expect(await send(good)).toMatchObject({ grpc: status.OK });
  });

  it('headers of every kind do no harm', async () => {
    const odd: OutgoingHttpHeaders[] = [
      { 'x-bin': 'not base64 !!' },
      { 'grpc-encoding': 'x'.repeat(1_000) },
      { 'grpc-timeout': '1n' },
      { 'grpc-timeout': '' },
      { 'grpc-status': '0' },
      { 'grpc-status-details-bin': '////' },
      { ':authority': 'evil\u00e9' },
      { expect: '100-continue' },
      { 'content-length': '3' },
    ];
    for (const headers of odd) {
      await send(good, headers).catch(() => undefined);
      if (session.destroyed || session.closed) {
        session = connect(`https://localhost:${served.api.port}`, { ...tls, servername: 'localhost' });
        session.on('error', () => {});
      }
    }
    expect(await send(good)).toMatchObject({ grpc: status.OK });
  });

  it('streams that are reset at once, a thousand of them, leave the station answering', async () => {
    for (let i = 0; i < 1_000; i += 1) {
      const stream = session.request({ ':method': 'POST', ':path': get.path, 'content-type': 'application/grpc' });
      stream.on('error', () => {});
      stream.close(8);
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    session.destroy();
    session = connect(`https://localhost:${served.api.port}`, { ...tls, servername: 'localhost' });
    session.on('error', () => {});
    expect(await send(good)).toMatchObject({ grpc: status.OK });
  });
});
