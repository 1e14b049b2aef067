import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig, loadPolicy, readMetadata, readStateKey } from '../src/config.ts';
import { parseYaml } from '../src/custody/yaml.ts';
import { Malformed } from '../src/domain/index.ts';
import { readJournalKey } from '../src/journal-key-file.ts';
import { readSealingKeys } from '../src/sealing-keys.ts';
import { readSecret } from '../src/secret-file.ts';
import { Vaults } from '../src/vaults.ts';
import { readYamlFile } from '../src/yaml-file.ts';

const document = `version: 1
data: data
policy: policy.yaml
metadata: { file: metadata.jwt }
keys: { state: keys/state.key, journal: keys/journal.pem, sealing: [{ file: keys/sealing.key }] }
tls: { ca: keys/ca.pem, certificate: keys/server.pem, key: keys/server.key }
listen: 127.0.0.1:7443
operators_listen: '[::1]:7444'
signers:
  - { name: ledger, kind: ledger, transport: hid }
  - { name: emulated, kind: ledger, transport: speculos, url: 'http://127.0.0.1:5000', review: 90s }
`;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-config-'));
  file = join(folder, 'config.yaml');
  mkdirSync(join(folder, 'data'));
  mkdirSync(join(folder, 'keys'));
  writeFileSync(file, document);
  writeFileSync(join(folder, 'policy.yaml'), 'version: 1');
  writeFileSync(join(folder, 'metadata.jwt'), 'x.y.z');
  const { privateKey } = generateKeyPairSync('ed25519');
  const files = {
    'state.key': `${'0f'.repeat(32)}\n`,
    'sealing.key': `${'1e'.repeat(32)}\n`,
    'journal.pem': privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    'ca.pem': 'a test certificate',
    'server.pem': 'a test certificate',
    'server.key': 'a test key',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'keys', name), text, { mode: 0o600 });
});

/** The complaint about a config in which `from` is replaced by `to`. */
function complaint(from: string, to: string): string {
  expect(document).toContain(from);
  writeFileSync(file, document.replace(from, to));
  return messageOf(() => loadConfig(file));
}

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
  return 'no complaint';
}

async function rejection(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
  return 'no complaint';
}

describe('a config', () => {
  it('need not name FIDO metadata, whose file is read as it is', () => {
    expect(readMetadata(loadConfig(file))).toBe('x.y.z');
    writeFileSync(file, document.replace('metadata: { file: metadata.jwt }\n', ''));
    expect(loadConfig(file).metadata).toBeUndefined();
    expect(readMetadata(loadConfig(file))).toBeUndefined();
  });

  it('names FIDO metadata of 64 MiB at most', () => {
    truncateSync(join(folder, 'metadata.jwt'), 64 * 1024 * 1024 + 1);
    expect(() => readMetadata(loadConfig(file))).toThrow('is larger than 67108864 bytes');
  });

  it('is read, its paths relative to its own folder', () => {
    expect(loadConfig(file)).toEqual({
      file,
      data: join(folder, 'data'),
      database: join(folder, 'data/station.db'),
      tiles: join(folder, 'data/tiles'),
      kept: [],
      object: undefined,
      backup: [],
      policy: join(folder, 'policy.yaml'),
      keys: {
        state: { kind: 'file', file: join(folder, 'keys/state.key') },
        journal: [{ kind: 'file', file: join(folder, 'keys/journal.pem') }],
        sealing: [{ kind: 'file', file: join(folder, 'keys/sealing.key') }],
      },
      metadata: join(folder, 'metadata.jwt'),
      tls: {
        ca: join(folder, 'keys/ca.pem'),
        certificate: join(folder, 'keys/server.pem'),
        key: join(folder, 'keys/server.key'),
      },
      listen: { host: '127.0.0.1', port: 7443 },
      operatorsListen: { host: '::1', port: 7444 },
      signers: [
        { name: 'ledger', kind: 'ledger', transport: { kind: 'hid' }, review: 300_000 },
        {
          name: 'emulated',
          kind: 'ledger',
          transport: { kind: 'speculos', url: 'http://127.0.0.1:5000' },
          review: 90_000,
        },
      ],
    });
  });

  it('may name several keys of the journal, the newest first, each as secret as the other', () => {
    const several = document.replace('journal: keys/journal.pem', 'journal: [keys/next.pem, keys/journal.pem]');
    writeFileSync(file, several);
    expect(messageOf(() => loadConfig(file))).toMatch('config.keys.journal[0]: ');
    writeFileSync(join(folder, 'keys/next.pem'), 'x', { mode: 0o600 });
    expect(loadConfig(file).keys.journal).toEqual(
      ['next', 'journal'].map((name) => ({ kind: 'file', file: join(folder, `keys/${name}.pem`) })),
    );
    for (const wrong of ['[]', '[keys/journal.pem, keys/journal.pem]', '[7]', '{}']) {
      writeFileSync(file, document.replace('journal: keys/journal.pem', `journal: ${wrong}`));
      expect(messageOf(() => loadConfig(file))).toMatch('config.keys.journal');
    }
    writeFileSync(file, document.replace('journal: keys/journal.pem', 'journal: [data/journal.pem, keys/journal.pem]'));
    expect(messageOf(() => loadConfig(file))).toMatch('config.keys.journal[0]: lies in the data folder');
  });

  it('D4: keeps what an HSM opens apart from the data, and from others’ hands', () => {
    const signer =
      '  - { name: vault, kind: pkcs11, module: /usr/lib/x.so, token: { label: x }, pin: { file: keys/pin } }\n';
    writeFileSync(join(folder, 'keys/pin'), '1234', { mode: 0o600 });
    const opened = (wrapped: string): string => {
      const state = `state: { hsm: vault, key: '0a', wrapped: ${wrapped} }`;
      writeFileSync(file, `${document.replace('state: keys/state.key', state)}${signer}`);
      writeFileSync(join(folder, wrapped), Buffer.alloc(256));
      return messageOf(() => loadConfig(file));
    };
    expect(opened('data/state.wrapped')).toMatch('config.keys.state.wrapped: lies in the data folder');
    expect(opened('keys/state.wrapped')).not.toMatch('config.keys.state');
    chmodSync(join(folder, 'keys/state.wrapped'), 0o664);
    expect(opened('keys/state.wrapped')).toMatch('config.keys.state.wrapped: others may write');
  });

  it('may name another folder for the journal’s tiles', () => {
    writeFileSync(file, `${document}journal: { tiles: /srv/tiles }\n`);
    expect(loadConfig(file).tiles).toBe('/srv/tiles');
    writeFileSync(file, `${document}journal: { tiles: /srv/tiles, every: 1s }\n`);
    expect(messageOf(() => loadConfig(file))).toMatch('config.journal.every: is not a member');
  });

  it('may name those who can open backups: native age recipients, and nothing else', async () => {
    const named = (recipients: string): string => {
      writeFileSync(file, `${document}backup: { recipients: ${recipients} }\n`);
      return messageOf(() => loadConfig(file));
    };
    const own = await identityToRecipient(await generateX25519Identity());
    const hybrid = await identityToRecipient(await generateHybridIdentity());
    named(`[${own}, ${hybrid}]`);
    expect(loadConfig(file).backup).toEqual([own, hybrid]);
    const wrong = 'config.backup.recipients[1]: expected an age recipient';
    for (const value of [
      `${own.slice(0, -1)}q`,
      'ssh-ed25519',
      '7',
      own.slice(0, 20),
      'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
    ])
      expect(named(`[${own}, ${value}]`)).toMatch(wrong);
    expect(named('[]')).toMatch('config.backup.recipients: names nobody who could open a backup');
  });

  it('S4: may name files elsewhere that checkpoints are kept in; each has to be there already, and not beside the database', () => {
    const named = (journal: string): string => {
      writeFileSync(file, `${document}journal: ${journal}\n`);
      return messageOf(() => loadConfig(file));
    };
    writeFileSync(join(folder, 'kept'), '');
    writeFileSync(join(folder, 'data/kept'), '');
    named('{ kept: [kept] }');
    expect(loadConfig(file)).toMatchObject({ kept: [join(folder, 'kept')], tiles: join(folder, 'data/tiles') });
    expect(named('{ kept: [kept, gone] }')).toMatch(/^config\.journal\.kept\[1\]: .*gone is not there: mount its disk/);
    expect(named('{ kept: [keys] }')).toMatch(/^config\.journal\.kept\[0\]: .*keys is not a file/);
    expect(named('{ kept: [kept, kept] }')).toMatch('config.journal.kept[1]: stands twice');
    expect(named('{ kept: [data/kept] }')).toMatch('config.journal.kept[0]: lies beside the database');
    expect(named('{ kept: [7] }')).toMatch('config.journal.kept[0]: expected the path of a file');
  });

  it('S4: may name an HSM that keeps checkpoints, one of its signers', () => {
    const named = (journal: string): string => {
      writeFileSync(file, `${document.replace('signers:', `signers:\n  - ${vault}`)}journal: ${journal}\n`);
      return messageOf(() => loadConfig(file));
    };
    const vault =
      '{ name: vault, kind: pkcs11, module: /usr/lib/vendor.so, token: { label: hot }, pin: { file: keys/pin } }';
    writeFileSync(join(folder, 'keys/pin'), '1234', { mode: 0o600 });
    named('{ object: { hsm: vault } }');
    expect(loadConfig(file).object).toEqual({ kind: 'hsm', signer: 'vault', label: 'portcullis' });
    named('{ object: { hsm: vault, label: station two } }');
    expect(loadConfig(file).object?.label).toBe('station two');
    expect(named('{ object: { hsm: ledger } }')).toMatch(
      'config.journal.object.hsm: config.signers has no signer ledger of kind pkcs11',
    );
    expect(named("{ object: { hsm: vault, label: '' } }")).toMatch('config.journal.object.label: ');
    expect(named('{ object: { hsm: vault, file: x } }')).toMatch('config.journal.object.file: is not a member');
    expect(named('{ object: vault }')).toMatch('config.journal.object: ');
  });

  it.each([
    ['an unknown member', 'version: 1', 'version: 1\nlog_level: debug', 'config.log_level: is not a member'],
    ['an unknown key', 'keys: {', 'keys: { ca: x, ', 'config.keys.ca: is not a member'],
    ['an unknown metadata member', 'metadata: {', 'metadata: { url: x, ', 'config.metadata.url: is not a member'],
    ['metadata that are not there', 'metadata.jwt', 'no.jwt', 'config.metadata.file'],
    ['metadata that are a folder', 'metadata.jwt', 'data', 'is not a file'],
    ['an unknown tls member', 'tls: {', 'tls: { ciphers: x, ', 'config.tls.ciphers: is not a member'],
    [
      'an unknown signer member',
      'transport: hid',
      'transport: hid, pin: "1234"',
      'config.signers[0].pin: is not a member',
    ],
    ['a url where there is none', 'transport: hid', 'transport: hid, url: x', 'config.signers[0].url: is not a member'],
    ['another version', 'version: 1', 'version: 2', 'config.version: expected a whole number from 1 to 1'],
    ['a missing member', 'listen: 127.0.0.1:7443\n', '', 'config.listen: is missing'],
    ['a number for a text', 'data: data', 'data: 7', 'config.data: expected a text'],
    [
      'a list for members',
      'keys: { state: keys/state.key, journal: keys/journal.pem, sealing: [{ file: keys/sealing.key }] }',
      'keys: [x]',
      'config.keys: expected members',
    ],
    ['members for a list', 'signers:', 'signers: {}\nx:', 'config.signers: expected a list'],
    ['no port', '127.0.0.1:7443', '127.0.0.1', 'config.listen: expected host:port'],
    ['a port too high', ':7443', ':70000', 'config.listen: expected host:port'],
    ['one listener for all', "'[::1]:7444'", "'[::1]:7443'", 'config.operators_listen: has the port of listen'],
    ['a signer of another kind', 'kind: ledger', 'kind: hsm', 'config.signers[0].kind: expected one of ledger'],
    ['another transport', 'transport: hid', 'transport: tcp', 'config.signers[0].transport: expected one of'],
    ['two signers of a name', 'name: emulated', 'name: ledger', 'config.signers[1].name: "ledger" stands twice'],
    [
      'an emulator elsewhere',
      'http://127.0.0.1:5000',
      'http://192.0.2.1:5000',
      'config.signers[1].url: expected a loopback',
    ],
    ['a review without end', 'review: 90s', 'review: 7d', 'config.signers[1].review: expected from 5s to 1h'],
    ['no time to review', 'review: 90s', 'review: 1s', 'config.signers[1].review: expected from 5s to 1h'],
    [
      'a key among the data',
      'state: keys/state.key',
      'state: data/state.key',
      'config.keys.state: lies in the data folder',
    ],
    [
      'a sealing key among the data',
      'file: keys/sealing.key',
      'file: data/sealing.key',
      'config.keys.sealing[0]: lies in the data folder',
    ],
    ['no sealing key', '[{ file: keys/sealing.key }]', '[]', 'config.keys.sealing: names no key'],
    ['no sealing keys', ', sealing: [{ file: keys/sealing.key }]', '', 'config.keys.sealing: is missing'],
    [
      'a sealing key twice',
      '[{ file: keys/sealing.key }]',
      '[{ file: keys/sealing.key }, { file: keys/../keys/sealing.key }]',
      'config.keys.sealing[1]: stands twice',
    ],
    [
      'a sealing key of two sources',
      'file: keys/sealing.key }',
      'file: keys/sealing.key, credential: x }',
      'config.keys.sealing[0].file: is not a member',
    ],
    [
      'a credential that leads elsewhere',
      'file: keys/sealing.key }',
      'credential: ../../sealing.key }',
      'config.keys.sealing[0].credential: expected the name of a credential',
    ],
    [
      'a credential that is hidden',
      'file: keys/sealing.key }',
      'credential: .. }',
      'config.keys.sealing[0].credential: expected the name of a credential',
    ],
    [
      'a sealing key of an HSM without an id',
      'file: keys/sealing.key }',
      'hsm: luna }',
      'config.keys.sealing[0].key: ',
    ],
    [
      'a sealing key of an HSM that it has not',
      'file: keys/sealing.key }',
      'hsm: luna, key: a1, wrapped: keys/sealing.key }',
      'config.keys.sealing[0].hsm: config.signers has no signer luna of kind pkcs11',
    ],
    [
      'a state key of a Ledger',
      'state: keys/state.key,',
      'state: { hsm: ledger, key: a1, wrapped: keys/state.key, oaep: sha256 },',
      'config.keys.state.hsm: config.signers has no signer ledger of kind pkcs11',
    ],
    [
      'a wrapped key of an unknown hash',
      'state: keys/state.key,',
      'state: { hsm: ledger, key: a1, wrapped: keys/state.key, oaep: md5 },',
      'config.keys.state.oaep: ',
    ],
    [
      'a journal key of an HSM that it has not',
      'journal: keys/journal.pem,',
      'journal: { hsm: luna, key: a1 },',
      'config.keys.journal.hsm: config.signers has no signer luna of kind pkcs11',
    ],
    ['a policy that is not there', 'policy.yaml', 'other.yaml', 'config.policy: '],
    ['a folder for a file', 'policy: policy.yaml', 'policy: keys', 'config.policy: '],
    ['a file for the data folder', 'data: data', 'data: policy.yaml', 'config.data: '],
    ['a certificate that is not there', 'server.pem', 'no.pem', 'config.tls.certificate: '],
    ['a CA that is not there', 'ca: keys/ca.pem', 'ca: keys/no.pem', 'config.tls.ca: '],
  ])('with %s is refused, and the place is named', (_, from, to, expected) => {
    expect(complaint(from, to)).toContain(expected);
  });

  it('that does not exist says so', () => {
    expect(messageOf(() => loadConfig(join(folder, 'none.yaml')))).toBe(
      `config: ${join(folder, 'none.yaml')} does not exist`,
    );
  });

  it.each([
    ['state.key', 'config.keys.state'],
    ['journal.pem', 'config.keys.journal'],
    ['sealing.key', 'config.keys.sealing\\[0\\]'],
    ['server.key', 'config.tls.key'],
  ])('S9: whose %s others may read is refused, and says how to mend it', (name, place) => {
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(join(folder, 'keys', name), mode);
      expect(messageOf(() => loadConfig(file))).toMatch(new RegExp(`^${place}: .*0${mode.toString(8)}.*chmod 600`));
    }
    rmSync(join(folder, 'keys', name));
    expect(messageOf(() => loadConfig(file))).toMatch(new RegExp(`^${place}: `));
  });
});

describe('keys', () => {
  it('are read from their files', () => {
    expect(readStateKey(join(folder, 'keys/state.key'))).toEqual(new Uint8Array(32).fill(0x0f));
    expect(readJournalKey(join(folder, 'keys/journal.pem')).asymmetricKeyType).toBe('ed25519');
  });

  it('S9: that are malformed are refused without being quoted', () => {
    const path = join(folder, 'keys/state.key');
    for (const text of ['0F'.repeat(32), '0f'.repeat(31), '0f'.repeat(33), `${'0f'.repeat(32)}\n\n`]) {
      writeFileSync(path, text);
      expect(messageOf(() => readStateKey(path))).toBe(`config.keys.state: ${path} is not 64 lowercase hex digits`);
    }
    writeFileSync(path, 'hunter2');
    expect(messageOf(() => readJournalKey(path))).toBe(
      `config.keys.journal: ${path} is not an Ed25519 key in PKCS#8 PEM`,
    );
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    expect(messageOf(() => readJournalKey(path))).toContain('is not an Ed25519 key');
    writeFileSync(path, 'x'.repeat(20_000));
    expect(messageOf(() => readSecret(path, 'key'))).toContain('that is no key');
  });
});

describe('a YAML file', () => {
  it.each([
    ['a repeated key', 'a: 1\na: 2', 'line 2'],
    ['an anchor', 'a: &x 1', 'anchor'],
    ['an alias', 'a: *x', 'x'],
    ['a tag', 'a: !!binary aGk=', 'tag'],
    ['a local tag', 'a: !x y', '!x'],
    ['a directive', '%YAML 1.1\n---\na: 1', 'directive'],
    ['two documents', 'a: 1\n---\nb: 2', 'line 2'],
    ['a key that is no text', '1: a', 'not a text'],
    ['a key that is a list', '? [a]\n: b', 'not a text'],
    ['a key that reads alike', '1: a\n"1": b', 'not a text'],
    ['brackets without end', '['.repeat(5_000), 'nested deeper'],
    ['dashes without end', '- '.repeat(5_000), 'indented deeper'],
    ['a tab for a space', 'a:\n\tb: 1', 'line 2'],
  ])('with %s is refused', (_, text, expected) => {
    expect(messageOf(() => parseYaml(text, 'config'))).toMatch(/^config: /);
    expect(messageOf(() => parseYaml(text, 'config'))).toContain(expected);
  });

  it('takes words as words: no YAML 1.1 surprises, no merge keys, no prototype', () => {
    expect(parseYaml('a: no\nb: 0o17\nc: 012\nd: 1:30', 'x')).toEqual({ a: 'no', b: 15, c: 12, d: '1:30' });
    expect(parseYaml("'<<': { a: 1 }", 'x')).toEqual({ '<<': { a: 1 } });
    const value = parseYaml('__proto__: { polluted: 1 }', 'x');
    expect(Object.keys(Object(value))).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('is bounded in size, and UTF-8', () => {
    writeFileSync(file, `a: ${'x'.repeat(70_000)}`);
    expect(messageOf(() => loadConfig(file))).toContain('more than the 65536 that it may');
    writeFileSync(file, Uint8Array.of(0x61, 0x3a, 0x20, 0xff));
    expect(messageOf(() => readYamlFile(file, 'config', 100))).toContain('is not UTF-8');
    expect(messageOf(() => readYamlFile(folder, 'config', 100))).toContain('is not a file');
  });
});

describe('a policy file', () => {
  it('keeps its exact text beside what it says, and names the place of a mistake', () => {
    const path = join(folder, 'policy.yaml');
    const text = `# a comment that counts
version: 1
trust_domain: station.example
approvals: { rp_id: approve.example, origins: ['https://approve.example'] }
ripening: { factor: 24h, destination: 24h }
evidence: { webauthn: 1, accepts: [device] }
admission: []
chains: []
assets: []
wallets: []
nonce_window: 1
`;
    writeFileSync(path, text);
    const { document: read, policy } = loadPolicy(path);
    expect(read).toBe(text);
    expect(policy.trustDomain).toBe('station.example');
    writeFileSync(path, text.replace('nonce_window', 'nonce_windows'));
    expect(messageOf(() => loadPolicy(path))).toBe('policy.nonce_window: is missing');
  });
});

describe('sealing keys', () => {
  const vaults = new Vaults([], () => {});
  const read = async (keys: string): Promise<string[]> => {
    writeFileSync(file, document.replace('[{ file: keys/sealing.key }]', keys));
    const ring = await readSealingKeys(loadConfig(file).keys.sealing, vaults);
    return [ring.current, ...ring.former];
  };
  const write = (path: string, byte: string, mode = 0o600): void =>
    writeFileSync(join(folder, path), `${byte.repeat(32)}\n`, { mode });

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('come from files and from systemd’s credentials, newest first', async () => {
    mkdirSync(join(folder, 'credentials'));
    vi.stubEnv('CREDENTIALS_DIRECTORY', join(folder, 'credentials'));
    write('keys/newer.key', '2d');
    // As systemd makes them where the service has a user of its own: the group's bits are the access list's mask.
    write('credentials/portcullis.sealing', '3c', 0o440);
    expect(
      await read('[{ credential: portcullis.sealing }, { file: keys/newer.key }, { file: keys/sealing.key }]'),
    ).toEqual(['230343c0f37651e5', '8511fca17b27954b', '26645484eb7b2e0d']);
  });

  it('that are credentials are read by the station alone: any other command loads the config without them', async () => {
    vi.stubEnv('CREDENTIALS_DIRECTORY', undefined);
    writeFileSync(file, document.replace('file: keys/sealing.key', 'credential: sealing'));
    const { keys } = loadConfig(file);
    expect(await rejection(readSealingKeys(keys.sealing, vaults))).toMatch(
      /^config\.keys\.sealing\[0\]: the credential sealing is not at hand: \$CREDENTIALS_DIRECTORY is not set/,
    );
    vi.stubEnv('CREDENTIALS_DIRECTORY', 'credentials');
    expect(await rejection(readSealingKeys(keys.sealing, vaults))).toContain('is not set');
  });

  it.each([0o444, 0o640 | 0o020, 0o460, 0o604])(
    'S9: that are credentials open to others are refused (mode %o)',
    async (mode) => {
      vi.stubEnv('CREDENTIALS_DIRECTORY', join(folder, 'keys'));
      write('keys/open', '3c');
      chmodSync(join(folder, 'keys/open'), mode);
      expect(await rejection(read('[{ credential: open }]'))).toContain('others may use it');
    },
  );

  it('that are the same key under two names are refused', async () => {
    write('keys/again.key', '1e');
    expect(await rejection(read('[{ file: keys/sealing.key }, { file: keys/again.key }]'))).toBe(
      'config.keys.sealing[1]: is a key that stands there already',
    );
  });

  it('S9: that are malformed are refused without being quoted', async () => {
    writeFileSync(join(folder, 'keys/sealing.key'), 'hunter2');
    expect(await rejection(read('[{ file: keys/sealing.key }]'))).toBe(
      `config.keys.sealing[0]: ${join(folder, 'keys/sealing.key')} is not 64 lowercase hex digits`,
    );
  });
});
