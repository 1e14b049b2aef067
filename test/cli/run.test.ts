import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startProcess } from '../../src/cli/run.ts';
import { emptyFolder } from './station.ts';

function script(text: string): string {
  const file = join(emptyFolder(), 'root.mjs');
  writeFileSync(file, text);
  return file;
}

describe('a composition root, started as a process', () => {
  it('runs in this very Node, with its arguments, and its exit code is passed on', async () => {
    const file = script('process.exit(process.execPath === process.argv[2] && process.argv[3] === "--x" ? 7 : 8)');
    expect(await startProcess(file, [process.execPath, '--x'])).toBe(7);
    expect(await startProcess(script(''), [])).toBe(0);
  });

  it('that a signal ended is told as shells do', async () => {
    expect(await startProcess(script('process.kill(process.pid, "SIGKILL")'), [])).toBe(128 + 9);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)(
    'gets %s when this process does, and decides itself',
    async (signal) => {
      // The child says that it is ready by sending this process the signal; it ends only once it gets it back.
      const file = script(`
      process.on('${signal}', () => process.exit(23));
      setInterval(() => {}, 1000);
      process.kill(process.ppid, '${signal}');
    `);
      const before = process.listenerCount(signal);
      expect(await startProcess(file, [])).toBe(23);
      expect(process.listenerCount(signal)).toBe(before);
    },
  );
});
