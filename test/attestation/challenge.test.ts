import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkEnrolmentChallenge, enrolmentLifetime, makeEnrolmentChallenge } from '../../src/attestation/challenge.ts';
import { parseAccountId, parseInstant, type WallMs } from '../../src/domain/index.ts';

const key = new Uint8Array(32).fill(7); // a test key
const alice = parseAccountId('alice', 'account');
const now = parseInstant('2022-01-17T00:46:00Z', 'now');
const later = (ms: number): WallMs => (now + ms) as WallMs;
const random = Uint8Array.from({ length: 10 }, (_, i) => i);
const challenge = makeEnrolmentChallenge(key, 3, alice, now, random);

describe('an enrolment challenge', () => {
  it('is issued u48be ‖ random ‖ half an HMAC over epoch, account and what stands before', () => {
    const stated = Buffer.concat([Buffer.from((now / 1000).toString(16).padStart(12, '0'), 'hex'), random]);
    const mac = createHmac('sha256', key)
      .update('portcullis/enrolment/v1\0')
      .update(Buffer.from('0000000000000003', 'hex'));
    const code = mac.update('alice\0').update(stated).digest().subarray(0, 16);
    expect(Buffer.from(challenge)).toEqual(Buffer.concat([stated, code]));
  });

  it('carries its random bytes, so that no two are the same', () => {
    const other = makeEnrolmentChallenge(
      key,
      3,
      alice,
      now,
      random.map((byte) => byte + 1),
    );
    expect(Buffer.from(other).subarray(6, 16)).toEqual(Buffer.from('0102030405060708090a', 'hex'));
    expect(Buffer.from(other)).not.toEqual(Buffer.from(challenge));
  });

  it('states times beyond 2³² seconds', () => {
    const far = parseInstant('2200-01-01T00:00:00Z', 'now');
    const made = makeEnrolmentChallenge(key, 3, alice, far, random);
    expect(Buffer.from(made).readUIntBE(0, 6)).toBe(far / 1000);
    expect(checkEnrolmentChallenge(key, 3, alice, far, made)).toBe('ok');
  });

  it('takes exactly ten random bytes', () => {
    expect(() => makeEnrolmentChallenge(key, 3, alice, now, random.slice(1))).toThrow(RangeError);
  });

  it.each([
    [0, 'ok'],
    [999, 'ok'],
    [enrolmentLifetime, 'ok'],
    [enrolmentLifetime + 1, 'expired'],
    [-1, 'expired'],
    [-86_400_000, 'expired'],
  ])('A11: %i ms after it was issued is %s', (age, result) => {
    expect(checkEnrolmentChallenge(key, 3, alice, later(age), challenge)).toBe(result);
  });

  it.each([
    ['another account', 3, 'alicf', key],
    ['another epoch', 4, 'alice', key],
    ['another key', 3, 'alice', new Uint8Array(32)],
  ])('A11: is foreign to %s', (_, epoch, account, secret) => {
    expect(checkEnrolmentChallenge(secret, epoch, parseAccountId(account, 'account'), now, challenge)).toBe('foreign');
  });

  it('A11: is foreign with any bit changed', () => {
    for (let bit = 0; bit < 256; bit++) {
      const changed = Uint8Array.from(challenge, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(checkEnrolmentChallenge(key, 3, alice, now, changed)).toBe('foreign');
    }
  });

  it.each([0, 16, 31, 33])('A11: is foreign at %i bytes', (length) => {
    const changed = new Uint8Array(length);
    changed.set(challenge.subarray(0, Math.min(length, 32)));
    expect(checkEnrolmentChallenge(key, 3, alice, now, changed)).toBe('foreign');
  });

  it('is read where it lies in a larger buffer', () => {
    const larger = Buffer.concat([Buffer.from('ffffffff', 'hex'), challenge]);
    expect(checkEnrolmentChallenge(key, 3, alice, now, larger.subarray(4))).toBe('ok');
  });
});
