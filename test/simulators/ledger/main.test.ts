import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { PortHost } from './host.ts';
import { Operator } from './operator.ts';

const main = fileURLToPath(new URL('../../../simulators/ledger/main.ts', import.meta.url));
type Child = ChildProcessByStdio<null, Readable, Readable>;
let child: Child | undefined;

afterEach(() => child?.kill('SIGKILL'));

function run(...args: readonly string[]): Child {
  child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return child;
}

interface Ready {
  readonly api: string;
  readonly apduPort: number;
  readonly buttonPort?: number;
  readonly app: string;
  readonly model: string;
}

async function ready(emulator: Child): Promise<Ready> {
  const [line] = await once(createInterface(emulator.stdout), 'line');
  return JSON.parse(String(line));
}

describe('npm run emulator', () => {
  it('prints a line of JSON when ready, presses buttons by a file of rules, and stops at SIGTERM', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'emulator-'));
    const file = join(folder, 'rules.json');
    const rules = [
      {
        text: 'App settings',
        actions: [
          ['button', 2, true],
          ['button', 2, false],
        ],
      },
    ];
    writeFileSync(file, JSON.stringify({ version: 1, rules }));
    const emulator = run(
      '--model',
      'nanox',
      '--api-port',
      '0',
      '--apdu-port',
      '0',
      '--button-port',
      '0',
      '--automation',
      file,
      'ethereum',
    );
    const { api, apduPort, buttonPort, app, model } = await ready(emulator);
    expect([app, model]).toEqual(['ethereum', 'nanox']);
    expect(buttonPort).toBeGreaterThan(0);
    const host = await PortHost.connect(apduPort);
    host.send('b001000000');
    expect(await host.answer()).toContain(Buffer.from('1.22.0').toString('hex'));
    host.close();
    const operator = new Operator(api);
    await operator.press('right');
    await operator.sees('App info');
    emulator.kill('SIGTERM');
    expect(await once(emulator, 'exit')).toEqual([0, null]);
    rmSync(folder, { recursive: true });
  });

  it('ends with 1 when the app crashes, as Speculos’ process dies', async () => {
    const emulator = run('--api-port', '0', '--apdu-port', '0', 'ethereum');
    const operator = new Operator((await ready(emulator)).api);
    const review = operator.apdu('e002010015058000002c8000003c800000000000000000000000');
    await operator.sees('Verify Ethereum\naddress');
    await operator.apdu('e07f000000');
    await review;
    const exit = once(emulator, 'exit');
    await operator.press('right').catch(() => undefined);
    expect(await exit).toEqual([1, null]);
  });

  it('says what is wrong with its words, and how it is used', async () => {
    const emulator = run('dogecoin');
    let errors = '';
    emulator.stderr.on('data', (bytes) => {
      errors += String(bytes);
    });
    expect((await once(emulator, 'close'))[0]).toBe(2);
    expect(errors).toContain('which app?');
    expect(errors).toContain('npm run emulator');
  });
});
