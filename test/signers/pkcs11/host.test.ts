import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HostProcess, launchPkcs11 } from '../../../src/signers/launch.ts';
import { longestMessage } from '../../../src/signers/pkcs11/protocol.ts';
import { noSoftHsm, SoftHsm } from '../../softhsm.ts';

const skipped = noSoftHsm === undefined ? '' : ` (skipped: ${noSoftHsm})`;

describe.skipIf(noSoftHsm !== undefined)(`the process that loads a PKCS#11 module${skipped}`, () => {
  let hsm: SoftHsm;
  const started: HostProcess[] = [];
  beforeAll(() => {
    hsm = new SoftHsm(['a1']);
  });
  afterAll(() => hsm.close());
  afterEach(() => {
    for (const host of started.splice(0)) host.kill('SIGKILL');
  });

  /** Said by hand, so that a slip in the daemon's own words for it shows. */
  const configure = (more: object = {}): string =>
    `${JSON.stringify({ v: 1, id: 0, op: 'configure', module: hsm.module, token: { by: 'label', value: 'test' }, pin: hsm.pin, ...more })}\n`;
  const identify = '{"v":1,"id":1,"op":"identify","keys":[]}\n';

  function launch(): HostProcess {
    const host = launchPkcs11(hsm.environment);
    host.stdin.on('error', () => undefined);
    started.push(host);
    return host;
  }
  const ended = (host: HostProcess) =>
    new Promise((resolve) => host.on('close', (code, signal) => resolve(signal ?? code)));
  const linesOf = (host: HostProcess) => createInterface({ input: host.stdout })[Symbol.asyncIterator]();
  const maps = (pid: number | 'self' | undefined): string => readFileSync(`/proc/${pid}/maps`, 'utf8');

  it('S8: loads it when it is first asked for something, and only there', async () => {
    const host = launch();
    const lines = linesOf(host);
    host.stdin.write(configure());
    expect((await lines.next()).value).toBe('{"v":1,"id":0,"result":"configured"}');
    expect(maps(host.pid)).not.toMatch(/libsofthsm2|pkcs11\.node/);
    host.stdin.write(identify);
    expect(JSON.parse(String((await lines.next()).value))).toMatchObject({
      v: 1,
      id: 1,
      result: 'token',
      label: 'test',
      faults: [],
    });
    expect(maps(host.pid)).toMatch(/libsofthsm2/);
    expect(maps('self')).not.toMatch(/libsofthsm2|pkcs11\.node/);
  });

  it.each(['/nonexistent/libp11.so', '/etc/passwd'])('F4: says that %s is no module', async (module) => {
    const host = launch();
    const lines = linesOf(host);
    host.stdin.write(configure({ module }) + identify);
    await lines.next();
    expect(JSON.parse(String((await lines.next()).value))).toEqual({
      v: 1,
      id: 1,
      result: 'failure',
      reason: 'signer-failed',
      message: expect.stringContaining(`the module ${module} does not load`),
    });
  });

  it.each<[string, () => string]>([
    ['another version', () => configure({ v: 2 })],
    ['an unknown operation', () => '{"v":1,"id":0,"op":"hash"}\n'],
    ['no JSON', () => 'configure\n'],
    ['a line without end', () => 'x'.repeat(longestMessage + 1)],
    ['something before its configuration', () => identify],
    ['a second configuration', () => configure() + configure()],
    ['a slot number', () => configure({ token: { by: 'slot', value: '0' } })],
  ])('ends itself when it is told %s, and repeats no PIN', async (_, text) => {
    const host = launch();
    host.stdin.write(text());
    let said = '';
    host.stderr.on('data', (chunk: Uint8Array) => {
      said += Buffer.from(chunk).toString();
    });
    expect(await ended(host)).toBe('SIGKILL');
    expect(said).toMatch(/^asked for something unknown/);
    expect(said).not.toContain(hsm.pin);
  });

  it('ends itself by SIGKILL when its stdin closes', async () => {
    const host = launch();
    host.stdin.write(configure() + identify);
    await once(host.stdout, 'data');
    host.stdin.end();
    expect(await ended(host)).toBe('SIGKILL');
  });
});
