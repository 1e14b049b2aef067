import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { certificatesIn, fingerprint } from '../../src/domain/index.ts';
import { newStation, ran } from './station.ts';

const daemon = fileURLToPath(new URL('../../src/daemon.ts', import.meta.url));
let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
});

/** The daemon's log, an event at a time. */
function start(config: string): (event: string) => Promise<Record<string, unknown>> {
  const started = spawn(process.execPath, [daemon, '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  child = started;
  const lines = createInterface({ input: started.stderr })[Symbol.asyncIterator]();
  return async (event) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the daemon ended before ${event}`);
      const told: Record<string, unknown> = JSON.parse(value);
      if (told['event'] === event) return told;
    }
  };
}

it('SIGHUP has the running daemon read its certificates again; a CA that policy does not name stops its next start', async () => {
  const { folder, config } = await newStation();
  writeFileSync(config, readFileSync(config, 'utf8').replace(/127\.0\.0\.1:744[34]/g, '127.0.0.1:0'));
  const next = join(folder, 'next');
  await ran('certificate', 'issue', '--ca', join(folder, 'take-away'), '--host', 'localhost', '--out', next);
  await ran('certificate', 'authority', '--trust-domain', 'station.example', '--out', join(folder, 'ca'));
  const event = start(config);
  await event('serving');
  for (const file of ['server.pem', 'server.key']) copyFileSync(join(next, file), join(folder, 'keys', file));
  appendFileSync(join(folder, 'keys/ca.pem'), readFileSync(join(folder, 'ca/ca.pem')));
  child?.kill('SIGHUP');
  const [server] = certificatesIn(readFileSync(join(next, 'server.pem')), 'server.pem').map(fingerprint);
  const [authority] = certificatesIn(readFileSync(join(folder, 'ca/ca.pem')), 'ca.pem').map(fingerprint);
  expect(await event('authority-foreign')).toMatchObject({ authority });
  expect(await event('certificates-read')).toMatchObject({ server });
  child?.kill('SIGTERM');
  await event('stopping');
  await new Promise((resolve) => child?.once('close', resolve));
  expect(await start(config)('start-failed')).toMatchObject({ reason: 'authority-changed' });
});
