import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Api, createApi } from '../../src/api/server.ts';
import { Refusal } from '../../src/domain/index.ts';
import { FakeCustody } from '../api/fake-custody.ts';
import { makeCa, trustDomain } from '../certificates.ts';
import { emptyFolder, type Ran, ran } from './station.ts';

const fake = new FakeCustody();
const keys = emptyFolder();
let api: Api;
let folder: string;

const backup = (file: string): Promise<Ran> =>
  ran(
    'backup',
    file,
    ...['--address', `localhost:${api.operatorsPort}`, '--ca', join(keys, 'ca.pem')],
    ...['--cert', join(keys, 'operator.pem'), '--key', join(keys, 'operator.key')],
  );

beforeAll(async () => {
  const ca = await makeCa();
  const { cert, key } = await ca.issueServer();
  api = await createApi({
    custody: fake.custody,
    tls: { ca: ca.certificate, cert, key },
    clients: undefined,
    trustDomain,
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
    log: () => {},
  });
  const own = await ca.issue({ role: 'operators', name: 'test' });
  writeFileSync(join(keys, 'ca.pem'), ca.certificate);
  writeFileSync(join(keys, 'operator.pem'), own.cert);
  writeFileSync(join(keys, 'operator.key'), own.key, { mode: 0o600 });
});
afterAll(() => api.close(0));
beforeEach(() => {
  fake.behaviours.clear();
  folder = emptyFolder();
});

describe('portcullis backup', () => {
  it('writes what the station made, for its owner alone', async () => {
    const file = join(folder, 'backup.age');
    const { code, out } = await backup(file);
    expect(code).toBe(0);
    expect(out).toContain('12 bytes; 2 entries of the journal, 7 rows');
    expect(readFileSync(file, 'utf8')).toBe('first second');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['backup.age']);
    expect(fake.last('backups.create')).toEqual(['test']);
  });

  it('never overwrites one', async () => {
    const file = join(folder, 'backup.age');
    writeFileSync(file, 'older');
    expect((await backup(file)).err).toMatch(/exists: a backup is never overwritten/);
    expect(readFileSync(file, 'utf8')).toBe('older');
  });

  it.each<[string, () => AsyncGenerator<Uint8Array, unknown>, RegExp]>([
    [
      'that the station refuses',
      async function* () {
        yield* [];
        throw new Refusal('backup-unconfigured');
      },
      /backup-unconfigured/,
    ],
    [
      'that fails halfway',
      async function* () {
        yield new Uint8Array(100);
        throw new Error('the disk is gone');
      },
      /internal/,
    ],
    [
      'that ends early',
      async function* () {
        yield new Uint8Array(100);
        return { size: 2, rows: 7, bytes: 101, sha256: new Uint8Array(32) };
      },
      /not the whole backup/,
    ],
    [
      'of other bytes',
      async function* () {
        yield new Uint8Array(100);
        return { size: 2, rows: 7, bytes: 100, sha256: new Uint8Array(32) };
      },
      /not the whole backup/,
    ],
  ])('leaves nothing of one %s', async (_, behaviour, told) => {
    fake.behaviours.set('backups.create', behaviour);
    const { code, err } = await backup(join(folder, 'backup.age'));
    expect(code).toBe(1);
    expect(err).toMatch(told);
    expect(readdirSync(folder)).toEqual([]);
  });
});
