import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSigner, readPin } from '../src/signer-config.ts';

const token = {
  name: 'hsm-1',
  kind: 'pkcs11',
  module: '/usr/lib/softhsm/libsofthsm2.so',
  token: { label: 'hot' },
  pin: { file: 'hsm.pin' },
};
const parse = (change: object) => parseSigner({ ...token, ...change }, 'config.signers[0]', '/etc/portcullis');

describe('a PKCS#11 signer in the config', () => {
  it('names its module, its token by label or serial, its PIN, and what the module reads of its environment', () => {
    expect(parse({ environment: { SOFTHSM2_CONF: '/etc/softhsm2.conf' }, processes: 2 })).toEqual({
      name: 'hsm-1',
      kind: 'pkcs11',
      module: '/usr/lib/softhsm/libsofthsm2.so',
      token: { by: 'label', value: 'hot' },
      pin: { kind: 'file', file: '/etc/portcullis/hsm.pin' },
      environment: { SOFTHSM2_CONF: '/etc/softhsm2.conf' },
      processes: 2,
    });
    expect(parse({ token: { serial: '1a08' }, pin: { credential: 'hsm-pin' } })).toMatchObject({
      token: { by: 'serial', value: '1a08' },
      pin: { kind: 'credential', name: 'hsm-pin' },
      environment: {},
      processes: 1,
    });
  });

  it.each<[string, object, string]>([
    ['a relative module', { module: 'libsofthsm2.so' }, 'config.signers[0].module'],
    ['a slot number', { token: { slot: 0 } }, 'config.signers[0].token.label: is missing'],
    ['both names', { token: { label: 'hot', serial: '1' } }, 'config.signers[0].token.label'],
    ['a label that no token can have', { token: { label: 'x'.repeat(33) } }, 'config.signers[0].token.label'],
    ['a label with a blank at its end', { token: { label: 'hot ' } }, 'config.signers[0].token.label'],
    ['a serial that no token can have', { token: { serial: '1'.repeat(17) } }, 'config.signers[0].token.serial'],
    ['a PIN in the config', { pin: '1234' }, 'config.signers[0].pin'],
    ['a credential with a path', { pin: { credential: '../pin' } }, 'config.signers[0].pin.credential'],
    ['no process', { processes: 0 }, 'config.signers[0].processes'],
    ['nine processes', { processes: 9 }, 'config.signers[0].processes'],
    ['what it does not know', { slot: 3 }, 'config.signers[0].slot'],
    ['a variable that is none', { environment: { 'A B': 'x' } }, 'config.signers[0].environment'],
    ['a variable with a newline', { environment: { A: 'x\ny' } }, 'config.signers[0].environment.A'],
  ])('refuses %s, and says where', (_what, change, place) => {
    expect(() => parse(change)).toThrow(place);
  });

  it.each(['LD_PRELOAD', 'LD_LIBRARY_PATH', 'NODE_OPTIONS', 'PATH', 'HOME', 'OPENSSL_CONF', 'GCONV_PATH'])(
    'S8: refuses the variable %s, by which another program would be run',
    (name) => {
      expect(() => parse({ environment: { [name]: '/tmp/x' } })).toThrow(`config.signers[0].environment.${name}`);
    },
  );
});

describe('a PIN', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-pin-'));
  });
  afterEach(() => {
    delete process.env['CREDENTIALS_DIRECTORY'];
    rmSync(folder, { recursive: true });
  });
  const write = (text: string, mode = 0o600): string => {
    const file = join(folder, 'pin');
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };

  it('is one line of a file that only its owner may read', () => {
    expect(readPin({ kind: 'file', file: write('1234\n') }, 'pin')).toBe('1234');
    expect(readPin({ kind: 'file', file: write('user:pass word') }, 'pin')).toBe('user:pass word');
    expect(() => readPin({ kind: 'file', file: write('1234\n', 0o644) }, 'pin')).toThrow('chmod 600');
  });

  it('S9: of another form is not quoted', () => {
    for (const text of ['', '12\n34\n', 'geheim\u00e9', 'x'.repeat(257)]) {
      const read = (): string => readPin({ kind: 'file', file: write(text) }, 'config.signers[0].pin');
      expect(read).toThrow('config.signers[0].pin');
      expect(read).not.toThrow(/geheim|34|xxx/);
    }
  });

  it('is a credential of systemd’s where the config names one', () => {
    write('1234\n', 0o440);
    expect(() => readPin({ kind: 'credential', name: 'pin' }, 'pin')).toThrow('$CREDENTIALS_DIRECTORY is not set');
    process.env['CREDENTIALS_DIRECTORY'] = folder;
    expect(readPin({ kind: 'credential', name: 'pin' }, 'pin')).toBe('1234');
  });
});
