import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkBackup } from '../../src/cli/backup-check.ts';
import { foundingPolicy } from '../../src/cli/founding-policy.ts';
import { makeStation } from '../../src/cli/init.ts';
import { composeStation } from '../../src/compose.ts';
import { backupFile, loadConfig } from '../../src/config.ts';
import { policyHash } from '../../src/custody/founding.ts';
import { inspectStation } from '../../src/custody/inspection.ts';
import { writeLastBackup } from '../../src/custody/last-backup.ts';
import { day, type WallMs } from '../../src/domain/index.ts';
import { machineTime } from '../../src/machine-time.ts';
import { openDatabase } from '../../src/store/database.ts';
import { tamper } from '../custody/audit-station.ts';
import { foundOperators } from '../custody/test-operators.ts';
import { emptyFolder, ran } from './station.ts';

let folder: string;
let config: string;
/** An older database, moved away. */
let old: string;

beforeEach(async () => {
  folder = join(emptyFolder(), 'station');
  config = join(folder, 'config.yaml');
  const policy = join(emptyFolder(), 'policy.yaml');
  writeFileSync(policy, `${foundingPolicy('station.example')}${foundOperators({}).member}`);
  await makeStation({ folder, policy, trustDomain: undefined, names: [] });
  old = join(emptyFolder(), 'station.db');
  for (const end of ['', '.lock']) renameSync(join(folder, `data/station.db${end}`), `${old}${end}`);
});

const restore = (...args: string[]) => ran('restore', ...args, '--config', config);
const fromOld = () => restore('--database', old);
const data = (): string[] => readdirSync(join(folder, 'data'));

describe('portcullis restore', () => {
  it('of an older database makes the next generation, and says what comes next', async () => {
    const { code, out, err } = await fromOld();
    expect(code, err).toBe(0);
    expect(out).toMatch(/^station {4}([0-9a-f]{32})\/2, restored from \1\/1; it starts frozen$/m);
    expect(out).toMatch(
      /^journal {4}2 entries of the backup; from here on it is the log portcullis\/[0-9a-f]{32}\/2$/m,
    );
    expect(out).toMatch(/^log key {4}portcullis\/[0-9a-f]{32}\/2\+[0-9a-f]{8}\+\S+: hand it to auditors/m);
    expect(out).toContain('void       0 withdrawals that were held or authorized, 0 acts that waited');
    expect(out).not.toContain('lost');
    expect(out).not.toContain('the policy in force is the backup’s');
    expect(out).toContain('  1. start the station; it decides nothing yet\n  2. have a quorum thaw the station');
    expect(data()).toContain('station.db');
    expect((await ran('verify', '--config', config)).code).toBe(0);
  });

  it('takes the place of no database, and says which backup, identity or database it cannot read', async () => {
    const identity = join(emptyFolder(), 'identity');
    writeFileSync(identity, `${await generateX25519Identity()}\n`, { mode: 0o600 });
    const said = async (...args: string[]): Promise<string> => {
      const { code, err } = await restore(...args);
      expect(code).toBeGreaterThan(0);
      expect(data()).toEqual([]);
      return err;
    };
    expect(await said('backup.age')).toContain('--identity is missing');
    expect(await said('--database', old, '--identity', identity)).toContain('a database is not encrypted');
    expect(await said('none.age', '--identity', identity)).toContain('none.age does not exist');
    expect(await said(identity, '--identity', identity)).toContain('cannot be decrypted');
    expect(await said('--database', join(folder, 'none.db'))).toContain('none.db');
    chmodSync(identity, 0o644);
    expect(await said(identity, '--identity', identity)).toContain('chmod 600');
    await fromOld();
    const before = readFileSync(join(folder, 'data/station.db'));
    const again = await fromOld();
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('restore into an empty data folder') });
    expect(readFileSync(join(folder, 'data/station.db'))).toEqual(before);
  });

  it('I4: takes no database that a station runs on: both would sign', async () => {
    const { close } = openDatabase(old);
    expect(await fromOld()).toMatchObject({ code: 1, err: expect.stringContaining('a station runs on') });
    expect(data()).toEqual([]);
    close();
    expect((await fromOld()).code).toBe(0);
  });

  it('D4: names what it finds in an older database that another hand wrote, and restores nothing', async () => {
    tamper(old, "UPDATE clock SET w = w + 864000000 WHERE key = 'clock'");
    const { code, out, err } = await fromOld();
    expect(code).toBe(1);
    expect(out).toContain('FOUND row-forged: clock clock: ');
    expect(err).toContain('nothing was restored');
    expect(data()).toEqual([]);
  });

  it('writes the policy of the backup beside a later one, where a file of its own is not yet', async () => {
    const file = join(folder, 'policy.yaml');
    const before = readFileSync(file, 'utf8');
    const own = join(folder, `policy.${policyHash(before).slice(0, 8)}.yaml`);
    appendFileSync(file, '# later\n');
    expect((await fromOld()).out).toContain(`1. the policy in force is the backup’s, ${own}: put it in the place of`);
    expect(readFileSync(own, 'utf8')).toBe(before);
    expect(statSync(own).mode & 0o777).toBe(0o600);
    renameSync(join(folder, 'data/station.db'), join(emptyFolder(), 'other.db'));
    writeFileSync(own, 'mine');
    expect((await fromOld()).code).toBe(0);
    expect(readFileSync(own, 'utf8')).toBe('mine');
  });

  it('S4: says how much is lost by what was published, and to leave the former log’s tiles alone', async () => {
    const tiles = join(emptyFolder(), 'tiles');
    appendFileSync(config, `journal: { tiles: '${tiles}' }\n`);
    renameSync(old, join(folder, 'data/station.db'));
    const loaded = loadConfig(config);
    const listen = { host: '127.0.0.1', port: 0 };
    const [time, log] = [machineTime(), () => {}];
    const parts = { config: { ...loaded, listen, operatorsListen: listen }, time, log, onFatal: () => {} };
    const station = await composeStation(parts);
    await station.running.custody.acts
      .prepare({ verb: 'freeze', subject: 'nonsense', payload: new Uint8Array(), lifetime: undefined })
      .catch(() => {});
    await station.close();
    expect(existsSync(join(tiles, 'checkpoint'))).toBe(true);
    mkdirSync(join(folder, 'moved'));
    for (const name of data()) renameSync(join(folder, 'data', name), join(folder, 'moved', name));
    const { out } = await restore('--database', join(folder, 'moved/station.db'));
    expect(out).toContain(`${tiles} has the former log: keep it, and name another folder in journal.tiles`);
    expect(out).not.toMatch(/^lost/m);
  });
});

describe('portcullis restored', () => {
  it('takes one of a next nonce and a file of outpoints, and asks no station about what is neither', async () => {
    const said = async (...args: string[]): Promise<string> => (await ran('restored', 'hot-1', ...args)).err;
    expect(await said()).toContain('give one of --next-nonce and --spent');
    expect(await said('--next-nonce', '3', '--spent', 'file')).toContain('give one of --next-nonce and --spent');
    for (const nonce of ['-1', '1.5', '07', 'three', '1'.repeat(16), ''])
      expect(await said(`--next-nonce=${nonce}`), nonce).toContain('--next-nonce is no nonce');
  });
});

describe('doctor, of backups', () => {
  // Instants are whole seconds.
  const now = (Math.floor(Date.now() / 1_000) * 1_000) as WallMs;
  const look = (recipients: readonly string[], serious: boolean) => {
    const of = { data: join(folder, 'data'), backup: recipients };
    const file = existsSync(join(folder, 'data/station.db')) ? join(folder, 'data/station.db') : old;
    const key = new Uint8Array(Buffer.from(readFileSync(join(folder, 'keys/state.key'), 'utf8').trim(), 'hex'));
    return checkBackup(of, inspectStation(file, key), now, serious);
  };
  const file = () => backupFile({ data: join(folder, 'data') });

  it('says when the last one was made; for a main network it asks for one a day, and for somebody who can open it', () => {
    expect(look([], false)).toMatchObject({ found: expect.stringMatching(/^none can be made/) });
    expect(look([], false)).not.toHaveProperty('mend');
    expect(look([], true)).toMatchObject({ hint: true, mend: expect.stringContaining('backup.recipients') });
    expect(look(['age1'], true)).toMatchObject({ found: expect.stringMatching(/^none was made yet/), hint: true });
    writeLastBackup(file(), { made: (now - day) as WallMs, size: 1 });
    const found = expect.stringMatching(
      /^the last was made .*Z, and the journal has grown by 1 since; this station was never restored/,
    );
    expect(look(['age1'], true)).toEqual({ what: 'backup', found });
    writeLastBackup(file(), { made: (now - day - 1_000) as WallMs, size: 1 });
    expect(look(['age1'], true)).toMatchObject({ found, hint: true, mend: expect.stringContaining('daily') });
    expect(look(['age1'], false)).toEqual({ what: 'backup', found });
    for (const text of ['', '[]', '{}', '{"made":"never","size":1}', '{"made":"2026-01-01T00:00:00Z","size":"1"}']) {
      writeFileSync(file(), text);
      expect(look(['age1'], false).found, text).toMatch(/^none was made yet/);
    }
  });

  it('of a station that came back from one, says so, and which wallets wait for a quorum’s word', async () => {
    await fromOld();
    expect(look(['age1'], false).found).toBe('none was made yet; this station came back from one');
    const { out } = await ran('doctor', '--config', config);
    expect(out).toMatch(/^WRONG freezes: in force on station \(restored: generation 2, from a backup of 2 entries\)$/m);
  });
});
