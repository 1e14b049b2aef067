import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startProcess } from '../../src/cli/run.ts';
import { emptyFolder } from '../cli/station.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../src/${name}`, import.meta.url));

/** Starts an emulated station, has `act` done to it once it is up, and returns what it had written to stderr by its end. */
function whileUp(file: string, args: readonly string[], act: (pids: readonly number[]) => void): Promise<string> {
  const station = spawn(process.execPath, [file, ...args, '--json', '--quiet'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  station.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  station.stdout.once('data', () => {
    const { pid = 0 } = station;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    act([pid, ...children]);
    station.kill('SIGTERM');
  });
  return new Promise((resolve) => {
    station.on('close', (code) => resolve(`${said.join('')}exit ${code}`));
  });
}

describe('S8: SIGUSR1 from a signer’s child opens no inspector', () => {
  it('in a composition root, which is started with the signal disabled', async () => {
    const file = join(emptyFolder(), 'root.mjs');
    writeFileSync(file, 'process.exit(process.execArgv.includes("--disable-sigusr1") ? 0 : 9)');
    expect(await startProcess(file, [])).toBe(0);
  });

  it('in the station, nor in the command that started it', async () => {
    const said = await whileUp(path('cli/portcullis.mjs'), ['dev'], (pids) => {
      expect(pids.length).toBeGreaterThan(1);
      for (const pid of pids) process.kill(pid, 'SIGUSR1');
    });
    expect(said).toBe('exit 0');
  });

  it('in a station that is started without the command', async () => {
    const said = await whileUp(path('dev.ts'), [], ([pid = 0]) => process.kill(pid, 'SIGUSR1'));
    expect(said).toBe('exit 0');
  });

  it('in the real station: daemon.ts listens for the signal too', () => {
    expect(readFileSync(path('daemon.ts'), 'utf8')).toContain("process.on('SIGUSR1', () => {});");
  });
});
