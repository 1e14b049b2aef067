import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyHash } from '../src/custody/founding.ts';
import { policyInForce, writePolicyFile } from '../src/policy-file.ts';
import { emptyFolder } from './cli/station.ts';
import { TestStation } from './custody/station.ts';

const tighter = (d: string): string => d.replace('nonce_window: 4', 'nonce_window: 3');

let station: TestStation;
let file: string;
let folder: string;
const events: string[] = [];
const log = (event: string): void => void events.push(event);

beforeEach(async () => {
  events.length = 0;
  station = await TestStation.open({ operators: {} });
  folder = emptyFolder();
  file = join(folder, 'policy.yaml');
  writeFileSync(file, station.document(), { mode: 0o600 });
});
afterEach(() => station.close());

const atStart = () => policyInForce(file, station.store.look({}).station.policy, station.store, log);
const changed = () => station.operators.act(['olivia', 'omar'], 'policy', 'document', station.document(tighter));

describe('the policy’s file at a start', () => {
  it('is the policy in force', () => {
    expect(atStart()).toMatchObject({ hash: station.policyHash, text: station.document() });
    expect(events).toEqual([]);
  });

  it('S11: is written anew where it is a former policy: the old one is kept beside it', async () => {
    await changed();
    expect(atStart().text).toBe(station.document(tighter));
    expect(readFileSync(file, 'utf8')).toBe(station.document(tighter));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const kept = `policy.${station.policyHash.slice(0, 8)}.yaml`;
    expect(readdirSync(folder).sort()).toEqual([kept, 'policy.yaml']);
    expect(readFileSync(join(folder, kept), 'utf8')).toBe(station.document());
    expect(events).toEqual(['policy-file-written']);
    expect(atStart().hash).toBe(policyHash(station.document(tighter)));
  });

  const edits: readonly [what: string, edit: (d: string) => string][] = [
    ['a comment', (d) => `${d}# looser\n`],
    ['the RP ID', (d) => d.replaceAll('approve.example', 'evil.example')],
    ['an attester’s key', (d) => d.replace(/crv: Ed25519, x: \S+/, `crv: Ed25519, x: ${'B'.repeat(43)}`)],
    ['the CA', (d) => `${d}clients: { authorities: [${'b'.repeat(64)}] }\n`],
    [
      'an operator’s key',
      (d) => d.replace(/name: olivia, credential: [A-Za-z0-9_-]+/, `name: olivia, credential: ${'B'.repeat(43)}`),
    ],
    ['the quorum', (d) => d.replace('quorum: 2', 'quorum: 1')],
    ['a policy that was only proposed', tighter],
  ];
  for (const [what, edit] of edits) {
    it(`S11: stops it with policy-changed where an editor changed ${what}`, async () => {
      if (edit === tighter) await station.operators.sign('olivia', 'policy', 'document', station.document(tighter));
      writeFileSync(file, edit(station.document()));
      expect(readFileSync(file, 'utf8')).not.toBe(station.document());
      expect(atStart).toThrow(expect.objectContaining({ reason: 'policy-changed' }));
    });
  }

  it('S11: stops it where the kept document of the policy in force is another', async () => {
    await changed();
    station.db.exec("UPDATE policies SET document = document || '#'");
    expect(atStart).toThrow(expect.objectContaining({ reason: 'policy-changed' }));
  });

  it('that cannot be written is no reason to stop: it is said, and the policy in force counts', async () => {
    await changed();
    const missing = join(folder, 'gone', 'policy.yaml');
    writePolicyFile(missing, station.document(tighter), log);
    expect(events).toEqual(['policy-file-not-written']);
  });
});
