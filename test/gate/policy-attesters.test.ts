import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../src/domain/index.ts';
import { parsePolicy, sayPolicy } from '../../src/gate/policy.ts';
import { type Json, wholePolicy } from './whole-policy.ts';

const english = (changes: Record<string, Json | undefined> = {}) =>
  sayPolicy(wholePolicy(changes)).find(({ title }) => title === 'MFA services')?.sentences;

/** What a policy without a service’s key can't accept. */
const none = { attesters: undefined, 'evidence.accepts': ['device', 'hardware', 'totp'] };

describe('A7: the MFA services whose tokens a policy accepts', () => {
  it('each key has its time, or none', () => {
    expect(wholePolicy().attesters).toMatchObject([
      { issuer: 'mfa.example', kid: 'm1', from: undefined, until: parseInstant('2022-02-01T00:00:00Z', 'until') },
      { issuer: 'mfa.example', kid: 'm2', from: parseInstant('2022-01-01T00:00:00Z', 'from'), until: undefined },
    ]);
    expect(wholePolicy(none).attesters).toEqual([]);
  });

  it('are told in English', () => {
    expect(english()).toEqual([
      `Tokens of mfa.example under its key m1, Ed25519 ${'D'.repeat(43)}, issued until 2022-02-01T00:00:00Z.`,
      `Tokens of mfa.example under its key m2, P-256 ${'E'.repeat(43)} ${'F'.repeat(43)}, issued from 2022-01-01T00:00:00Z.`,
    ]);
    expect(english({ 'attesters[0].until': undefined })?.[0]).toBe(
      `Tokens of mfa.example under its key m1, Ed25519 ${'D'.repeat(43)}.`,
    );
    expect(english({ 'attesters[0].from': '2021-01-01T00:00:00Z' })?.[0]).toBe(
      `Tokens of mfa.example under its key m1, Ed25519 ${'D'.repeat(43)}, issued from 2021-01-01T00:00:00Z until 2022-02-01T00:00:00Z.`,
    );
    expect(english(none)).toEqual(['No MFA service’s token is accepted.']);
  });

  it.each<[changes: Record<string, Json | undefined>, place: string]>([
    [{ 'attesters[1].kid': 'm1' }, 'policy.attesters: "m1" stands twice'],
    [{ 'attesters[1].kid': 'm1', 'attesters[1].issuer': 'other.example' }, 'policy.attesters: "m1" stands twice'],
    [
      { 'attesters[1].jwk': { kty: 'OKP', crv: 'Ed25519', x: 'D'.repeat(43) }, 'attesters[1].issuer': 'other.example' },
      `policy.attesters: "Ed25519 ${'D'.repeat(43)}" stands twice`,
    ],
    [{ 'attesters[0].from': '2022-02-01T00:00:00Z' }, 'policy.attesters[0].until: is not later than from'],
    [{ 'attesters[0].until': '2022-02-01' }, 'policy.attesters[0].until: expected RFC 3339'],
    [{ 'attesters[0].until': '2022-02-01T01:00:00+01:00' }, 'policy.attesters[0].until: expected RFC 3339'],
    [{ 'attesters[0].from': 1643673600 }, 'policy.attesters[0].from: expected a text'],
    [{ 'attesters[0].issuer': 'mfa <b>' }, 'policy.attesters[0].issuer: expected 1 to 128 printable'],
    [{ 'attesters[0].issuer': undefined }, 'policy.attesters[0].issuer: is missing'],
    [{ 'attesters[0].kid': 'k\u202e' }, 'policy.attesters[0].kid: expected 1 to 128 printable'],
    [{ 'attesters[0].jwk': undefined }, 'policy.attesters[0].jwk: is missing'],
    [{ 'attesters[0].jwk.kty': 'RSA' }, 'policy.attesters[0].jwk.kty: expected one of OKP, EC'],
    [{ 'attesters[0].jwk.kty': 'oct' }, 'policy.attesters[0].jwk.kty: expected one of OKP, EC'],
    [{ 'attesters[0].jwk.crv': 'X25519' }, 'policy.attesters[0].jwk.crv: expected one of Ed25519'],
    [{ 'attesters[0].jwk.x': 'A'.repeat(42) }, 'policy.attesters[0].jwk.x: expected 32 bytes'],
    [{ 'attesters[0].jwk.d': 'A'.repeat(43) }, 'policy.attesters[0].jwk.d: is not a member'],
    [{ 'attesters[0].jku': 'https://mfa.example/keys' }, 'policy.attesters[0].jku: is not a member'],
  ])('that say it otherwise are refused: %j', (changes, message) => {
    expect(() => wholePolicy(changes)).toThrow(message);
  });

  it('is a list', () => {
    expect(() => parsePolicy({ version: 1, attesters: {} })).toThrow();
    expect(() => wholePolicy({ attesters: { m1: 'x' } })).toThrow('policy.attesters: expected a list');
  });
});
