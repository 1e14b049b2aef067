import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const path = (name: string): string => fileURLToPath(new URL(`../../src/${name}`, import.meta.url));

/** Runs it with one of its outputs closed by the reader before anything is written. */
function unread(output: 'stdout' | 'stderr', args: readonly string[]): Promise<{ code: number | null; other: string }> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const other: string[] = [];
  child[output === 'stdout' ? 'stderr' : 'stdout'].on('data', (bytes) => other.push(String(bytes)));
  child[output].destroy();
  // What waits for its input's end writes only once the reader is gone.
  child[output].once('close', () => child.stdin.end());
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, other: other.join('') }));
  });
}

describe('what nobody reads', () => {
  it('of the station’s log does not end the station', async () => {
    const script = `
      import { readFileSync } from 'node:fs';
      const { stationLog } = await import(${JSON.stringify(path('station-log.ts'))});
      readFileSync(0);
      for (let i = 0; i < 3; i++) {
        stationLog('tested');
        await new Promise((done) => setImmediate(done));
      }
      process.stdout.write('still here');
    `;
    expect(await unread('stderr', ['--input-type=module', '-e', script])).toEqual({ code: 0, other: 'still here' });
  });

  it('of an answer ends the command without a trace', async () => {
    const args = [
      '-e',
      `require('fs').readFileSync(0);import(${JSON.stringify(path('cli/main.ts'))})`,
      '--',
      'portcullis',
      'help',
    ];
    expect(await unread('stdout', args)).toEqual({ code: 1, other: '' });
  });
});
