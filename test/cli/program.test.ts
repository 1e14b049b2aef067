import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/program.ts';
import { emptyFolder, newStation, ran } from './station.ts';

describe('a command line', () => {
  it('finds each command under the word that is its name', async () => {
    for (const [word, load] of commands) expect((await load()).name).toBe(word);
  });

  it.each([
    [[], 'no command is given'],
    [['frobnicate'], 'there is no command "frobnicate"'],
    [['help', 'frobnicate'], 'there is no command "frobnicate"'],
    [['init'], 'init: DIR is missing'],
    [['init', 'a', 'b'], 'init: "b" is one argument too many'],
    [['init', 'a', '--force'], "init: Unknown option '--force'"],
    [['run'], 'run: --config is missing'],
    [['run', '--config'], "run: Option '--config <value>' argument missing"],
    [['run', '--config', 'a', '--config', 'b'], 'run: --config is given 2 times'],
    [['verify'], 'verify: give one of --config and --data'],
    [['verify', '--config', 'a', '--data', 'b'], 'verify: give one of --config and --data'],
    [['doctor'], 'doctor: --config is missing'],
    [['incident'], 'incident: --since is missing'],
    [['thaw'], 'thaw: SCOPE is missing'],
    [['thaw', 'station'], 'thaw: --config (or --address and --ca) is missing'],
    [['freeze', 'station'], 'freeze: --why is missing'],
    [['hold', 'approve'], 'hold: ID is missing'],
    [['act'], 'act: expected list, show, sign or refuse'],
    [['operator', 'enrol'], 'operator: expected enroll, suspend or reinstate'],
    [['operator', 'enroll'], 'operator: --name is missing'],
    [['factors', 'revoke'], 'factors: expected admit, revoke-all or show'],
    [['onboarding', 'import'], 'onboarding: expected plan, propose or send'],
    [['transfer', '--tx', 'x'], 'transfer: --wallet is missing'],
    [['freeze', 'station', '--why', 'x'], 'freeze: --config (or --address and --ca) is missing'],
    [['freeze', 'station', '--why', 'x', '--address', 'localhost:1'], 'freeze: --ca is missing'],
    [['clock', 'forward'], 'clock: expected acknowledge or vouch'],
    [['advance', 'soon'], 'advance: expected a duration such as 90m or 24h, got "soon"'],
    [['advance', '0h'], 'advance: expected a duration'],
    [['status', '--password', 'x'], "status: Unknown option '--password'"],
  ])('%j makes no sense: one line and exit code 2', async (args, expected) => {
    const { code, out, err } = await ran(...args);
    expect(err).toContain(`portcullis: ${expected}`);
    expect(err.split('\n').length).toBe(1);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('has help for every command', async () => {
    const { out, code } = await ran('help');
    expect(code).toBe(0);
    const names = [...out.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name ?? '');
    expect(names).toEqual([
      'init',
      'run',
      'dev',
      'verify',
      'journal',
      'incident',
      'doctor',
      'backup',
      'restore',
      'restored',
      'certificate',
      'status',
      'freeze',
      'thaw',
      'hold',
      'act',
      'operator',
      'transaction',
      'transfer',
      'void',
      'confirmed',
      'factors',
      'onboarding',
      'wallet',
      'policy',
      'prices',
      'clock',
      'advance',
    ]);
    for (const name of names) {
      const { out: help } = await ran('help', name);
      expect(help).toMatch(new RegExp(`^Usage: portcullis ${name}\\b`));
      expect((await ran(name, '--help')).out).toBe(help);
    }
  });

  it('S9: takes no secret: no option is a key, a PIN or a password itself', async () => {
    const { out: list } = await ran('help');
    for (const [, name = ''] of list.matchAll(/^ {2}(\w+) {2,}/gm)) {
      // An emulated Ledger's seed is no secret.
      if (name === 'dev') continue;
      const { out } = await ran('help', name);
      expect(out).not.toMatch(/--(pin|password|secret|seed|mnemonic)\b/);
      for (const [, operand] of out.matchAll(/--(?:state-)?key (\w+)/g)) expect(operand).toBe('FILE');
    }
  });
});

describe('the program', () => {
  const bin = fileURLToPath(new URL('../../src/cli/portcullis.mjs', import.meta.url));
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

  it.each([bin, main])('runs as %s, its exit code the command’s', (file) => {
    const done = spawnSync(process.execPath, [file, 'frobnicate'], { encoding: 'utf8' });
    expect(done.status).toBe(2);
    expect(done.stderr).toContain('there is no command');
    expect(spawnSync(process.execPath, [file, 'help'], { encoding: 'utf8' }).stdout).toContain(
      'portcullis: a custody daemon',
    );
  });

  it.each([bin, main])('in a Node older than 24, %s says what to do and loads nothing else', (file) => {
    const old = join(emptyFolder(), 'old.mjs');
    writeFileSync(old, "Object.defineProperty(process.versions, 'node', { value: '20.20.0' });");
    const done = spawnSync(process.execPath, ['--import', old, file, 'help'], { encoding: 'utf8' });
    expect(done.status).toBe(1);
    expect(done.stdout).toBe('');
    expect(done.stderr).toMatch(/needs Node 24 or newer; this is 20\.20\.0.*npm ci/);
  });

  it('is what package.json installs', () => {
    const manifest: { bin: Record<string, string> } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    expect(manifest.bin).toEqual({ portcullis: 'src/cli/portcullis.mjs' });
  });

  it('says which part of a config is wrong before it runs anything', async () => {
    const { config } = await newStation();
    writeFileSync(config, readFileSync(config, 'utf8').replace('listen:', 'listens:'));
    const { code, err } = await ran('run', '--config', config);
    expect([code, err]).toEqual([1, 'portcullis run: config.listen: is missing']);
  });
});
