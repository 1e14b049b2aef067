import { createHash, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { foundingPolicy } from '../../src/cli/founding-policy.ts';
import { loadConfig, loadPolicy } from '../../src/config.ts';
import { isTestNetwork } from '../../src/domain/index.ts';
import { readJournalKey } from '../../src/journal-key-file.ts';
import { readKey } from '../../src/key-source.ts';
import { Vaults } from '../../src/vaults.ts';
import { emptyFolder, ran } from './station.ts';

let folder: string;
let said: string;

beforeAll(async () => {
  folder = join(emptyFolder(), 'station');
  const { code, out, err } = await ran('init', folder, '--name', 'signer.internal', '--trust-domain', 'bank.example');
  expect(err).toBe('');
  expect(code).toBe(0);
  said = out;
});

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
}

describe('init', () => {
  it('makes a station that its own config and policy describe', async () => {
    const config = loadConfig(join(folder, 'config.yaml'));
    expect(existsSync(config.database)).toBe(true);
    expect((await readKey(config.keys.state, '', new Vaults([], () => {}))).length).toBe(32);
    const types = config.keys.journal.map((source) => source.kind === 'file' && readJournalKey(source.file).type);
    expect(types).toEqual(['private']);
    const { policy } = loadPolicy(config.policy);
    expect(policy.trustDomain).toBe('bank.example');
    expect(policy.wallets.size).toBe(0);
    expect([...policy.chains.keys()].every(isTestNetwork)).toBe(true);
  });

  it('S9: makes every folder 0700 and every file 0600', () => {
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const path of filesBelow(folder)) {
      const stat = statSync(join(folder, path));
      expect([path, stat.mode & 0o777]).toEqual([path, stat.isDirectory() ? 0o700 : 0o600]);
    }
  });

  it('keeps keys apart from data, and the CA’s key and the clients’ apart from both', () => {
    expect(filesBelow(join(folder, 'data'))).toEqual(['station.db', 'station.db.lock']);
    expect(filesBelow(join(folder, 'keys'))).toEqual([
      'ca.pem',
      'journal.pem',
      'sealing.key',
      'server.key',
      'server.pem',
      'state.key',
    ]);
    expect(filesBelow(join(folder, 'take-away')).filter((f) => f.endsWith('.key'))).toEqual([
      'auditors/auditor.key',
      'ca.key',
      'courier/courier.key',
      'operators/operator.key',
      'withdrawals/service.key',
    ]);
  });

  it('says plainly what must be taken away, and which key auditors pin', () => {
    expect(said).toContain(`TAKE ${join(folder, 'take-away')} AWAY`);
    expect(said).toContain(readFileSync(join(folder, 'take-away/journal.vkey'), 'utf8').trim());
  });

  it('S9: prints no secret', () => {
    for (const path of filesBelow(folder).filter((f) => /\.key$|journal\.pem$/.test(f))) {
      for (const line of readFileSync(join(folder, path), 'utf8').split('\n')) {
        if (line.length > 20 && !line.startsWith('---')) expect(said).not.toContain(line);
      }
    }
  });

  it('overwrites nothing, not even an empty folder, and leaves it as it was', async () => {
    const before = filesBelow(folder).map((f) => [f, statSync(join(folder, f)).mtimeMs]);
    const again = await ran('init', folder);
    expect(again.code).toBe(1);
    expect(again.err).toContain('nothing is overwritten');
    expect(filesBelow(folder).map((f) => [f, statSync(join(folder, f)).mtimeMs])).toEqual(before);
    const empty = join(emptyFolder(), 'empty');
    mkdirSync(empty);
    expect((await ran('init', empty)).code).toBe(1);
    expect(filesBelow(empty)).toEqual([]);
  });

  it('says that the policy is in force as it is, and how to have one of one’s own: print, fill in, found', async () => {
    expect(said).toContain('policy-changed');
    expect(said).not.toMatch(/look through \S*policy/);
    const printed = await ran('init', '--print-policy', '--trust-domain', 'ours.example');
    expect([printed.code, printed.err, printed.out]).toEqual([0, '', foundingPolicy('ours.example').trimEnd()]);
    for (const advice of [said, printed.out]) {
      expect(advice).toContain('portcullis init --print-policy');
      expect(advice).toMatch(/portcullis init (NEW-)?DIR --policy FILE/);
    }
    const parent = emptyFolder();
    writeFileSync(
      join(parent, 'p.yaml'),
      `${printed.out}\n`.replace("max_fee_per_gas: '200000000000'", "max_fee_per_gas: '7'"),
    );
    expect((await ran('init', join(parent, 'st'), '--policy', join(parent, 'p.yaml'))).code).toBe(0);
    expect((await ran('init', '--print-policy', join(parent, 'st2'))).code).toBe(2);
    expect(readdirSync(parent)).toEqual(['p.yaml', 'st']);
  });

  it('takes a given policy byte for byte, and the database has its hash', async () => {
    const parent = emptyFolder();
    const text = `# ours\n${foundingPolicy('ours.example').replace(/^clients:\n.*\n/m, '')}`;
    writeFileSync(join(parent, 'p.yaml'), text);
    expect((await ran('init', join(parent, 'st'), '--policy', join(parent, 'p.yaml'))).code).toBe(0);
    expect(readFileSync(join(parent, 'st/policy.yaml'), 'utf8')).toBe(text);
    const { out } = await ran('doctor', '--config', join(parent, 'st/config.yaml'));
    expect(out).toContain(`ok    policy: ${createHash('sha256').update(text).digest('hex')}`);
  });

  it('S11: puts the fingerprint of the CA that it makes where a policy leaves it to init, and changes nothing else', async () => {
    const parent = emptyFolder();
    const text = foundingPolicy('ours.example');
    writeFileSync(join(parent, 'p.yaml'), text);
    for (const given of [
      ['--policy', join(parent, 'p.yaml')],
      ['--trust-domain', 'ours.example'],
    ]) {
      const made = join(parent, `st${given[0]}`);
      expect((await ran('init', made, ...given)).code).toBe(0);
      const print = createHash('sha256').update(new X509Certificate(readFileSync(join(made, 'keys/ca.pem'))).raw);
      expect(readFileSync(join(made, 'policy.yaml'), 'utf8')).toBe(text.replace('made-by-init', print.digest('hex')));
    }
  });

  it.each([
    ['a CA other than its own', ['ab'.repeat(32)]],
    ['a CA beside its own', ['made-by-init', 'ab'.repeat(32)]],
  ])('S11: with a policy that names %s leaves nothing behind, and says what to write', async (_, authorities) => {
    const parent = emptyFolder();
    const list = authorities.map((a) => `'${a}'`).join(', ');
    writeFileSync(join(parent, 'p.yaml'), foundingPolicy('a.example').replace("'made-by-init'", list));
    const { code, err } = await ran('init', join(parent, 'st'), '--policy', join(parent, 'p.yaml'));
    expect([code, err]).toEqual([1, expect.stringContaining('policy.clients.authorities: ')]);
    expect(err).toContain("write ['made-by-init']");
    expect(readdirSync(parent)).toEqual(['p.yaml']);
  });

  it.each([
    ['a policy that does not hold', 'version: 9', [], 'policy.version'],
    [
      'a trust domain other than the policy’s',
      foundingPolicy('a.example'),
      ['--trust-domain', 'b.example'],
      '--trust-domain',
    ],
    ['a name that is none', foundingPolicy('a.example'), ['--name', 'no name'], 'name: expected a host name'],
  ])('with %s leaves nothing behind', async (_, policy, more, expected) => {
    const parent = emptyFolder();
    writeFileSync(join(parent, 'p.yaml'), policy);
    const { code, err } = await ran('init', join(parent, 'st'), '--policy', join(parent, 'p.yaml'), ...more);
    expect(code).toBe(1);
    expect(err).toContain(expected);
    expect(readdirSync(parent)).toEqual(['p.yaml']);
  });

  it('in a folder that is not there, or may not be written, says so', async () => {
    expect((await ran('init', join(emptyFolder(), 'a/b'))).err).toContain('does not exist: make it first');
    if (process.getuid?.() === 0) return;
    const parent = emptyFolder();
    chmodSync(parent, 0o500);
    expect((await ran('init', join(parent, 'st'))).code).toBe(1);
    expect(readdirSync(parent)).toEqual([]);
  });
});
