import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { parseCoseKey } from '../../src/attestation/webauthn/cose-key.ts';
import { foundingPolicy } from '../../src/cli/founding-policy.ts';
import { operatorEntry } from '../../src/custody/operator-key.ts';
import type { OperatorName } from '../../src/domain/index.ts';
import { challenge, origin, person } from './operator-people.ts';
import { emptyFolder, ran } from './station.ts';

const name = 'olivia' as OperatorName;

describe('an operator’s entry', () => {
  it('is read off a verified registration, as policy has it', async () => {
    const { entry, registration } = await person('olivia');
    expect(entry).toMatchObject({ name, credential: registration.id, class: 'device', backupEligible: false });
    expect(entry.key).toMatch(/^[A-Za-z0-9_-]{20,}$/);
    const synced = await person('olivia', new Authenticator({ origin, backup: 'synced' }));
    expect(synced.entry).toMatchObject({ class: 'synced', backupEligible: true });
  });

  it.each([-7, -8, -35, -257])(
    'is one whatever the algorithm (COSE %i), and policy takes its key',
    async (algorithm) => {
      const { entry } = await person('olivia', new Authenticator({ origin, algorithms: [algorithm] }));
      expect(() => parseCoseKey(new Uint8Array(Buffer.from(entry.key, 'base64url')))).not.toThrow();
      expect(entry.key).toMatch(/^[A-Za-z0-9_-]{20,1400}$/);
    },
  );

  it('A11: is none where the challenge, the page or the user verification is another', async () => {
    const { registration } = await person('olivia');
    const json = Buffer.from(JSON.stringify(registration));
    const other = { challenge: new Uint8Array(32), origin };
    await expect(operatorEntry(name, json, other)).rejects.toMatchObject({ name: 'Refusal' });
    await expect(operatorEntry(name, json, { challenge, origin: 'http://localhost:1' })).rejects.toThrow(/origin/);
    const careless = new Authenticator({ origin });
    const options = {
      rp: { id: 'localhost', name: 'x' },
      user: { id: 'AAAA', name: 'x', displayName: 'x' },
      challenge: Buffer.from(challenge).toString('base64url'),
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    };
    const unverified = Buffer.from(JSON.stringify(careless.create(options, { userVerified: false })));
    await expect(operatorEntry(name, unverified, { challenge, origin })).rejects.toThrow(/verif/);
  });
});

describe('operator enroll --software', () => {
  it('S9: makes a test key that only its owner may read, says what it is, and overwrites none', async () => {
    const folder = emptyFolder();
    const [key, out] = [join(folder, 'olivia.json'), join(folder, 'olivia.yaml')];
    const made = await ran('operator', 'enroll', '--name', 'olivia', '--software', key, '--out', out);
    expect([made.code, made.out]).toEqual([0, '']);
    expect(made.err).toContain('A TEST KEY');
    expect(statSync(key).mode & 0o777).toBe(0o600);
    const entry = readFileSync(out, 'utf8');
    expect(entry).toContain('A TEST KEY');
    expect(entry).toContain("- { name: 'olivia', credential: '");
    expect(entry).not.toContain(JSON.parse(readFileSync(key, 'utf8')).settings.seed);
    const again = await ran('operator', 'enroll', '--name', 'olivia', '--software', key);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('nothing is overwritten')]);
  });

  it('takes no name that policy would not', async () => {
    const file = join(emptyFolder(), 'key.json');
    expect((await ran('operator', 'enroll', '--name', 'Olivia!', '--software', file)).code).toBe(1);
    expect((await ran('operator', 'enroll', '--name', 'o', '--port', '0', '--software', file)).code).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it('S5: a station is founded on entries as they are printed', async () => {
    const folder = emptyFolder();
    const entries: string[] = [];
    for (const who of ['olivia', 'omar', 'oscar', 'rita', 'rolf', 'rosa']) {
      const { out } = await ran('operator', 'enroll', '--name', who, '--software', join(folder, `${who}.json`));
      entries.push(out.split('\n').at(-1) ?? '');
    }
    const people = (list: string[]): string => list.map((entry) => `      ${entry}\n`).join('');
    const policy = join(folder, 'policy.yaml');
    writeFileSync(
      policy,
      `${foundingPolicy('station.example')}operators:
  rp_id: localhost
  origins: ['${origin}']
  quorum: 2
  people:
${people(entries.slice(0, 3))}  recovery:
    quorum: 2
    people:
${people(entries.slice(3))}  delays: { policy: 24h, thaw: 1h, reinstate: 24h }
  open_for: 24h
`,
    );
    const { code, out, err } = await ran('init', join(folder, 'station'), '--policy', policy);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Operators: any 2 of olivia, omar, oscar; recovery: any 2 of rita, rolf, rosa.');
    const checked = await ran('doctor', '--config', join(folder, 'station/config.yaml'));
    expect(checked.out).toContain('ok    operators: 2 of 3 decide; recovery 2 of 3');
  });
});

describe('init', () => {
  it('says what is missing where a policy founds no operators, and prints how to found some', async () => {
    const folder = emptyFolder();
    const { out } = await ran('init', join(folder, 'station'));
    expect(out).toContain('Operators: none: one certificate of the operators’ role freezes and thaws alone');
    expect((await ran('init', '--print-policy')).out).toContain('#   operators:\n#     rp_id: localhost');
  });
});
