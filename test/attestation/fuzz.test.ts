import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTicket, verifyAssertion, verifyRegistration, verifyVoucher } from '../../src/attestation/index.ts';
import {
  parseAccountId,
  parseDigest,
  parseFactorId,
  parseInstant,
  parseStationName,
  reasons,
} from '../../src/domain/index.ts';
import { assertion, eddsa, es256, expected, origin, rpId, utf8 } from './webauthn/credential.ts';
import { registration } from './webauthn/registration-fixture.ts';

const noise = fc.oneof(fc.uint8Array(), fc.json().map(utf8), fc.string().map(utf8));
const refused = (verification: { genuine: boolean; reason?: string }) => {
  expect(verification.genuine).toBe(false);
  expect(Object.keys(reasons)).toContain(verification.reason);
};

describe('A1: whatever arrives is refused with a reason, and nothing throws', () => {
  it('as an assertion, by a factor with any key', () => {
    fc.assert(
      fc.property(noise, noise, noise, fc.option(noise), (authenticatorData, clientData, signature, coseKey) => {
        const credential = parseFactorId(es256.id, 'id');
        const sent = { kind: 'webauthn' as const, credential, authenticatorData, clientData, signature };
        refused(verifyAssertion(sent, expected(es256, coseKey === null ? {} : { coseKey })));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([es256, eddsa])('as the signature, or the key, of an assertion that is in order else ($id)', (credential) => {
    const good = assertion(credential);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (signature) => {
        refused(verifyAssertion({ ...good, signature }, expected(credential)));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.nat(76), fc.integer({ min: 1, max: 255 }), (at, value) => {
        const place = at % credential.coseKey.length;
        const coseKey = Uint8Array.from(credential.coseKey, (byte, i) => (i === place ? byte ^ value : byte));
        refused(verifyAssertion(good, expected(credential, { coseKey })));
      }),
      { numRuns: 500 },
    );
  });

  const settings = { rpId, origins: [origin], userVerification: true };
  it('as a registration', async () => {
    await fc.assert(
      fc.asyncProperty(noise, async (json) => {
        refused(await verifyRegistration(json, { ...settings, challenge: () => true }));
      }),
      { numRuns: 500 },
    );
  });

  it('as a registration that was genuine, with bytes of its attestation changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(500), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, value, cut) => {
        const json = registration({
          change: (object) => {
            const place = at % object.length;
            return cut
              ? object.slice(0, place)
              : Uint8Array.from(object, (byte, i) => (i === place ? byte ^ value : byte));
          },
        });
        const verification = await verifyRegistration(json, { ...settings, challenge: () => true });
        if (!verification.genuine) refused(verification);
      }),
      { numRuns: 500 },
    );
  });

  const voucher = {
    keys: [],
    station: parseStationName(`${'0a'.repeat(16)}/1`, 'station'),
    account: parseAccountId('alice', 'account'),
    credential: parseFactorId(es256.id, 'id'),
    key: parseDigest('ab'.repeat(32), 'key'),
    now: parseInstant('2022-01-17T00:46:00Z', 'now'),
  };
  it('as a voucher', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    const token = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(token, async (text) => refused(await verifyVoucher(text, voucher))),
      { numRuns: 1000 },
    );
  });

  it('as an intent’s members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (fields) => {
        expect(checkTicket(new Uint8Array(32), 1, fields)).toBe(false);
      }),
    );
  });
});
