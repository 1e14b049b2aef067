import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sameSecret } from '../../src/attestation/mac.ts';
import { vectors, vectorsMissing, whySkipped } from './vectors.ts';

// Tickets, enrolment challenges, rows and one-time codes rest on the platform's HMAC; each puts a tag of its own before what it
// authenticates, so that the published values can only be held against what they call.
describe.skipIf(vectorsMissing)(`Wycheproof hmac_sha256_test.json${whySkipped}`, () => {
  const file = vectors('wycheproof/hmac_sha256_test.json');

  it('whole tags: what is valid is made alike, what is invalid is not', () => {
    let valid = 0;
    let invalid = 0;
    for (const group of file.at('testGroups').list()) {
      // Truncated tags are not used here, but for an enrolment challenge's, which is compared at its one length.
      if (group.at('tagSize').number() !== 256) continue;
      for (const test of group.at('tests').list()) {
        const mac = createHmac('sha256', test.at('key').bytes()).update(test.at('msg').bytes()).digest();
        const genuine = sameSecret(new Uint8Array(mac), test.at('tag').bytes());
        expect(genuine).toBe(test.at('result').text() === 'valid');
        if (genuine) valid++;
        else invalid++;
      }
    }
    expect([valid, invalid]).toEqual([33, 54]);
  });
});
