import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi } from '../../src/api/server.ts';
import { parseVerifierKey } from '../../src/journal/note.ts';
import { makeCa, trustDomain } from '../certificates.ts';
import { TestStation } from '../custody/station.ts';
import { type Answer, SampleWitness } from '../journal/sample-witness.ts';
import { emptyFolder, type Ran, ran } from './station.ts';

let station: TestStation;
let api: Api;
let witness: SampleWitness;
let server: Server;
/** What the witness answers, if not what it should. */
let instead: ((body: string) => Answer) | undefined;
let asked = 0;
const folder = emptyFolder();
const at = (name: string): string => join(folder, name);

const carry = (url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w1`): Promise<Ran> =>
  ran(
    'journal',
    'witness',
    ...['--witness', 'witness.example/w1', '--url', url, '--address', `localhost:${api.port}`],
    ...['--ca', at('ca.pem'), '--cert', at('courier.pem'), '--key', at('courier.key')],
  );

beforeAll(async () => {
  const log = { name: '', id: new Uint8Array(4), publicKey: generateKeyPairSync('ed25519').publicKey };
  witness = new SampleWitness('witness.example/w1', log, 0);
  station = await TestStation.open({ policy: (document) => `${document}witnesses: { keys: ['${witness.key}'] }\n` });
  Object.assign(log, parseVerifierKey(station.verifierKey));
  witness.time = Math.floor(station.time.wall / 1_000);
  const ca = await makeCa();
  const { cert, key } = await ca.issueServer();
  api = await createApi({
    custody: station.custody,
    tls: { ca: ca.certificate, cert, key },
    clients: undefined,
    trustDomain,
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
    log: () => {},
  });
  writeFileSync(at('ca.pem'), ca.certificate);
  const own = await ca.issue({ role: 'courier', name: 'test' });
  writeFileSync(at('courier.pem'), own.cert);
  writeFileSync(at('courier.key'), own.key, { mode: 0o600 });
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked++;
      const body = Buffer.concat(parts).toString();
      const right = request.method === 'POST' && request.url === '/w1/add-checkpoint';
      const answer = right ? (instead ?? ((text) => witness.add(text)))(body) : ({ status: 404, body: '' } as const);
      response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await api.close(1_000);
  await station.close();
});

describe('journal witness', () => {
  it('carries a checkpoint to a witness and its word back, from where the witness stands', async () => {
    expect(await carry()).toEqual({
      code: 0,
      out: `witness.example/w1 cosigned 2 entries at ${new Date(witness.time * 1_000).toISOString()}`,
      err: '',
    });
    await station.enrol('alice');
    station.db.exec('DELETE FROM cosignatures');
    asked = 0;
    expect((await carry()).out).toContain(`cosigned ${station.store.size} entries`);
    expect(asked).toBe(2);
  });

  it('says what stood in the way', async () => {
    const failing = async (answer: Answer): Promise<string> => {
      instead = () => answer;
      const { code, err } = await carry();
      instead = undefined;
      expect(code).toBe(1);
      return err;
    };
    expect(await failing({ status: 403, body: 'no\n' })).toContain('answered 403');
    expect(await failing({ status: 409, body: 'nonsense' })).toContain('answered 409');
    expect(await failing({ status: 409, body: '999999\n' })).toMatch(/put back to an older state/);
    expect(await failing({ status: 409, body: '1\n' })).toContain('answered 409');
    expect(await failing({ status: 200, body: '— nobody AAAA\n' })).toMatch(/malformed/);
    expect(await failing({ status: 200, body: 'x'.repeat(70_000) })).toContain('longer than 65536 bytes');
    expect((await carry('http://127.0.0.1:1/')).err).toContain("can't be asked");
    expect((await carry('ftp://127.0.0.1/')).code).toBe(2);
    expect((await carry('nonsense')).code).toBe(2);
  });
});
