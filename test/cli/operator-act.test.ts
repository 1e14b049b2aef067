import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { operatorCeremony } from '../../simulators/authenticator/operator-key.ts';
import { readTransaction } from '../../src/cli/treasury.ts';
import { operatorCreationOptions } from '../../src/custody/operator-key.ts';
import { credentialIn } from '../../src/custody/registrations.ts';
import {
  type AccountId,
  admissionBytes,
  canonicalBytes,
  type Digest,
  type FactorId,
  type OperatorName,
  type StationName,
} from '../../src/domain/index.ts';
import {
  ActState,
  type OperatorAct,
  OperatorServiceService,
  PrepareOperatorActResponse,
  type SubmitOperatorActRequest,
} from '../../src/generated/portcullis/v1/operator.ts';
import { challenge, origin, person } from './operator-people.ts';
import { newStation, ran } from './station.ts';

// A station that was taken over prepares what it likes: what the command signs all the same, and what it doesn't.

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const made: OperatorAct = {
  ...{ id: 'ab'.repeat(32), verb: 'freeze', subject: 'station', digest: Buffer.alloc(32), basePolicy: '' },
  ...{ payload: Buffer.alloc(0), state: ActState.DONE, operators: ['olivia'], signaturesNeeded: 0, description: '' },
  ...{ openedAt: undefined, expiresAt: undefined, notBefore: undefined, waitingFor: undefined },
};

let server: Server;
let options: string[];
let credential: string;
let prepared: PrepareOperatorActResponse;
let submitted: SubmitOperatorActRequest[];

/** What an honest station prepares, but for `changes` to the intent. */
function preparation(changes: Record<string, string> = {}): PrepareOperatorActResponse {
  const canonical = Buffer.from(
    canonicalBytes({
      ...{ type: 'portcullis/operator/v1', station: `${'ab'.repeat(16)}/1`, issued: '2026-01-01T00:00:00Z' },
      ...{ expires: '2026-01-01T00:15:00Z', ticket: 'A'.repeat(43), verb: 'freeze', subject: 'station' },
      ...{ digest: hash(Buffer.from('drill')), base: 'cd'.repeat(32), ...changes },
    }),
  );
  return PrepareOperatorActResponse.fromPartial({
    intent: { canonical, digest: Buffer.from(hash(canonical), 'hex') },
    ...{
      description: 'Freeze station, at once: drill',
      signaturesNeeded: 1,
      rpId: 'localhost',
      credentialIds: [credential],
    },
  });
}

beforeAll(async () => {
  const station = await newStation();
  const read = (path: string): Buffer => readFileSync(join(station.folder, path));
  server = new Server();
  const unused = (_: unknown, done: (error: Error) => void): void => done(new Error('not of this test'));
  server.addService(OperatorServiceService, {
    ...Object.fromEntries(Object.keys(OperatorServiceService).map((name) => [name, unused])),
    prepareOperatorAct: (_: unknown, done: (error: null, value: PrepareOperatorActResponse) => void) =>
      done(null, prepared),
    submitOperatorAct: (
      { request }: { request: SubmitOperatorActRequest },
      done: (error: null, value: { act: OperatorAct }) => void,
    ) => {
      submitted.push(request);
      done(null, { act: made });
    },
  });
  const pair = { private_key: read('keys/server.key'), cert_chain: read('keys/server.pem') };
  const tls = ServerCredentials.createSsl(read('keys/ca.pem'), [pair], true);
  const port = await new Promise<number>((done, failed) => {
    server.bindAsync('127.0.0.1:0', tls, (error, bound) => (error === null ? done(bound) : failed(error)));
  });
  const away = join(station.folder, 'take-away/operators');
  const key = join(station.folder, 'olivia.json');
  const creation = operatorCreationOptions('olivia' as OperatorName, challenge);
  credential = JSON.parse(operatorCeremony(key, JSON.stringify({ kind: 'create', origin, options: creation }))).id;
  options = ['--address', `127.0.0.1:${port}`, '--ca', join(away, 'ca.pem'), '--cert', join(away, 'operator.pem')];
  options.push('--key', join(away, 'operator.key'), '--software', key);
});
afterAll(() => server.forceShutdown());
beforeEach(() => {
  submitted = [];
});

describe('an operator’s command', () => {
  it('signs the digest of the very intent that it hands in', async () => {
    prepared = preparation();
    const { code, out } = await ran('freeze', 'station', '--why', 'drill', ...options);
    expect(code).toBe(0);
    expect(out).toContain(hash(prepared.intent?.canonical ?? Buffer.alloc(0)));
    const [sent] = submitted;
    expect(sent?.intent).toEqual(prepared.intent?.canonical);
    expect(sent?.payload.toString()).toBe('drill');
    const evidence = sent?.attestation?.evidence;
    const client = JSON.parse(String(evidence?.$case === 'webauthn' && evidence.value.clientDataJson));
    expect(client).toMatchObject({
      challenge: Buffer.from(hash(sent?.intent ?? Buffer.alloc(0)), 'hex').toString('base64url'),
      origin,
    });
  });

  it.each([
    ['another verb', { verb: 'thaw' }],
    ['another subject', { subject: 'account:alice' }],
    ['another payload', { digest: 'ef'.repeat(32) }],
    ['an intent of another type', { type: 'portcullis/withdrawal/v1' }],
  ])('S11: signs nothing where the station prepared %s than was asked for', async (_what, changes) => {
    prepared = preparation(changes);
    const { code, err } = await ran('freeze', 'station', '--why', 'drill', ...options);
    expect([code, err]).toEqual([1, expect.stringContaining('prepared another intent than was asked for')]);
    expect(submitted).toEqual([]);
  });

  it('A8: admits the very credential of the registration, for the account that was named, and nothing that the station says in its place', async () => {
    const { registration } = await person('alice');
    const file = join((await newStation()).folder, 'registration.json');
    writeFileSync(file, JSON.stringify(registration));
    const { credential, key } = credentialIn(new TextEncoder().encode(JSON.stringify(registration)));
    expect(credential).toBe(registration.id);
    const of = { station: `${'ab'.repeat(16)}/1` as StationName, account: 'alice' as AccountId, credential, key };
    const admission = { ...of, class: 'device', as: 'recovery' } as const;
    const changes = { verb: 'admit', subject: 'account:alice' };
    const admit = async (what: typeof admission) => {
      prepared = preparation({ ...changes, digest: hash(admissionBytes(what)) });
      return ran('factors', 'admit', '--account', 'alice', '--registration', file, ...options);
    };
    const { code, out } = await admit(admission);
    expect(code).toBe(0);
    expect(out).toContain(key);
    expect(submitted).toHaveLength(1);
    for (const other of [
      { account: 'mallory' as AccountId },
      { credential: 'A'.repeat(22) as FactorId },
      { key: hash(Buffer.from('another')) as Digest },
      { station: `${'cd'.repeat(16)}/1` as StationName },
    ]) {
      const told = await admit({ ...admission, ...other });
      expect([told.code, told.err]).toEqual([1, expect.stringContaining('prepared another intent than was asked for')]);
    }
    writeFileSync(file, '{}');
    expect((await admit(admission)).err).toContain('this is no registration of a passkey');
    expect(submitted).toHaveLength(1);
  });

  it('S11: believes no digest of the station’s: it computes the one that is signed', async () => {
    const honest = preparation();
    prepared = {
      ...honest,
      intent: { canonical: honest.intent?.canonical ?? Buffer.alloc(0), digest: Buffer.alloc(32) },
    };
    expect((await ran('freeze', 'station', '--why', 'drill', ...options)).out).not.toContain('00'.repeat(32));
    expect(submitted).toHaveLength(1);
  });

  it('signs nothing that the station would refuse, and tells its reasons', async () => {
    prepared = { ...preparation(), wouldRefuse: [{ reason: 'frozen', message: 'it is \u202efrozen', metadata: {} }] };
    const { code, err } = await ran('freeze', 'station', '--why', 'drill', ...options);
    expect([code, err]).toEqual([1, expect.stringContaining('frozen: it is \\u{202e}frozen')]);
    expect(submitted).toEqual([]);
  });

  it('S9: a key that is no operator’s of the station signs nothing', async () => {
    prepared = { ...preparation(), credentialIds: ['AAAAAAAAAAAAAAAAAAAAAA'] };
    const { code, err } = await ran('freeze', 'station', '--why', 'drill', ...options);
    expect([code, err]).toEqual([1, expect.stringContaining('no such passkey')]);
    expect(submitted).toEqual([]);
  });
});

it('an unsigned transaction is read raw, or as hex with or without 0x', async () => {
  const file = join((await newStation()).folder, 'tx');
  for (const content of ['0x02c0\n', '02C0', Buffer.from([2, 0xc0])]) {
    writeFileSync(file, content);
    expect([...readTransaction(file)]).toEqual([2, 0xc0]);
  }
});
