import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Metadata, Server, ServerCredentials, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refusalStatus } from '../../src/api/errors.ts';
import { addressOf, explained, printable } from '../../src/cli/client.ts';
import { Malformed, Refusal } from '../../src/domain/index.ts';
import { TimeServiceService } from '../../src/generated/portcullis/dev/v1/time.ts';
import { type GetStationResponse, OperatorServiceService } from '../../src/generated/portcullis/v1/operator.ts';
import { emptyFolder, newStation, ran } from './station.ts';

/** A station that answers by script, with the certificates of a real one. */
let server: Server;
let station: { folder: string; config: string };
let port: number;
let calls: { method: string; request: unknown }[] = [];
let refusal: StatusObject | undefined;

const now = new Date('2026-01-01T00:00:00Z');
const state: GetStationResponse = {
  station: `${'ab'.repeat(16)}/1`,
  policyHash: 'cd'.repeat(32),
  simulatedTime: true,
  now,
  witnessedMs: 90_061_000n,
  clockSuspect: true,
  freezes: [{ scope: 'wallet:hot', who: 'ann', why: 'drill\u001b[2J', since: now }],
  wallets: [
    {
      ...{ wallet: 'hot', chain: 'eip155:1', address: 'eip155:1:0x0', nextNonce: 7n, nextChange: 0n, signers: [] },
      ...{ ready: false, reason: 'device-locked', message: 'PIN' },
    },
    {
      ...{ wallet: 'cold', chain: 'eip155:1', address: 'eip155:1:0x1', nextNonce: 0n, nextChange: 0n, signers: [] },
      ...{ ready: true, reason: '', message: '' },
    },
  ],
  noticesWaiting: 3n,
  journalSize: 42n,
  operators: undefined,
  sealing: {
    keyId: 'aa00aa00aa00aa00',
    former: [
      { keyId: 'bb00bb00bb00bb00', missing: false, sealed: 7 },
      { keyId: 'cc00cc00cc00cc00', missing: false, sealed: 0 },
      { keyId: 'dd00dd00dd00dd00', missing: true, sealed: 100_000 },
    ],
  },
};

beforeAll(async () => {
  station = await newStation();
  const read = (path: string): Buffer => readFileSync(join(station.folder, path));
  const pair = { private_key: read('keys/server.key'), cert_chain: read('keys/server.pem') };
  server = new Server();
  const answer =
    <Q, R>(method: string, response: R) =>
    (call: { request: Q }, done: (error: Partial<StatusObject> | null, response?: R) => void): void => {
      calls.push({ method, request: call.request });
      if (refusal === undefined) done(null, response);
      else done(refusal);
    };
  // A station without operators: what they would sign falls back to the certificate alone.
  const unfounded = refusalStatus(new Refusal('operators-unfounded'));
  server.addService(OperatorServiceService, {
    prepareOperatorAct: (_: unknown, done: (error: Partial<StatusObject>) => void) => done(refusal ?? unfounded),
    getStation: answer('getStation', state),
    freeze: answer('freeze', { freeze: { scope: 'station', who: 'operator', why: 'drill', since: now } }),
    thaw: answer('thaw', {}),
    acknowledgeClock: answer('acknowledgeClock', {}),
  });
  server.addService(TimeServiceService, { advanceTime: answer('advanceTime', { now }) });
  port = await new Promise<number>((done, failed) => {
    server.bindAsync('0.0.0.0:0', ServerCredentials.createSsl(read('keys/ca.pem'), [pair], true), (error, bound) =>
      error === null ? done(bound) : failed(error),
    );
  });
});
afterAll(() => server.forceShutdown());
beforeEach(() => {
  calls = [];
  refusal = undefined;
});

function credentials(role = 'operators/operator'): string[] {
  const path = join(station.folder, 'take-away', role);
  return ['--config', station.config, '--cert', `${path}.pem`, '--key', `${path}.key`];
}

const here = (host = '127.0.0.1'): string[] => ['--address', `${host}:${port}`];

describe('calls to a station', () => {
  it('status shows what the station says, escaped', async () => {
    const { code, out, err } = await ran('status', ...credentials(), ...here());
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('time      2026-01-01T00:00:00.000Z, simulated; witnessed 1 d 1 h 1 min');
    expect(out).toContain('clock     SUSPECT');
    expect(out).toContain('journal   42 entries');
    expect(out).toContain('notices   3 waiting');
    expect(out).toContain('FROZEN    wallet:hot by ann since 2026-01-01T00:00:00.000Z: "drill\\u001b[2J"');
    expect(out).toContain('sealing   under key aa00aa00aa00aa00');
    expect(out).toContain('sealing   former key bb00bb00bb00bb00: 7 left to seal anew');
    expect(out).toContain('sealing   former key cc00cc00cc00cc00: nothing is left under it, it may go');
    expect(out).toContain('sealing   KEY MISSING: 100000 or more sealed under dd00dd00dd00dd00');
    expect(out).toContain('wallet    hot eip155:1:0x0, next nonce 7, not ready: device-locked (PIN)');
    expect(out).toContain('wallet    cold eip155:1:0x1, next nonce 0, ready');
  });

  it('freeze, thaw, clock acknowledge and advance carry what was asked', async () => {
    await ran('freeze', 'station', '--why', 'drill', ...credentials(), ...here());
    await ran('thaw', 'account:alice', '--why', 'over', ...credentials(), ...here());
    await ran('clock', 'acknowledge', '--why', 'looked', ...credentials(), ...here('localhost'));
    const { out } = await ran('advance', '24h', ...credentials(), ...here());
    expect(out).toBe('it is now 2026-01-01T00:00:00.000Z on the station');
    expect(calls).toEqual([
      { method: 'freeze', request: { scope: 'station', why: 'drill' } },
      { method: 'thaw', request: { scope: 'account:alice', why: 'over' } },
      { method: 'acknowledgeClock', request: { why: 'looked' } },
      { method: 'advanceTime', request: { seconds: 86_400n } },
    ]);
  });

  it('that are refused show reason, sentence, details and remedy', async () => {
    refusal = refusalStatus(new Refusal('frozen', 'a freeze is in force', { scope: 'station' }));
    const { code, out, err } = await ran('thaw', 'station', '--why', 'x', ...credentials(), ...here());
    expect([code, out]).toEqual([1, '']);
    expect(err.split('\n')).toEqual([
      'frozen: A freeze stops this.',
      '  a freeze is in force',
      '  scope: station',
      'Ask the station’s operators.',
    ]);
    refusal = refusalStatus(new Malformed('scope', 'expected a scope'));
    expect((await ran('thaw', 'x', '--why', 'x', ...credentials(), ...here())).err.split('\n')).toEqual([
      'malformed: A field of the request is malformed.',
      '  scope: expected a scope',
      'Correct the field that the error names.',
    ]);
  });

  it('go to the listener that serves them, if no address is given', async () => {
    // Ports that nobody listens on without being root.
    const config = readFileSync(station.config, 'utf8').replace(':7443', ':1').replace(':7444', ':2');
    const file = join(station.folder, 'elsewhere.yaml');
    writeFileSync(file, config);
    const args = [...credentials().slice(2), '--config', file];
    expect((await ran('status', ...args)).err).toContain('no station can be reached at 127.0.0.1:2');
    expect((await ran('advance', '1s', ...args)).err).toContain('no station can be reached at 127.0.0.1:1');
  });

  it('to nobody say so, and where to look', async () => {
    const { code, err } = await ran('status', ...credentials(), '--address', '127.0.0.1:1');
    expect(code).toBe(1);
    expect(err).toContain('no station can be reached at 127.0.0.1:1');
    expect(err).toContain('portcullis doctor');
  });

  it('S1: to a server whose certificate is of another CA are not made', async () => {
    const other = await newStation();
    const { code, err } = await ran('status', ...credentials(), ...here(), '--ca', join(other.folder, 'keys/ca.pem'));
    expect(code).toBe(1);
    expect(err).toContain('no station can be reached');
    expect(calls).toEqual([]);
  });

  it('S1: to an address that the certificate does not name are not made', async () => {
    const { code, err } = await ran('status', ...credentials(), ...here('127.0.0.2'));
    expect([code, calls]).toEqual([1, []]);
    expect(err).toContain('127.0.0.2 is not in the cert');
  });

  it('S9: with a key that others may read are not made', async () => {
    const loose = join(emptyFolder(), 'operator.key');
    writeFileSync(loose, readFileSync(join(station.folder, 'take-away/operators/operator.key')), { mode: 0o644 });
    const { code, err } = await ran('status', ...credentials(), ...here(), '--address', `localhost:${port}`);
    expect([code, err]).toEqual([2, expect.stringContaining('--address is given 2 times')]);
    const args = ['--config', station.config, '--cert', join(station.folder, 'take-away/operators/operator.pem')];
    const refused = await ran('status', ...args, '--key', loose, ...here());
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('--key: ')]);
    expect(calls).toEqual([]);
  });

  it('with files that are missing or no certificates say which', async () => {
    const base = ['--config', station.config, ...here()];
    const key = join(station.folder, 'take-away/operators/operator.key');
    expect((await ran('status', ...base, '--cert', '/nowhere', '--key', key)).err).toContain('--cert: ');
    expect((await ran('status', ...base, '--cert', key, '--key', key)).err).toContain('cannot be used');
  });
});

describe('an error', () => {
  const made = (code: status, details: string, metadata = new Metadata()): ServiceError =>
    Object.assign(new Error(details), { code, details, metadata });

  it('with a reason that this release does not know, or of another domain, is told by its code', () => {
    const { metadata } = refusalStatus(new Refusal('frozen'));
    expect(explained(made(status.FAILED_PRECONDITION, 'x', metadata), 'a').reason).toBe('frozen');
    expect(explained(made(status.UNIMPLEMENTED, 'x'), 'a').lines[0]).toContain('does not offer this');
    expect(explained(made(status.DEADLINE_EXCEEDED, 'x'), 'a').lines[0]).toContain('did not answer');
    expect(explained(made(status.INTERNAL, 'boom'), 'a').lines).toEqual(['the station at a answered INTERNAL: boom']);
  });

  it('with details that do not parse is told all the same', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
    expect(explained(made(status.INTERNAL, 'boom', metadata), 'a').lines).toEqual([
      'the station at a answered INTERNAL: boom',
    ]);
  });

  it('S10: is shown without the control characters of whoever sent it', () => {
    expect(explained(made(status.INTERNAL, 'a\u001b[31m\nb\u202e'), 'a').lines[0]).toBe(
      'the station at a answered INTERNAL: "a\\u001b[31m\\nb\\u{202e}"',
    );
    expect(printable('plain text, with “quotes” and …')).toBe('plain text, with “quotes” and …');
  });
});

describe('an address to call', () => {
  it('is that of the listener, on this machine if it listens everywhere', () => {
    expect(addressOf({ host: '127.0.0.1', port: 1 })).toBe('127.0.0.1:1');
    expect(addressOf({ host: '::1', port: 1 })).toBe('[::1]:1');
    expect(addressOf({ host: '0.0.0.0', port: 1 })).toBe('localhost:1');
    expect(addressOf({ host: '::', port: 1 })).toBe('localhost:1');
  });
});
