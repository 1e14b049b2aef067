import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { confinement, type HostProcess, launchHost } from '../../src/signers/launch.ts';
import { longestRequest } from '../../src/signers/protocol.ts';

const configure = '{"v":1,"id":0,"op":"configure","transport":"speculos","url":"http://127.0.0.1:1"}\n';
const identify = `{"v":1,"id":1,"op":"identify","skip":[],"app":"Ethereum","path":"m/44'/60'/0'/0/0","publicKey":"02${'11'.repeat(32)}"}\n`;

const started: HostProcess[] = [];
afterEach(() => {
  for (const host of started.splice(0)) host.kill('SIGKILL');
});

function launch(): HostProcess {
  const host = launchHost(false);
  started.push(host);
  return host;
}

const ended = (host: HostProcess) =>
  new Promise((resolve) => host.on('close', (code, signal) => resolve(signal ?? code)));

/** A host that has taken its configuration. */
async function configured(): Promise<HostProcess> {
  const host = launch();
  host.stdin.write(configure);
  expect(await line(host)).toBe('{"v":1,"id":0,"result":"configured"}');
  return host;
}

async function line(host: HostProcess): Promise<string> {
  const [text] = await once(createInterface({ input: host.stdout }), 'line');
  return String(text);
}

const firstLine = async (host: HostProcess) => {
  let text = '';
  for await (const chunk of host.stderr) text += String(chunk);
  return text.split('\n')[0];
};

describe('S8: a signer’s process', () => {
  it('has nothing in its environment, no descriptor of the daemon’s, and another folder to stand in', async () => {
    const file = fileURLToPath(import.meta.url);
    openSync(file, 'r');
    const { pid } = await configured();
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('');
    const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(descriptors.filter((target) => target.startsWith('/') && !/^\/dev\/null$/.test(target))).toEqual([]);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')).toContain('--permission');
  });

  it.each([false, true])(
    'reads and writes no file but its own code, and starts nothing (native code: %s)',
    async (native) => {
      const probe = `
      const tries = {
        database: () => require('node:fs').readFileSync(${JSON.stringify(fileURLToPath(import.meta.url))}),
        secrets: () => require('node:fs').readFileSync('/etc/passwd'),
        home: () => require('node:fs').readdirSync('/'),
        write: () => require('node:fs').writeFileSync('/tmp/portcullis-probe', ''),
        process: () => require('node:child_process').spawnSync('true'),
        thread: () => new (require('node:worker_threads').Worker)('', { eval: true }),
        library: () => require(${JSON.stringify(fileURLToPath(new URL('../../node_modules/@ledgerhq/hw-app-eth', import.meta.url)))}),
      };
      for (const [name, work] of Object.entries(tries)) {
        try { work(); console.log(name, 'done'); } catch (error) { console.log(name, error.code); }
      }`;
      const output = await new Promise((resolve, reject) => {
        execFile(process.execPath, [...confinement(native), '--eval', probe], { env: {} }, (error, stdout) =>
          error ? reject(error) : resolve(stdout),
        );
      });
      expect(output).toBe(
        [
          ...['database', 'secrets', 'home', 'write', 'process', 'thread'].map((name) => `${name} ERR_ACCESS_DENIED`),
          'library done',
          '',
        ].join('\n'),
      );
    },
  );
});

describe('a signer’s process', () => {
  it('ends itself by SIGKILL when its stdin closes', async () => {
    const host = await configured();
    host.stdin.end();
    expect(await ended(host)).toBe('SIGKILL');
  });

  it('ends when its parent dies, with a command under way', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', parentThatHangs], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [pid] = await once(createInterface({ input: parent.stdout }), 'line');
    parent.kill('SIGKILL');
    await gone(Number(pid));
  });

  it('has no handler of SIGTERM that could hang on a pending read', async () => {
    const host = spawn(
      process.execPath,
      [...confinement(false), fileURLToPath(new URL('../../src/signers/host.ts', import.meta.url))],
      {
        env: {},
      },
    );
    host.stdin.write(configure);
    await line(host);
    host.kill('SIGTERM');
    const [, signal] = await once(host, 'close');
    expect(signal).toBe('SIGTERM');
  });

  it.each([
    ['another version', '{"v":2,"id":0,"op":"configure","transport":"hid"}\n'],
    ['an unknown operation', '{"v":1,"id":0,"op":"hash"}\n'],
    ['no JSON', 'configure\n'],
    ['a line without end', 'x'.repeat(longestRequest + 1)],
    ['an address beyond this machine', configure.replace('127.0.0.1', '192.0.2.1')],
    ['something before its configuration', identify],
    ['a second configuration', configure + configure],
  ])('ends itself when it is told %s', async (_, text) => {
    const host = launch();
    host.stdin.on('error', () => undefined);
    host.stdin.write(text);
    const [why, signal] = await Promise.all([firstLine(host), ended(host)]);
    expect(signal).toBe('SIGKILL');
    expect(why).toMatch(/^asked for something unknown|^Malformed: url/);
  });

  it('says that nothing is there, where nothing is there', async () => {
    const host = await configured();
    host.stdin.write(identify);
    expect(JSON.parse(await line(host))).toEqual({
      v: 1,
      id: 1,
      result: 'failure',
      reason: 'device-missing',
      message: expect.stringContaining('Speculos did not answer'),
    });
  });

  it('takes nothing but the form of path that it signs for', async () => {
    const host = await configured();
    host.stdin.write(identify.replace("0'/0/0", "0'/0"));
    expect(await ended(host)).toBe('SIGKILL');
  });
});

/** A daemon that is killed while its signer works: the signer's peer takes the connection and never answers. */
const parentThatHangs = `
  import { createServer } from 'node:net';
  import { launchHost } from ${JSON.stringify(new URL('../../src/signers/launch.ts', import.meta.url).href)};
  const server = createServer().listen(0, '127.0.0.1', () => {
    const host = launchHost(false);
    host.stdin.write(${JSON.stringify(configure)}.replace(':1"', ':' + server.address().port + '"'));
    host.stdin.write(${JSON.stringify(identify)});
    server.on('connection', () => console.log(host.pid));
  });`;

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      // A zombie that nobody has waited for yet is gone as well.
      if (/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
