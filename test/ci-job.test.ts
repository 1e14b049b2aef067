import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'docs/ci.md'), 'utf8');
/** The page's first shell block, as it stands there. */
const job = /```sh\n(.*?)```/s.exec(page)?.[1] ?? '';

describe('the job of docs/ci.md', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-ci-'));
    shim('npx', `shift; exec "${process.execPath}" "${join(root, 'src/cli/main.ts')}" "$@"`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function shim(name: string, body: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o700);
  }

  const run = () =>
    spawnSync('bash', ['-c', job], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    });

  it('has the station ready before the tests run, and ends it after them', () => {
    shim('npm', `cat "$PORTCULLIS_STATION"`);
    const { status, stdout } = run();
    expect(status).toBe(0);
    const { clients, ports } = JSON.parse(stdout);
    expect(ports.api).toBeGreaterThan(0);
    // Its certificates went with it.
    expect(() => readFileSync(clients.withdrawals.certificate)).toThrow();
  });

  it('fails where the tests fail', () => {
    shim('npm', 'exit 3');
    expect(run().status).toBe(3);
  });

  it('fails where the station does not start', () => {
    shim('npx', 'exit 1');
    shim('npm', 'exit 0');
    expect(run().status).toBe(1);
  });
});
