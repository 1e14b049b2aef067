import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readWallet, walletText } from '../src/custody/wallet-document.ts';
import { makeHsm } from '../src/dev-hsm.ts';
import { parseChainId } from '../src/domain/index.ts';
import { regtest } from './chains/bitcoin/wallets.ts';
import { noSoftHsm } from './softhsm.ts';

// The emulated station's HSM, where a machine has what it takes, and where it has not.

const cli = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const chains = [parseChainId('eip155:31337', 'chain'), regtest] as const;
const skipped = noSoftHsm === undefined ? '' : ` (skipped: ${noSoftHsm})`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-dev-hsm-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const make = () => makeHsm(join(folder, 'hsm'), chains, () => {});

describe.skipIf(noSoftHsm !== undefined)(`with SoftHSM2${skipped}`, () => {
  it('two wallets of keys made in a token of its own, as policy reads them', async () => {
    const hsm = await make();
    if ('missing' in hsm) throw new Error(hsm.missing);
    for (const wallet of [hsm.account, hsm.script])
      expect(readWallet(Buffer.from(walletText(wallet)), 'wallet')).toEqual(wallet);
    expect(hsm.account.publicKey).not.toBe(hsm.script.keys[0]?.publicKey);
    const other = await makeHsm(join(folder, 'other'), chains, () => {});
    expect('missing' in other || other.account.address).not.toBe(hsm.account.address);
  });

  it('that makes no token: the station goes on without, and its PINs are in nothing that it says', async () => {
    const told = join(folder, 'told');
    shim(`echo "$@" > ${told}; echo "ERROR: no room" >&2; echo more >&2; exit 1`);
    expect(await make()).toEqual({
      missing: 'SoftHSM2 is here, but it does not work: softhsm2-util made no token: ERROR: no room',
    });
    expect(readFileSync(told, 'utf8')).toContain(readFileSync(join(folder, 'hsm/pin'), 'utf8').trim());
  });

  it('whose token is gone when the key is made: the reason is told', async () => {
    shim('exit 0');
    expect(await make()).toEqual({
      missing: expect.stringMatching(/^SoftHSM2 is here, but it does not work: device-missing: no token/),
    });
  });
});

it('without softhsm2-util on PATH, it says what to install', async () => {
  vi.stubEnv('PATH', folder);
  expect(await make()).toEqual({ missing: expect.stringContaining('there is no SoftHSM2 here') });
  expect(existsSync(join(folder, 'hsm'))).toBe(false);
});

describe('portcullis dev', () => {
  it('comes up without an HSM, and says why; a signal to all its processes leaves nothing behind', async () => {
    mkdirSync(join(folder, 'tmp'));
    const env = { PATH: join(folder, 'bin'), TMPDIR: join(folder, 'tmp') };
    const args = [cli, 'dev', '--json', '--quiet'];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const line = await new Promise<string>((resolve) => child.stdout.once('data', (bytes) => resolve(String(bytes))));
    const { hsm, noHsm, wallet } = JSON.parse(line);
    expect({ hsm, noHsm, wallet: wallet.id }).toEqual({
      noHsm: expect.stringContaining('there is no SoftHSM2 here'),
      wallet: 'hot-1',
    });
    // Its parent, which gets it too, passes it on: it comes twice.
    process.kill(-(child.pid ?? Number.NaN), 'SIGINT');
    expect(await ended).toBe(0);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  }, 60_000);
});

/** Another program in the place of softhsm2-util. */
function shim(body: string): void {
  const file = join(folder, 'softhsm2-util');
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o700);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
}
