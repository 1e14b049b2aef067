import { execFile } from 'node:child_process';
import { openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { confinement } from '../../src/signers/launch.ts';
import type { Signer } from '../../src/signers/signer.ts';
import { FaultyToken, noFaultyToken } from '../signers/pkcs11/faulty-token.ts';

const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;
/** A test PIN that nothing else could contain. */
const pin = 'a-pin-of-tests-8261';
const text = (file: string) => readFileSync(file, 'latin1');

// What native code could do: a vendor's module is outside Node's permission model, and does whatever its user and its network
// namespace let it (docs/hsm.md says how to run the child under its own). It is told the PIN, and nothing else is a secret there.
describe.skipIf(noFaultyToken !== undefined)(`S8: the process that loads an HSM's module${skipped}`, () => {
  let token: FaultyToken;
  let signer: Signer;
  let pid: number;
  beforeAll(async () => {
    token = new FaultyToken(['a1']);
    token.tool('--change-pin', '--new-pin', pin);
    // A file that the daemon has open, as it has its database.
    openSync(fileURLToPath(import.meta.url), 'r');
    ({ signer } = token.signer({ pin }));
    expect(await signer.check(token.wallet('a1'))).toMatchObject({ ready: true });
    pid = token.faulty.calls()[0]?.pid ?? 0;
  });
  afterAll(async () => {
    await signer.close();
    token.close();
  });
  afterEach(() => token.faulty.cue());

  it('S8: has of the environment what config names, and nothing of the daemon’s', () => {
    const variables = text(`/proc/${pid}/environ`).split('\0').filter(Boolean);
    expect(variables.sort()).toEqual(
      Object.entries(token.bothEnvironments)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });

  it('S8: has no descriptor of the daemon’s, and stands in another folder', () => {
    const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    const files = targets.filter((target) => target.startsWith('/') && target !== '/dev/null');
    // SoftHSM keeps its token's own files.
    expect(files.filter((file) => !file.includes('portcullis-token-'))).toEqual([]);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
  });

  it('S9: the PIN is in no command line and no environment, of the child’s nor the daemon’s', () => {
    for (const process_ of [pid, process.pid])
      for (const file of ['cmdline', 'environ']) expect(text(`/proc/${process_}/${file}`)).not.toContain(pin);
  });

  it('S9: a refused PIN is in no log and no message', async () => {
    const { signer: other, log } = token.signer({ pin: 'another-pin-of-tests' });
    const readiness = await other.check(token.wallet('a1'));
    await other.close();
    expect(readiness).toMatchObject({ ready: false, reason: 'hsm-pin-refused' });
    expect(JSON.stringify([readiness, log])).not.toContain('another-pin-of-tests');
  });

  it('S8: its JavaScript reads no file of the daemon’s and writes none, and starts nothing', async () => {
    const probe = `
      const fs = require('node:fs');
      const tries = {
        database: () => fs.readFileSync(${JSON.stringify(fileURLToPath(import.meta.url))}),
        token: () => fs.readFileSync(${JSON.stringify(token.environment.SOFTHSM2_CONF)}),
        environment: () => fs.readFileSync('/proc/' + process.ppid + '/environ'),
        write: () => fs.writeFileSync('/tmp/portcullis-probe', ''),
        process: () => require('node:child_process').spawnSync('true'),
        thread: () => new (require('node:worker_threads').Worker)('', { eval: true }),
        pkcs11js: () => require(${JSON.stringify(fileURLToPath(new URL('../../node_modules/pkcs11js', import.meta.url)))}),
      };
      for (const [name, work] of Object.entries(tries)) {
        try { work(); console.log(name, 'done'); } catch (error) { console.log(name, error.code); }
      }`;
    const output = await new Promise((resolve, reject) => {
      execFile(process.execPath, [...confinement(true), '--eval', probe], { env: {} }, (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });
    const denied = ['database', 'token', 'environment', 'write', 'process', 'thread'];
    expect(output).toBe([...denied.map((name) => `${name} ERR_ACCESS_DENIED`), 'pkcs11js done', ''].join('\n'));
    // These are the flags that the child runs with.
    expect(text(`/proc/${pid}/cmdline`).split('\0')).toEqual(expect.arrayContaining([...confinement(true)]));
  });
});
