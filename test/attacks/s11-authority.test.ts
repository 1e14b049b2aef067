import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Api, TlsMaterial } from '../../src/api/server.ts';
import { createAuthority, issueServer } from '../../src/cli/certificates.ts';
import { composeStation } from '../../src/compose.ts';
import { type Config, loadConfig, loadPolicy } from '../../src/config.ts';
import { certificatesIn, fingerprint } from '../../src/domain/index.ts';
import type { Policy } from '../../src/gate/policy.ts';
import { machineTime } from '../../src/machine-time.ts';
import { Rotation } from '../../src/rotation.ts';
import { checkAuthorities, readTls } from '../../src/tls-files.ts';
import { newStation } from '../cli/station.ts';

// H edits the CA's file, so that certificates of H's own open the door.

const domain = 'station.example';
let config: Config;
let policy: Policy;
let own: string;
let foreign: { readonly certificate: string; readonly key: string };
let print: string;

beforeEach(async () => {
  config = loadConfig((await newStation()).config);
  policy = loadPolicy(config.policy).policy;
  own = readFileSync(config.tls.ca, 'utf8');
  foreign = await createAuthority(domain, Date.now());
  print = printOf(foreign.certificate);
});

const printOf = (pem: string) => certificatesIn(pem, 'ca').map(fingerprint).join();

const start = async () => {
  const listening = {
    ...config,
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
  };
  const station = await composeStation({ config: listening, time: machineTime(), log: () => {}, onFatal: () => {} });
  await station.close();
};

describe('S11: the CA’s file is held to policy when a station starts', () => {
  it('what init makes is', async () => {
    expect(policy.clients?.authorities).toEqual([printOf(own)]);
    await expect(start()).resolves.toBeUndefined();
  });

  it('a CA beside policy’s stops the start, and is named', async () => {
    appendFileSync(config.tls.ca, foreign.certificate);
    await expect(start()).rejects.toMatchObject({
      reason: 'authority-changed',
      message: expect.stringContaining(`holds the foreign ${print}`),
    });
  });

  it('a CA in place of policy’s stops the start, and both are named', async () => {
    writeFileSync(config.tls.ca, foreign.certificate);
    const message = expect.stringMatching(new RegExp(`lacks ${printOf(own)}, holds the foreign ${print}`));
    await expect(start()).rejects.toMatchObject({ reason: 'authority-changed', message });
  });

  it('a CA of policy’s that is missing stops the start; in which order they stand says nothing', () => {
    const clients = { authorities: [print, printOf(own)], revoked: new Set<string>(), wallets: new Map() };
    const tls = readTls(config.tls);
    expect(() => checkAuthorities(tls, clients, 'ca.pem')).toThrow(
      expect.objectContaining({ reason: 'authority-changed', message: expect.stringContaining(`lacks ${print}`) }),
    );
    checkAuthorities({ ...tls, ca: Buffer.from(own + foreign.certificate) }, clients, 'ca.pem');
    checkAuthorities({ ...tls, ca: Buffer.from(foreign.certificate + own) }, clients, 'ca.pem');
    checkAuthorities({ ...tls, ca: Buffer.from(foreign.certificate) }, undefined, 'ca.pem');
  });

  it('a CA that only OpenSSL would find in the file stops the start', async () => {
    appendFileSync(config.tls.ca, foreign.certificate.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'));
    await expect(start()).rejects.toThrow(/ca\.pem is not a list of certificates in PEM and nothing else/);
  });
});

describe('S11: the CA’s file is held to policy while a station runs', () => {
  let trusted: { ca: string[]; server: string; revoked: string[] | undefined; domain: string }[];
  let logged: string[];
  let broken: boolean;
  let rotation: Rotation;
  beforeEach(() => {
    trusted = [];
    logged = [];
    broken = false;
    const trust: Api['trust'] = (tls: TlsMaterial, clients, trustDomain) => {
      if (broken) throw new Error('cannot be used');
      const [ca, server] = [tls.ca, tls.cert].map((pem) => certificatesIn(pem, 'pem').map(fingerprint));
      const revoked = clients && [...clients.revoked];
      trusted.push({ ca: ca ?? [], server: server?.join() ?? '', revoked, domain: trustDomain });
    };
    const log = (event: string, facts: Readonly<Record<string, string>>) =>
      logged.push([event, ...Object.values(facts)].join(' '));
    rotation = new Rotation({ api: { trust }, files: config.tls, log, policy, tls: readTls(config.tls) });
  });

  const naming = (authorities: string[], revoked: string[] = []): Policy => ({
    ...policy,
    clients: { authorities, revoked: new Set(revoked), wallets: new Map() },
  });

  it('a CA that policy does not name is not trusted when the files are read again', () => {
    appendFileSync(config.tls.ca, foreign.certificate);
    rotation.reload();
    expect(trusted.at(-1)?.ca).toEqual([printOf(own)]);
    expect(logged).toContain(`authority-foreign ${print}`);
  });

  it('a policy with another CA is followed as far as the file holds it, and never beyond', () => {
    rotation.adopt(naming([printOf(own), print]));
    expect(trusted.at(-1)?.ca).toEqual([printOf(own)]);
    expect(logged).toContain(`authority-missing ${print}`);
    appendFileSync(config.tls.ca, foreign.certificate);
    rotation.reload();
    expect(trusted.at(-1)?.ca).toEqual([printOf(own), print]);
    rotation.adopt(naming([print]));
    expect(trusted.at(-1)?.ca).toEqual([print]);
    expect(logged).toContain(`authority-foreign ${printOf(own)}`);
    writeFileSync(config.tls.ca, own);
    rotation.reload();
    expect(trusted.at(-1)?.ca).toEqual([]);
  });

  it('revocations and trust domain are those of the policy in force', () => {
    rotation.adopt({ ...naming([printOf(own)], [print]), trustDomain: 'elsewhere.example' });
    expect(trusted.at(-1)).toMatchObject({ revoked: [print], domain: 'elsewhere.example' });
    rotation.adopt({ ...policy, clients: undefined });
    expect(trusted.at(-1)).toMatchObject({ ca: [printOf(own)], revoked: undefined, domain });
  });

  it('a file that is broken is told of, and what was read before stays, within the policy in force', () => {
    rotation.adopt(naming([printOf(own), print]));
    writeFileSync(config.tls.ca, own + foreign.certificate);
    rotation.reload();
    const before = trusted.at(-1);
    writeFileSync(config.tls.ca, '-----BEGIN NOTHING-----\n');
    rotation.reload();
    expect(trusted.at(-1)).toEqual(before);
    expect(logged.at(-1)).toMatch(/^certificates-kept .*ca\.pem/);
    rotation.adopt(naming([print]));
    expect(trusted.at(-1)?.ca).toEqual([print]);
  });

  it('the server’s certificate is read again with its key, or neither is', async () => {
    const authority = await createAuthority(domain, Date.now());
    const next = await issueServer(authority, ['localhost'], Date.now());
    chmodSync(config.tls.key, 0o600);
    const before = printOf(readFileSync(config.tls.certificate, 'utf8'));
    writeFileSync(config.tls.certificate, next.certificate);
    rotation.reload();
    expect(trusted.at(-1)?.server).toBe(before);
    expect(logged.at(-1)).toMatch(/^certificates-kept .*is not the key of/);
    writeFileSync(config.tls.key, next.key);
    rotation.reload();
    expect(trusted.at(-1)?.server).toBe(printOf(next.certificate));
    expect(logged.at(-1)).toBe(`certificates-read ${printOf(next.certificate)}`);
  });

  it('a listener that cannot use what was read disturbs nothing', () => {
    broken = true;
    expect(() => rotation.adopt(policy)).not.toThrow();
    expect(logged.at(-1)).toBe('certificates-kept cannot be used');
  });
});
