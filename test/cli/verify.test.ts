import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeStation } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import { machineTime } from '../../src/machine-time.ts';
import { type Sample, sampleStation, tamper } from '../custody/audit-station.ts';
import { emptyFolder, newStation, ran } from './station.ts';

let sample: Sample;
let stateKey: string;

beforeAll(async () => {
  sample = await sampleStation();
  tamper(sample.file, 'PRAGMA wal_checkpoint(TRUNCATE)');
  stateKey = join(dirname(sample.file), 'state.key');
  writeFileSync(stateKey, `${Buffer.from(sample.stateKey).toString('hex')}\n`, { mode: 0o600 });
});

/** A copy of the sample's data folder, to do harm to. */
function copied(...statements: string[]): string {
  const folder = emptyFolder();
  copyFileSync(sample.file, join(folder, 'station.db'));
  tamper(join(folder, 'station.db'), ...statements);
  return folder;
}

function checkpointFile(size: number): string {
  const file = join(emptyFolder(), 'checkpoint');
  writeFileSync(file, sample.checkpoint(size));
  return file;
}

describe('verify', () => {
  it('of a new station finds nothing, shows size and root, and says whose word the key is', async () => {
    const { config, folder } = await newStation();
    const { code, out } = await ran('verify', '--config', config);
    expect(code).toBe(0);
    expect(out).toMatch(/^size +2$/m);
    expect(out).toMatch(/^root +[0-9a-f]{64}$/m);
    expect(out).toMatch(/^rows +3, authenticated$/m);
    expect(out).toContain('the database’s own word');
    const vkey = readFileSync(join(folder, 'take-away/journal.vkey'), 'utf8').trim();
    const pinned = await ran('verify', '--config', config, '--log-key', vkey);
    expect(pinned.code).toBe(0);
    expect(pinned.out).not.toContain('own word');
  });

  it('of a copy without a config needs no key, and says what it could not authenticate', async () => {
    const { code, out } = await ran('verify', '--data', copied());
    expect(code).toBe(0);
    expect(out).toContain('not authenticated');
    expect((await ran('verify', '--data', copied(), '--state-key', stateKey)).out).toContain(', authenticated');
  });

  it('S4: names what it finds, and exits with 1', async () => {
    const { code, out } = await ran('verify', '--data', copied('DELETE FROM leaves WHERE "index" = 1'));
    expect(code).toBe(1);
    expect(out).toContain('FOUND leaf-missing: leaf 1: ');
    expect(out).toMatch(/^1 finding$/m);
  });

  it('D4: finds a row that was edited once it has the state key', async () => {
    const data = copied("UPDATE clock SET w = w + 864000000 WHERE key = 'clock'");
    expect((await ran('verify', '--data', data)).code).toBe(0);
    const { code, out } = await ran('verify', '--data', data, '--state-key', stateKey);
    expect(code).toBe(1);
    expect(out).toContain('FOUND row-forged: clock clock: ');
  });

  it('S4: proves that the journal goes on from an older checkpoint', async () => {
    const { code, out } = await ran('verify', '--data', copied(), '--checkpoint', checkpointFile(3));
    expect(code).toBe(0);
    expect(out).toContain('this journal goes on from it (size 3)');
  });

  it('S4: says that the station is behind its checkpoint', async () => {
    const cut = copied(
      'DELETE FROM leaves WHERE "index" >= 6',
      'DELETE FROM nodes WHERE ("index" + 1) << level > 6',
      'DELETE FROM freezes',
    );
    const { code, out } = await ran('verify', '--data', cut, '--checkpoint', checkpointFile(sample.size));
    expect(code).toBe(1);
    expect(out).toContain('FOUND station-behind: journal: the station is behind its checkpoint');
  });

  it('S4: says that a checkpoint of another history was forked, and that a stranger’s is no checkpoint', async () => {
    const other = await sampleStation();
    const foreign = join(emptyFolder(), 'checkpoint');
    writeFileSync(foreign, other.checkpoint(3));
    const stranger = await ran('verify', '--data', copied(), '--checkpoint', foreign);
    expect(stranger.code).toBe(1);
    expect(stranger.out).toContain('FOUND checkpoint-invalid');
    // The same log signed another tree of the same size.
    const fork = copied('UPDATE nodes SET hash = zeroblob(32) WHERE level = 0 AND "index" = 2');
    writeFileSync(foreign, sample.checkpoint(3, join(fork, 'station.db')));
    const forked = await ran('verify', '--data', copied(), '--checkpoint', foreign);
    expect(forked.code).toBe(1);
    expect(forked.out).toContain('FOUND journal-forked: journal: its first 3 entries are not those of the checkpoint');
  });

  it('S10: shows what a forger wrote with its control characters spelled out', async () => {
    const folder = copied();
    const db = new Database(join(folder, 'station.db'));
    db.prepare("UPDATE withdrawals SET id = ? WHERE id = 'w-1'").run('w\u001b[2J\n\u202e');
    db.close();
    const { out } = await ran('verify', '--data', folder);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(out).toContain('\\u001b');
  });

  it('counts what it does not list', async () => {
    const { out } = await ran('verify', '--data', copied(floodOfOpenings(500)));
    expect(out.split('\n').filter((line) => line.startsWith('FOUND')).length).toBe(200);
    expect(out).toContain('… and 300 more findings');
    expect(out).toMatch(/^500 findings$/m);
  });

  it('I5: of a receipt says in words what it proves, with the log’s key alone', async () => {
    const file = fileURLToPath(new URL('../../docs/receipt-v1.receipt', import.meta.url));
    const formats = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');
    const [, vkey = ''] = /receipt-v1\.receipt",\n +"verifier_key": "([^"]+)"/.exec(formats) ?? [];
    const { code, out, err } = await ran('verify', 'receipt', file, '--log-key', vkey);
    expect([code, err]).toEqual([0, '']);
    for (const said of [
      'Withdrawal w-1 of account alice, 1000000000000000000 of eip155:31337/slip44:60',
      'signed this intent on https://approve.example',
      'vouched for by admission.example',
      'attested by factor',
      'Its destination was whitelisted at',
      'Its signature was released at',
      'Not proven: that nothing was added to the journal later',
    ]) {
      expect(out).toContain(said);
    }

    const broken = join(emptyFolder(), 'receipt');
    writeFileSync(broken, readFileSync(file, 'utf8').replace('w-1', 'w-2'));
    const refused = await ran('verify', 'receipt', broken, '--log-key', vkey);
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toMatch(/^It proves nothing: [a-z]+-[a-z]+: /);
    const other = await ran('verify', 'receipt', file, '--log-key', sample.logKey);
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('checkpoint-invalid')]);
    writeFileSync(broken, Buffer.alloc(16 * 1024 * 1024 + 1));
    expect((await ran('verify', 'receipt', broken, '--log-key', vkey)).err).toContain('larger than a receipt can be');
    expect((await ran('verify', 'receipt', join(broken, 'none'), '--log-key', vkey)).err).toContain('receipt: ');
    expect((await ran('verify', 'receipt', file)).code).toBe(2);
    expect((await ran('verify', 'receipt', file, '--log-key', vkey, '--data', '.')).code).toBe(2);
  });

  it('refuses what it cannot use, and says why', async () => {
    const { config } = await newStation();
    const folder = emptyFolder();
    mkdirSync(join(folder, 'no.db'));
    const loose = join(folder, 'loose.key');
    writeFileSync(loose, '00'.repeat(32), { mode: 0o644 });
    const damaged = join(folder, 'station.db');
    writeFileSync(damaged, 'no database at all, but long enough to have a header of some kind'.repeat(20));
    for (const [args, expected] of [
      [['--data', join(folder, 'none')], 'does not exist'],
      [['--data', folder], 'cannot be read (SQLITE_NOTADB)'],
      [['--config', config, '--checkpoint', join(folder, 'none')], '--checkpoint: '],
      [['--data', folder, '--state-key', loose], '--state-key: '],
    ] as const) {
      const { code, err } = await ran('verify', ...args);
      expect([code, err]).toEqual([1, expect.stringContaining(expected)]);
    }
  });

  it('of a published journal needs no station: the folder, or a copy of it, and the key that was pinned', async () => {
    const { folder, config } = await newStation();
    const logKey = readFileSync(join(folder, 'take-away/journal.vkey'), 'utf8').trim();
    writeFileSync(config, readFileSync(config, 'utf8').replace(/127\.0\.0\.1:744[34]/g, '127.0.0.1:0'));
    const station = await composeStation({
      config: loadConfig(config),
      time: machineTime(),
      log: () => {},
      onFatal: () => {},
    });
    await station.close();
    const tiles = join(folder, 'data/tiles');
    const { code, out } = await ran('verify', '--tiles', tiles, '--log-key', logKey);
    expect(out).toMatch(/^size +2$/m);
    expect(out).toMatch(/^root +[0-9a-f]{64}$/m);
    expect(out).toContain('verified: nothing was found');
    expect(code).toBe(0);
    rmSync(join(tiles, 'tile/entries/000.p/2'));
    const harmed = await ran('verify', '--tiles', tiles, '--log-key', logKey);
    expect(harmed.out).toContain('FOUND tile-missing: tile/entries/000.p/2: ');
    expect(harmed.code).toBe(1);
    expect((await ran('verify', '--tiles', tiles)).code).toBe(2);
  });
});

function floodOfOpenings(count: number): string {
  return `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO openings SELECT 1000 + i, 'x', zeroblob(32), 'x' FROM n`;
}
