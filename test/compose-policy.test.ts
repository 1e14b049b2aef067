import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeStation } from '../src/cli/init.ts';
import { type ComposedStation, composeStation } from '../src/compose.ts';
import { loadConfig } from '../src/config.ts';
import { policyHash } from '../src/custody/founding.ts';
import { Malformed } from '../src/domain/index.ts';
import { machineTime } from '../src/machine-time.ts';
import { blob, testService } from './attestation/metadata/test-metadata.ts';
import { emptyFolder } from './cli/station.ts';
import { policyDocument } from './custody/station.ts';
import { foundOperators } from './custody/test-operators.ts';

const operators = foundOperators({});
const founded = policyDocument({ x: 'A'.repeat(43) }, (d) => `${d}${operators.member}`);
const tighter = founded.replace('nonce_window: 4', 'nonce_window: 3');

let folder: string;
let config: string;
let composed: ComposedStation;
const events: string[] = [];

const compose = (allowed = () => {}) =>
  composeStation({
    config: loadConfig(config),
    time: machineTime(),
    allowed,
    log: (event) => events.push(event),
    onFatal: () => {},
  });

beforeEach(async () => {
  events.length = 0;
  folder = join(emptyFolder(), 'station');
  const policy = join(emptyFolder(), 'policy.yaml');
  writeFileSync(policy, founded);
  await makeStation({ folder, policy, trustDomain: undefined, names: [] });
  config = join(folder, 'config.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replace(/127\.0\.0\.1:744[34]/g, '127.0.0.1:0'));
  composed = await compose();
});
afterEach(() => composed.close());

const prepare = (text: string) =>
  composed.running.custody.acts.prepare({
    verb: 'policy',
    subject: 'document',
    payload: new TextEncoder().encode(text),
    lifetime: undefined,
  });

async function change(text: string): Promise<void> {
  for (const name of ['olivia', 'omar']) {
    const { intent } = await prepare(text);
    const attestation = operators.people.get(name)?.sign(intent);
    if (attestation === undefined) throw new Error('the test founds no such operator');
    await composed.running.custody.acts.submit({
      intent: intent.bytes,
      attestation,
      payload: new TextEncoder().encode(text),
    });
  }
}

const file = (): string => readFileSync(join(folder, 'policy.yaml'), 'utf8');

describe('A5: a policy that wants FIDO metadata', () => {
  it('is refused before anyone signs where the config names none, or another service’s', async () => {
    const service = await testService();
    const pem = JSON.stringify(service.root.pem);
    const members = `root: ${pem}, certification: FIDO_CERTIFIED_L1, unlisted: refuse, grace: 30d`;
    const wanting = `${founded}authenticators: { metadata: { ${members} } }\n`;
    await expect(prepare(wanting)).rejects.toThrow('config.metadata: is missing: policy wants the FIDO metadata');
    const named = `${readFileSync(config, 'utf8')}metadata: { file: blob.jwt }\n`;
    writeFileSync(config, named);
    for (const [by, text] of [
      [await testService(), 'signed by nobody whom policy trusts'],
      [service, undefined],
    ] as const) {
      writeFileSync(join(folder, 'blob.jwt'), blob(by));
      await composed.close();
      composed = await compose();
      if (text === undefined) await change(wanting);
      else await expect(prepare(wanting)).rejects.toThrow(text);
    }
    expect(composed.running.custody.operators.station().policy).toBe(policyHash(wanting));
    // From then on it does not start without.
    await vi.waitFor(() => expect(file()).toBe(wanting));
    await composed.close();
    writeFileSync(config, named.replace('metadata: { file: blob.jwt }\n', ''));
    await expect(compose()).rejects.toThrow('config.metadata: is missing');
    writeFileSync(config, named);
    composed = await compose();
  });
});

describe('a station whose policy changes while it runs', () => {
  it('writes it to the file that config names, and starts again on it', async () => {
    await change(tighter);
    await vi.waitFor(() => expect(file()).toBe(tighter));
    expect(events).toContain('policy-file-written');
    await composed.close();
    composed = await compose();
    expect(composed.policy.nonceWindow).toBe(3);
    expect(composed.running.custody.operators.station().policy).toBe(policyHash(tighter));
  });

  it('starts on the policy in force where the file could not be written, and writes it then', async () => {
    await change(tighter);
    await vi.waitFor(() => expect(file()).toBe(tighter));
    await composed.close();
    writeFileSync(join(folder, 'policy.yaml'), founded);
    composed = await compose();
    expect(composed.policy.nonceWindow).toBe(3);
    expect(file()).toBe(tighter);
  });

  it('is told, before anyone signs, of a wallet whose signer its config does not name', async () => {
    const { details } = await prepare(tighter);
    expect(details).toContain('Beware: the config names no signer fake, so that wallet hot-1 signs nothing.');
  });

  it('S11: is told of authorities that its CA file does not hold', async () => {
    const { details } = await prepare(`${tighter}clients: { authorities: [${'b'.repeat(64)}] }\n`);
    const told = details.filter((line) => line.startsWith('Beware: the CA file'));
    expect(told).toEqual([
      expect.stringMatching(/lacks b{64}, which the policy names: nobody could call the station any more\.$/),
      expect.stringMatching(/holds [0-9a-f]{64}, which the policy does not name\.$/),
    ]);
  });

  it('proposes nothing that it could not start on', async () => {
    const path = founded.replace(/path: "[^"]*"/, 'path: "m/1/2/3/4/5/6/7/8/9/10"');
    await expect(prepare(path)).rejects.toThrow('policy.wallets.hot-1.path');
    await composed.close();
    let first = true;
    composed = await compose(() => {
      if (!first) throw new Malformed('policy.chains', 'not in this release');
      first = false;
    });
    await expect(prepare(tighter)).rejects.toThrow('not in this release');
  });
});
