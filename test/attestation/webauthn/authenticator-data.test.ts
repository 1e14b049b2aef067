import { describe, expect, it } from 'vitest';
import { parseAuthenticatorData } from '../../../src/attestation/webauthn/authenticator-data.ts';
import { AT, authenticatorData, bytes, UP } from './credential.ts';

describe('A5: authenticator data are refused', () => {
  it('for as many bytes as their flags do not announce', () => {
    expect(() => parseAuthenticatorData(authenticatorData({ rest: bytes('000000') }))).toThrow(
      'have 3 bytes that their flags do not announce',
    );
  });

  it('for what ends before the length of its credential id, or with it', () => {
    const rest = (length: number) => authenticatorData({ flags: UP | AT, rest: new Uint8Array(length) });
    expect(() => parseAuthenticatorData(rest(17))).toThrow('end inside the attested credential data');
    expect(() => parseAuthenticatorData(rest(18))).toThrow('have a credential id of 0 bytes');
  });
});
