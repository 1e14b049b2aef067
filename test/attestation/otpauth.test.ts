import { expect, it } from 'vitest';
import { base32, otpauthUri } from '../../src/attestation/otpauth.ts';
import type { AccountId } from '../../src/domain/index.ts';

it.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('RFC 4648 §10: base32 of %j', (text, encoded) => {
  expect(base32(new TextEncoder().encode(text))).toBe(encoded);
});

it('an otpauth URI names issuer, account, secret and what makes its codes', () => {
  const secret = new Uint8Array(20).fill(0xff);
  const uri = otpauthUri({ issuer: 'approve.example', account: 'a:b.c_d' as AccountId, secret, algorithm: 'sha1' });
  expect(uri).toBe(
    `otpauth://totp/approve.example:a%3Ab.c_d?secret=${'7'.repeat(32)}&issuer=approve.example&algorithm=SHA1&digits=6&period=30`,
  );
  expect(otpauthUri({ issuer: 'i', account: 'a' as AccountId, secret, algorithm: 'sha512' })).toContain('=SHA512&');
});
