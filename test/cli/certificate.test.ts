import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { mutualTls } from '../../src/api/credentials.ts';
import { identify } from '../../src/api/roles.ts';
import { fingerprint } from '../../src/domain/index.ts';
import { emptyFolder, newStation, ran } from './station.ts';

const domain = 'station.example';
let home: string;
let old: string;
let next: string;

beforeAll(async () => {
  home = emptyFolder();
  const { folder } = await newStation();
  old = join(folder, 'take-away');
  next = join(home, 'next');
  const { code, out } = await ran('certificate', 'authority', '--trust-domain', domain, '--out', next);
  expect([code, out]).toEqual([
    0,
    expect.stringContaining(`${printOf(join(next, 'ca.pem'))}  CN=Portcullis station CA`),
  ]);
});

const certificateIn = (file: string) => new X509Certificate(readFileSync(file));
const printOf = (file: string) => fingerprint(certificateIn(file));
const issue = (ca: string, name: string, out: string, role = 'withdrawals') =>
  ran('certificate', 'issue', '--ca', ca, '--role', role, '--name', name, '--out', out);

describe('portcullis certificate', () => {
  it('issues a client’s certificate, with all that it needs, and says what policy calls it', async () => {
    const out = join(home, 'payroll');
    const made = await issue(old, 'payroll', out);
    expect([made.code, made.err]).toEqual([0, '']);
    expect(readdirSync(out).sort()).toEqual(['ca.pem', 'payroll.key', 'payroll.pem']);
    const issued = certificateIn(join(out, 'payroll.pem'));
    expect(identify(issued.raw, domain)).toMatchObject({ caller: { role: 'withdrawals', name: 'payroll' } });
    expect(made.out).toContain(fingerprint(issued));
    expect(printOf(join(out, 'ca.pem'))).toBe(printOf(join(old, 'ca.pem')));
    const told = await ran('certificate', 'fingerprint', join(out, 'payroll.pem'));
    expect([told.code, told.out]).toEqual([
      0,
      expect.stringMatching(
        new RegExp(`^${fingerprint(issued)}  URI:spiffe://${domain}/withdrawals/payroll, until \\d{4}-\\d\\d-\\d\\d$`),
      ),
    ]);
  });

  it('issues a server’s certificate for the names that it is called by', async () => {
    const out = join(home, 'server');
    const args = ['certificate', 'issue', '--ca', next, '--host', 'localhost', '--host', '127.0.0.1', '--out', out];
    expect((await ran(...args)).code).toBe(0);
    const issued = certificateIn(join(out, 'server.pem'));
    expect([issued.checkHost('localhost'), issued.checkIP('127.0.0.1')]).toEqual(['localhost', '127.0.0.1']);
    expect(issued.checkIssued(certificateIn(join(next, 'ca.pem')))).toBe(true);
    expect(issued.checkPrivateKey(createPrivateKey(readFileSync(join(out, 'server.key'))))).toBe(true);
  });

  it('S9: what it makes is its owner’s alone, and no key is printed', async () => {
    const out = join(home, 'closed');
    const made = await issue(next, 'olga', out, 'operators');
    expect(statSync(out).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(out)) expect(statSync(join(out, file)).mode & 0o777, file).toBe(0o600);
    expect(made.out).not.toContain(readFileSync(join(out, 'olga.key'), 'utf8').split('\n')[1]);
  });

  it('overwrites nothing, and mixes no CA’s certificates with another’s', async () => {
    const out = join(home, 'twice');
    expect((await issue(next, 'a', out)).code).toBe(0);
    const before = readFileSync(join(out, 'a.pem'), 'utf8');
    const refusals = [
      [await issue(next, 'a', out), 'nothing is overwritten'],
      [await issue(old, 'b', out), 'is another CA’s'],
      [await issue(next, 'ca', out), 'take another name'],
      [await ran('certificate', 'authority', '--trust-domain', domain, '--out', next), 'nothing is overwritten'],
    ] as const;
    for (const [{ code, err }, said] of refusals) expect([code, err]).toEqual([1, expect.stringContaining(said)]);
    expect(readFileSync(join(out, 'a.pem'), 'utf8')).toBe(before);
    expect(readdirSync(out).sort()).toEqual(['a.key', 'a.pem', 'ca.pem']);
  });

  it('refuses a CA whose files do not belong together, are open to others, or are no CA of this kind', async () => {
    const odd = join(home, 'odd');
    await issue(next, 'x', odd);
    const put = (pem: string, key: string, mode = 0o600) => {
      writeFileSync(join(odd, 'ca.pem'), readFileSync(pem));
      writeFileSync(join(odd, 'ca.key'), readFileSync(key), { mode });
      chmodSync(join(odd, 'ca.key'), mode);
      return issue(odd, 'y', join(home, 'never'));
    };
    expect((await put(join(old, 'ca.pem'), join(next, 'ca.key'))).err).toContain('is not the key of ca.pem');
    expect((await put(join(next, 'ca.pem'), join(next, 'ca.key'), 0o644)).err).toContain('ca.key');
    expect((await put(join(odd, 'x.pem'), join(odd, 'x.key'))).err).toContain(
      'is not an authority for one trust domain',
    );
    expect((await put(join(next, 'ca.key'), join(next, 'ca.key'))).err).toContain('is not a certificate in PEM');
    expect((await put(join(next, 'ca.pem'), join(next, 'ca.pem'))).err).toContain('is no private key');
  });

  it.each([
    [[], 'expected authority, issue or fingerprint'],
    [['issue', '--ca', 'x', '--out', 'y'], '--host for a server'],
    [['issue', '--ca', 'x', '--out', 'y', '--role', 'operators', '--name', 'o', '--host', 'h'], '--host for a server'],
    [['authority', '--out', 'y'], '--trust-domain is missing'],
  ])('%j makes no sense', async (args, said) => {
    const { code, err } = await ran('certificate', ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  });

  it('says of a file without certificates that it has none', async () => {
    writeFileSync(join(home, 'empty.pem'), 'nothing\n');
    const { code, err } = await ran('certificate', 'fingerprint', join(home, 'empty.pem'));
    expect([code, err]).toEqual([1, expect.stringContaining('empty.pem holds no certificate')]);
    expect((await ran('certificate', 'fingerprint', join(next, 'ca.key'))).err).toContain('something other');
  });

  it('issues for the roles that there are', async () => {
    expect((await issue(next, 'x', join(home, 'none'), 'dev')).err).toContain('is none of withdrawals, operators');
    expect(readdirSync(home)).not.toContain('none');
  });

  it('while two CAs of one trust domain are trusted, clients of both are let in, whichever stands first', async () => {
    const server = join(home, 'both');
    await ran('certificate', 'issue', '--ca', next, '--host', '127.0.0.1', '--out', server);
    await issue(next, 'new', join(home, 'new'));
    const pem = (...path: string[]) => readFileSync(join(...path));
    const cas = [pem(old, 'ca.pem'), pem(next, 'ca.pem')];
    for (const ca of [cas, cas.toReversed()].map((list) => Buffer.concat(list))) {
      const listener = createServer(
        mutualTls({ ca, cert: pem(server, 'server.pem'), key: pem(server, 'server.key') }),
        (socket) => socket.end('in'),
      );
      await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
      const address = listener.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      for (const [folder, name] of [
        [join(old, 'withdrawals'), 'service'],
        [join(home, 'new'), 'new'],
      ] as const) {
        const socket = connect({
          port,
          host: '127.0.0.1',
          ca,
          cert: pem(folder, `${name}.pem`),
          key: pem(folder, `${name}.key`),
          ALPNProtocols: ['h2'],
        });
        const said = await new Promise((done) => {
          socket.once('data', (data) => done(data.toString()));
          socket.once('error', (error) => done(error.message));
        });
        expect([name, said]).toEqual([name, 'in']);
        socket.destroy();
      }
      listener.close();
    }
  });
});
