import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkMetadata } from '../../src/cli/metadata-check.ts';
import { type Config, parseConfig } from '../../src/config.ts';
import type { WallMs } from '../../src/domain/index.ts';
import { blob, type TestService, testService } from '../attestation/metadata/test-metadata.ts';
import { now } from '../attestation/x509/authority.ts';
import { wholePolicy } from '../gate/whole-policy.ts';

const day = 86_400_000;
let folder: string;
let service: TestService;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-metadata-'));
  service = await testService();
  writeFileSync(join(folder, 'blob.jwt'), blob(service));
});
afterEach(() => rmSync(folder, { recursive: true }));

function config(metadata: string): Config {
  const document = {
    version: 1,
    data: 'data',
    policy: 'policy.yaml',
    keys: { state: 's', journal: 'j', sealing: [{ file: 'k' }] },
    tls: { ca: 'c', certificate: 'd', key: 'e' },
    listen: '127.0.0.1:1',
    operators_listen: '127.0.0.1:2',
    signers: [],
    ...(metadata === '' ? {} : { metadata: { file: metadata } }),
  };
  return parseConfig(document, join(folder, 'config.yaml'));
}

const policy = () => wholePolicy({ 'authenticators.metadata.root': service.root.pem });
const found = (of = policy(), file = 'blob.jwt', when: WallMs = now, least = 0) => [
  ...checkMetadata(config(file), of, when, least),
];

describe('doctor tells of the FIDO metadata', () => {
  it('their number and age', () => {
    expect(found()).toEqual([
      { what: 'FIDO metadata', found: 'number 7, 1 models; the next are due 2026-04-01T00:00:00Z' },
    ]);
    const due = Date.parse('2026-04-01') as WallMs;
    expect(found(policy(), 'blob.jwt', (due + 30 * day) as WallMs)[0]).toEqual({
      what: 'FIDO metadata',
      found: 'number 7, 1 models; the next were due 30 days ago',
    });
    expect(found(policy(), 'blob.jwt', (due + 30 * day + 1) as WallMs)[0]).toMatchObject({
      found: expect.stringContaining('nothing is hardware by them any more'),
      mend: expect.stringContaining('restart'),
    });
  });

  it('that they are missing, gone back, or another’s', async () => {
    expect(found(policy(), '')[0]).toMatchObject({
      found: expect.stringContaining('is missing'),
      mend: expect.any(String),
    });
    expect(found(policy(), 'blob.jwt', now, 8)[0]?.found).toContain('has the number 7, and 8 was there before');
    expect(found(policy(), 'none.jwt')[0]).toMatchObject({ mend: expect.any(String) });
    service = await testService();
    expect(found()[0]?.found).toContain('signed by nobody whom policy trusts');
  });

  it('that policy uses none, or nothing at all', () => {
    const without = wholePolicy({ 'authenticators.metadata': undefined });
    expect(found(without)).toEqual([{ what: 'FIDO metadata', found: 'the config names them, and policy uses none' }]);
    expect(found(without, '')).toEqual([]);
  });
});
