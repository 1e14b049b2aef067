import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkCertificates } from '../../src/cli/certificate-check.ts';
import { createAuthority, issueServer, validity } from '../../src/cli/certificates.ts';
import type { Diagnosis } from '../../src/cli/diagnosis.ts';
import { diagnose, type Probe } from '../../src/cli/doctor.ts';
import { foundingPolicy } from '../../src/cli/founding-policy.ts';
import { makeStation } from '../../src/cli/init.ts';
import { composeStation } from '../../src/compose.ts';
import { loadConfig, readStateKey } from '../../src/config.ts';
import { policyHash } from '../../src/custody/founding.ts';
import { Keyring, sealingKeyId } from '../../src/custody/seal.ts';
import { WitnessedClock } from '../../src/custody/witnessed-clock.ts';
import { certificatesIn, day, type FactorId, fingerprint, type WallMs } from '../../src/domain/index.ts';
import { machineTime } from '../../src/machine-time.ts';
import { openDatabase } from '../../src/store/database.ts';
import { deriveKeys } from '../../src/store/key.ts';
import { Rows } from '../../src/store/rows.ts';
import { Store } from '../../src/store/store.ts';
import { tamper } from '../custody/audit-station.ts';
import { emptyFolder, newStation, ran } from './station.ts';

const nobody: Probe = () => Promise.reject(new Error('no signer is to be asked'));

const connected = { at: '/dev/hidraw0', product: 'Nano S Plus', app: 'Ethereum', version: '1.22.0' };

const sealingKey = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

let folder: string;
let config: string;

beforeEach(async () => {
  ({ folder, config } = await newStation());
  rmSync(join(folder, 'take-away'), { recursive: true });
});

async function all(probe: Probe): Promise<Diagnosis[]> {
  const diagnoses: Diagnosis[] = [];
  for await (const diagnosis of diagnose(config, probe, async () => [connected])) diagnoses.push(diagnosis);
  return diagnoses;
}

/** Runs the station for as long as it takes to publish its journal. */
async function started(file: string): Promise<void> {
  const loaded = {
    ...loadConfig(file),
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
  };
  const station = await composeStation({ config: loaded, time: machineTime(), log: () => {}, onFatal: () => {} });
  await station.close();
}

/** An entry more in the journal. */
async function frozen(file: string): Promise<void> {
  const { db, close } = openDatabase(file);
  const rowKey = deriveKeys(readStateKey(join(folder, 'keys/state.key'))).row;
  const witness = new WitnessedClock(machineTime());
  const store = new Store({ db, rowKey, witness, salt: () => randomBytes(32), onFatal: () => {} });
  await store.decide({}, () => ({
    result: undefined,
    leaves: [{ kind: 'refusals-aggregated', fields: { count: '1' } }],
  }));
  store.close();
  close();
}

/** Writes rows as the station itself would. */
function inRows(write: (rows: Rows) => void): void {
  const { db, close } = openDatabase(join(folder, 'data/station.db'));
  write(new Rows(db, deriveKeys(readStateKey(join(folder, 'keys/state.key'))).row));
  close();
}

async function wrongs(probe: Probe = nobody): Promise<Diagnosis[]> {
  const diagnoses = await all(probe);
  return diagnoses.filter(({ mend }) => mend !== undefined);
}

async function onlyWrong(probe?: Probe): Promise<string> {
  const found = await wrongs(probe);
  expect(found.length, JSON.stringify(found)).toBe(1);
  return `${found[0]?.what}: ${found[0]?.found}`;
}

function fingerprintsIn(file: string): string[] {
  return certificatesIn(readFileSync(file), file).map(fingerprint);
}

function edit(path: string, from: string, to: string): void {
  const file = join(folder, path);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

describe('doctor', () => {
  it('finds nothing wrong with a new station whose take-away was taken away', async () => {
    const { code, out } = await ran('doctor', '--config', config);
    expect(out).not.toContain('WRONG');
    expect(out).toContain('nothing is wrong');
    expect(code).toBe(0);
  });

  it('S4: finds that an older database was put back, by a checkpoint that was published', async () => {
    const database = join(folder, 'data/station.db');
    const old = join(emptyFolder(), 'old.db');
    copyFileSync(database, old);
    await started(config);
    expect((await all(nobody)).find(({ what }) => what === 'published')?.found).toMatch(
      /goes on from 1 checkpoints; none/,
    );
    const kept = join(emptyFolder(), 'kept');
    writeFileSync(kept, 'nonsense');
    appendFileSync(config, `journal: { kept: ['${kept}'] }\n`);
    expect(await onlyWrong()).toMatch(/^published: journal-behind: the checkpoint in .*kept is not this log’s/);
    writeFileSync(kept, '');
    await frozen(database);
    await started(config);
    expect((await all(nobody)).find(({ what }) => what === 'published')?.found).toBe(
      'the journal goes on from 2 checkpoints',
    );
    for (const end of ['-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
    copyFileSync(old, database);
    const [found] = await wrongs();
    expect(found).toMatchObject({
      what: 'published',
      found: expect.stringMatching(/^journal-behind: .* has a checkpoint of 3 entries, the database’s journal has 2/),
      mend: expect.stringContaining('portcullis restore'),
    });
  });

  it('S11: finds a CA that policy does not name, and one of policy’s that the file lacks', async () => {
    const file = join(folder, 'keys/ca.pem');
    const own = fingerprintsIn(file);
    appendFileSync(file, (await createAuthority('station.example', Date.now())).certificate);
    const [, foreign] = fingerprintsIn(file);
    expect(await onlyWrong()).toBe(`authorities: ${file} holds ${foreign}, which policy does not name`);
    writeFileSync(file, (await createAuthority('station.example', Date.now())).certificate);
    expect((await wrongs()).map(({ what, found }) => `${what}: ${found}`)).toEqual([
      'server certificate: it is not of a CA that the config names',
      `authorities: ${file} lacks ${own[0]}, which policy names`,
      `authorities: ${file} holds ${fingerprintsIn(file)[0]}, which policy does not name`,
    ]);
  });

  it('complains of a take-away that is still there', async () => {
    const { config: fresh } = await newStation();
    const { code, out } = await ran('doctor', '--config', fresh);
    expect(code).toBe(1);
    expect(out).toMatch(/^WRONG take-away: .* is still on the station\n {6}Carry it/m);
    expect(out).toContain('1 thing is wrong');
  });

  it('names the place in a config that does not hold, and looks no further', async () => {
    edit('config.yaml', 'review: 5m', 'reviews: 5m');
    expect(await onlyWrong()).toBe('config: config.signers[0].reviews: is not a member that is known here');
  });

  it('finds a policy that does not hold, or is not the one in force', async () => {
    edit('policy.yaml', 'nonce_window: 16', 'nonce_window: 17');
    expect(await onlyWrong()).toMatch(/^policy: the file has [0-9a-f]{64}, in force is [0-9a-f]{64}$/);
    edit('policy.yaml', 'nonce_window: 17', 'nonce_window: 0');
    expect(await onlyWrong()).toMatch(/^policy: policy.nonce_window: /);
  });

  it('S11: takes a policy that was in force before for what it is: the next start writes the file', async () => {
    const database = join(folder, 'data/station.db');
    const text = `${readFileSync(join(folder, 'policy.yaml'), 'utf8')}# another\n`;
    const hash = policyHash(text);
    inRows((rows) => {
      const station = rows.get('station', ['station']);
      if (station !== undefined) rows.put('station', { ...station.record, policy: hash }, station.leaf);
    });
    expect(await onlyWrong()).toMatch(/^policy: the file has [0-9a-f]{64}, in force is/);
    // A row that only says that it is the one in force is not.
    tamper(database, `INSERT INTO policies VALUES ('${hash}', 'another')`);
    expect(await onlyWrong()).toMatch(/^policy: the file has [0-9a-f]{64}, in force is/);
    tamper(database, `UPDATE policies SET document = '${text.replaceAll("'", "''")}' WHERE hash = '${hash}'`);
    expect(await wrongs()).toEqual([]);
    const found = (await all(nobody)).find(({ what }) => what === 'policy')?.found;
    expect(found).toMatch(
      new RegExp(`^${hash}; the file has a former one, [0-9a-f]{64}, until the next start writes it$`),
    );
  });

  it('S9: finds files that others may use', async () => {
    chmodSync(join(folder, 'data'), 0o755);
    expect(await onlyWrong()).toMatch(/^permissions: others may use .*data$/);
    chmodSync(join(folder, 'data'), 0o700);
    chmodSync(join(folder, 'keys/state.key'), 0o644);
    expect(await onlyWrong()).toMatch(/^config: config.keys.state: .*chmod 600/);
  });

  it('finds a state key that is not the station’s', async () => {
    writeFileSync(join(folder, 'keys/state.key'), randomBytes(32).toString('hex'));
    const found = await wrongs();
    expect(found.map(({ what }) => what)).toContain('state key');
  });

  it('says how much is left under a former sealing key, and finds one that is missing', async () => {
    const former = sealingKey(2);
    const missing = sealingKey(3);
    writeFileSync(join(folder, 'keys/former.key'), `${Buffer.from(former).toString('hex')}\n`, { mode: 0o600 });
    edit(
      'config.yaml',
      '    - file: keys/sealing.key',
      '    - file: keys/sealing.key\n    - file: keys/former.key\n    #',
    );
    inRows((rows) => {
      for (const [i, key] of [former, former, missing].entries()) {
        const factor = `factor-${i}` as FactorId;
        const secret = new Keyring([key]).seal('code-secret', factor, Uint8Array.of(i), new Uint8Array(12));
        rows.put('codes', { factor, secret, algorithm: 'sha1', lastStep: 0, failures: 0, lockedUntil: null }, 0);
      }
    });
    expect(await onlyWrong()).toBe(
      `sealing key: KEY MISSING: 1 sealed under ${sealingKeyId(missing)}, which config.keys.sealing does not name`,
    );
    const found = (await all(nobody)).map((d) => d.found);
    expect(found).toContain(`former key ${sealingKeyId(former)}: 2 left to seal anew`);
    inRows((rows) => {
      for (const i of [0, 1, 2]) rows.remove('codes', [`factor-${i}`]);
    });
    expect((await all(nobody)).map((d) => d.found)).toContainEqual(
      expect.stringMatching(/: nothing is left under it, it may go/),
    );
  });

  it('S9: finds a sealing key that is none', async () => {
    writeFileSync(join(folder, 'keys/sealing.key'), 'hunter2');
    expect(await onlyWrong()).toMatch(/^sealing keys: config.keys.sealing\[0\]: .* is not 64 lowercase hex digits$/);
  });

  it('finds a journal key that is not the station’s', async () => {
    const { folder: other } = await newStation();
    writeFileSync(join(folder, 'keys/journal.pem'), readFileSync(join(other, 'keys/journal.pem')));
    expect(await onlyWrong()).toMatch(/^journal key: it is not portcullis\//);
  });

  it('finds a database that is gone, of a newer release, or not whole', async () => {
    tamper(join(folder, 'data/station.db'), 'DROP INDEX freezes_active');
    expect(await onlyWrong()).toMatch(/^database: index freezes_active is not as this release makes it/);
    tamper(join(folder, 'data/station.db'), 'PRAGMA user_version = 99');
    expect(await onlyWrong()).toMatch(/^database: .* has schema version 99/);
    rmSync(join(folder, 'data/station.db'));
    expect(await onlyWrong()).toMatch(/^database: .* does not exist/);
  });

  it('tells a running station from one that is not, and leaves its device alone', async () => {
    const idle = await all(nobody);
    expect(idle.find(({ what }) => what === 'database')?.found).toContain('not running');
    const running = openDatabase(join(folder, 'data/station.db'));
    const found = await all(nobody);
    running.close();
    expect(found.find(({ what }) => what === 'database')?.found).toBe('sound; the station is running');
  });

  it('finds a freeze', async () => {
    const since = Date.now() as WallMs;
    inRows((rows) => rows.put('freezes', { scope: 'wallet:hot', active: true, who: 'o', why: 'drill', since }, 0));
    inRows((rows) => rows.put('freezes', { scope: 'wallet:cold', active: false, who: 'o', why: 'drill', since }, 0));
    expect(await onlyWrong()).toBe('freezes: in force on wallet:hot');
  });

  it('finds a clock that the station suspects', async () => {
    inRows((rows) => {
      const clock = rows.get('clock', ['clock']);
      if (clock !== undefined) rows.put('clock', { ...clock.record, suspect: true }, clock.leaf);
    });
    expect(await onlyWrong()).toBe('clock: the station suspects it');
  });

  it('finds a clock behind the latest time seen', async () => {
    const ahead = join(emptyFolder(), 'station');
    const reading = { wall: (Date.now() + 2 * day) as WallMs, mono: 0, uptime: 0, bootId: 'another' };
    const time = { simulated: false, read: () => reading };
    await makeStation({ folder: ahead, policy: undefined, trustDomain: undefined, names: [], time });
    rmSync(join(ahead, 'take-away'), { recursive: true });
    config = join(ahead, 'config.yaml');
    expect(await onlyWrong()).toMatch(/^clock: it is \d+ s behind the latest time seen$/);
  });
});

describe('doctor, of devices', () => {
  beforeEach(async () => {
    const parent = emptyFolder();
    const wallet = `wallets:
  - { id: hot, chain: 'eip155:11155111', signer: SIGNER, path: "m/44'/60'/0'/0/0", address: 'eip155:11155111:0x00000000219ab540356cBB839Cbe05303d7705Fa', public_key: '02${'11'.repeat(32)}', first_nonce: '0' }`;
    const policy = foundingPolicy('station.example').replace('wallets: []', wallet.replace('SIGNER', 'ledger'));
    writeFileSync(join(parent, 'p.yaml'), policy);
    folder = join(parent, 'st');
    config = join(folder, 'config.yaml');
    await makeStation({ folder, policy: join(parent, 'p.yaml'), trustDomain: undefined, names: [] });
    rmSync(join(folder, 'take-away'), { recursive: true });
  });

  it('asks the signer of each wallet, and tells what to do', async () => {
    const asked: string[] = [];
    const ready: Probe = async (signer, wallets) => {
      asked.push(`${signer.name} ${wallets.map(({ id }) => id).join()}`);
      return { token: undefined, wallets: [{ ready: true, device: 'a test device' }] };
    };
    expect(await wrongs(ready)).toEqual([]);
    expect(asked).toEqual(['ledger hot']);
    const locked: Probe = async () => ({
      token: undefined,
      wallets: [{ ready: false, reason: 'device-locked', message: 'enter the PIN' }],
    });
    expect(await wrongs(locked)).toEqual([
      { what: 'wallet hot', found: 'device-locked: enter the PIN', mend: expect.stringContaining('Unlock it') },
    ]);
    expect((await wrongs(async () => ({ token: undefined, wallets: [] }))).map(({ what }) => what)).toEqual([
      'wallet hot',
    ]);
  });

  it('finds a wallet whose signer the config does not have', async () => {
    edit('config.yaml', 'name: ledger', 'name: other');
    expect(await onlyWrong()).toBe('wallet hot: its signer ledger is not in the config');
  });

  it('does not ask while the station runs', async () => {
    const running = openDatabase(join(folder, 'data/station.db'));
    expect(await wrongs(nobody)).toEqual([]);
    running.close();
  });
});

describe('certificates', () => {
  const now = Date.now();

  async function files(made = now): Promise<{ ca: string; certificate: string; key: string; folder: string }> {
    const dir = emptyFolder();
    const authority = await createAuthority('station.example', made);
    const server = await issueServer(authority, ['localhost'], made);
    writeFileSync(join(dir, 'ca.pem'), authority.certificate);
    writeFileSync(join(dir, 'server.pem'), server.certificate);
    writeFileSync(join(dir, 'server.key'), server.key);
    return { folder: dir, ca: join(dir, 'ca.pem'), certificate: join(dir, 'server.pem'), key: join(dir, 'server.key') };
  }

  function wrong(tls: { ca: string; certificate: string; key: string }, at: number): string[] {
    return [...checkCertificates(tls, at)].filter((d) => d.mend !== undefined).map((d) => `${d.what}: ${d.found}`);
  }

  it('are warned of before they expire, and named once they have', async () => {
    const tls = await files();
    expect(wrong(tls, now)).toEqual([]);
    expect(wrong(tls, now + validity.leaf - 15 * day)).toEqual([]);
    expect(wrong(tls, now + validity.leaf - 10 * day)[0]).toMatch(/^server certificate: expires in 9 days/);
    expect(wrong(tls, now + validity.leaf + day)[0]).toMatch(/^server certificate: expired on/);
    expect(wrong(tls, now + validity.authority + day)).toHaveLength(2);
    expect(wrong(tls, now - day)[0]).toMatch(/holds from/);
  });

  it('of several CAs each is looked at, and one of them must be the server’s', async () => {
    const [tls, old, other] = [await files(), await files(now - validity.authority - day), await files()];
    const both = (...of: { ca: string }[]) => of.map(({ ca }) => readFileSync(ca, 'utf8')).join('');
    writeFileSync(join(tls.folder, 'both.pem'), both(other, tls));
    expect(wrong({ ...tls, ca: join(tls.folder, 'both.pem') }, now)).toEqual([]);
    writeFileSync(join(tls.folder, 'both.pem'), both(tls, old));
    expect(wrong({ ...tls, ca: join(tls.folder, 'both.pem') }, now)).toEqual([
      expect.stringMatching(/^CA certificate: expired on/),
    ]);
    writeFileSync(join(tls.folder, 'both.pem'), 'nothing');
    expect(wrong({ ...tls, ca: join(tls.folder, 'both.pem') }, now)).toEqual([
      expect.stringMatching(/^CA certificate: .*both\.pem holds none/),
    ]);
  });

  it('must belong to each other and to the key', async () => {
    const [tls, other] = [await files(), await files()];
    expect(wrong({ ...tls, ca: other.ca }, now)).toEqual([
      'server certificate: it is not of a CA that the config names',
    ]);
    expect(wrong({ ...tls, key: other.key }, now)).toEqual(['server certificate: tls.key is another certificate’s']);
    expect(wrong({ ...tls, key: tls.ca }, now)[0]).toMatch(/is not a private key/);
    expect(wrong({ ...tls, certificate: tls.key }, now)[0]).toMatch(/^server certificate: /);
  });
});
