import { beforeAll, describe, expect, it } from 'vitest';
import { Models } from '../../src/custody/models.ts';
import { Malformed } from '../../src/domain/index.ts';
import { blob, type TestService, testService } from '../attestation/metadata/test-metadata.ts';
import { now } from '../attestation/x509/authority.ts';
import { factor } from '../gate/hand-made.ts';
import { type Json, wholePolicy } from '../gate/whole-policy.ts';

let service: TestService;
beforeAll(async () => {
  service = await testService();
});

const wanting = (changes: Record<string, Json | undefined> = {}) =>
  wholePolicy({ 'authenticators.metadata.root': service.root.pem, ...changes });

describe('A5: what is trusted of authenticators', () => {
  it('a hardware factor of which nobody’s attestation is kept is refused', () => {
    const flaw = new Models().flawOf(factor({ class: 'hardware' }), wholePolicy());
    expect(flaw).toBe('nobody’s attestation that it is of hardware is kept');
    expect(new Models().flawOf(factor({ class: 'device' }), wholePolicy())).toBeUndefined();
  });

  it('nothing is hardware while the metadata that policy wants are not at hand', () => {
    expect(new Models().trusted(wanting(), now).metadata?.stale).toBe(
      'the FIDO metadata that policy wants are not at hand',
    );
  });

  it('metadata that were opened for one policy are looked at for another under the same root, and no other', async () => {
    const models = new Models(blob(service));
    const policy = wanting();
    models.open(policy, now, 0);
    const listed = (of: typeof policy) => models.trusted(of, now).metadata?.model('000102030405060708090a0b0c0d0e0f');
    expect(listed(policy)).toBeDefined();
    expect(listed(wanting({ 'authenticators.metadata.grace': '1d' }))).toBeDefined();
    expect(listed(wholePolicy())).toBeUndefined();
    // And judging by another has changed nothing for the one in force.
    expect(listed(policy)).toBeDefined();
  });

  it('what is no failure of the metadata’s own is not told as one', () => {
    expect(() => new Models('x').open(wanting(), now, 0)).toThrow(Malformed);
    expect(new Models('x').open(wholePolicy({ 'authenticators.metadata': undefined }), now, 0)).toBeUndefined();
  });
});
