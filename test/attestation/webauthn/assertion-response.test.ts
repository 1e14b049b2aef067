import { describe, expect, it } from 'vitest';
import { parseAssertionResponse } from '../../../src/attestation/webauthn/assertion-response.ts';
import { Refusal } from '../../../src/domain/index.ts';
import { bytes, type Json, utf8 } from './credential.ts';

const id = 'RVMyNTYtdGVzdC1jcmVkZW50aWFs';
const inOrder = { authenticatorData: 'AAEC', clientDataJSON: 'e30', signature: 'MAA' };

/** An AuthenticationResponseJSON; undefined leaves a member out. */
const json = (outer: Json = {}, inner: Json = {}): Uint8Array =>
  utf8(JSON.stringify({ id, rawId: id, type: 'public-key', response: { ...inOrder, ...inner }, ...outer }));

function refusalOf(text: Uint8Array): string {
  try {
    parseAssertionResponse(text);
  } catch (error) {
    if (error instanceof Refusal) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('an assertion as a page gives it', () => {
  const parsed = {
    kind: 'webauthn',
    credential: id,
    authenticatorData: bytes('000102'),
    clientData: bytes('7b7d'),
    signature: bytes('3000'),
  };

  it('is its credential, its two kinds of data and its signature', () => {
    expect(parseAssertionResponse(json())).toEqual(parsed);
  });

  it('may say what a browser says besides, none of which is used', () => {
    const outer = { authenticatorAttachment: 'platform', clientExtensionResults: { appid: true } };
    expect(parseAssertionResponse(json(outer, { userHandle: 'AAAA' }))).toEqual(parsed);
  });

  it('is looked at up to 16 KiB', () => {
    const padded = (length: number) => json({ clientExtensionResults: 'x'.repeat(length) });
    const most = 16_384 - padded(0).length;
    expect(refusalOf(padded(most))).toBe('accepted');
    expect(refusalOf(padded(most + 1))).toBe('malformed: the assertion must be 1 to 16384 bytes, got 16385');
  });
});

describe('A5: an assertion of a page is refused', () => {
  it.each([
    ['with an unknown member', { prf: 1 }, {}, 'assertion has the unknown member "prf"'],
    ['with an unknown member inside', {}, { prf: 1 }, 'assertion.response has the unknown member "prf"'],
    ['without an id', { id: undefined }, {}, 'assertion.id is missing'],
    ['without a rawId', { rawId: undefined }, {}, 'assertion.rawId is missing'],
    ['of another type', { type: 'password' }, {}, 'assertion.type must be public-key, got "password"'],
    ['without a response', { response: null }, {}, 'assertion.response must be an object'],
    ['with a padded id', { id: `${id}=`, rawId: `${id}=` }, {}, 'assertion.id'],
    ['without client data', {}, { clientDataJSON: undefined }, 'assertion.response.clientDataJSON is missing'],
    ['with padding', {}, { clientDataJSON: 'e30=' }, 'assertion.response.clientDataJSON is not base64url'],
    ['with base64', {}, { signature: '+/+/' }, 'assertion.response.signature is not base64url'],
    ['with left-over bits', {}, { authenticatorData: 'Zh' }, 'assertion.response.authenticatorData is not base64url'],
  ])('%s', (_, outer, inner, message) => {
    expect(refusalOf(json(outer, inner))).toMatch(/^malformed: /);
    expect(refusalOf(json(outer, inner))).toContain(message);
  });

  it('where it names two credentials', () => {
    expect(refusalOf(json({ rawId: 'AAAA' }))).toBe(
      `credential-mismatch: the assertion has the id "${id}" and the rawId "AAAA"`,
    );
  });

  it('where it is nothing, or no JSON', () => {
    expect(refusalOf(bytes(''))).toBe('malformed: the assertion must be 1 to 16384 bytes, got 0');
    expect(refusalOf(utf8('{'))).toBe('malformed: assertion is not JSON');
  });
});
