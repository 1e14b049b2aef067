import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type PinnedKey, verifyVoucher, voucherType } from '../../src/attestation/index.ts';
import {
  day,
  hour,
  minute,
  parseAccountId,
  parseDigest,
  parseFactorId,
  parseInstant,
  parseStationName,
} from '../../src/domain/index.ts';

const ed = generateKeyPairSync('ed25519'); // test keys
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('ed25519');

const keys: PinnedKey[] = [
  { issuer: 'admission.example.com', kid: 'ed-1', jwk: ed.publicKey.export({ format: 'jwk' }) },
  { issuer: 'admission.example.com', kid: 'ec-1', jwk: ec.publicKey.export({ format: 'jwk' }) },
  { issuer: 'other.example.com', kid: 'rsa-1', jwk: rsa.publicKey.export({ format: 'jwk' }) },
  { issuer: 'other.example.com', kid: 'twice', jwk: ed.publicKey.export({ format: 'jwk' }) },
  { issuer: 'admission.example.com', kid: 'twice', jwk: ed.publicKey.export({ format: 'jwk' }) },
  { issuer: 'other.example.com', kid: 'other', jwk: ed.publicKey.export({ format: 'jwk' }) },
];

const now = parseInstant('2022-01-17T00:46:00Z', 'now');
const seconds = now / 1000;
const expected = {
  keys,
  station: parseStationName(`${'0a'.repeat(16)}/1`, 'station'),
  account: parseAccountId('alice', 'account'),
  credential: parseFactorId('Y3JlZGVudGlhbC1vZi1hbGljZQ', 'credential'),
  key: parseDigest('5e'.repeat(32), 'key'),
  now,
};
const header = { alg: 'EdDSA', typ: voucherType, kid: 'ed-1' };
const claims = {
  iss: 'admission.example.com',
  aud: expected.station,
  sub: 'alice',
  credential: expected.credential,
  key: expected.key,
  iat: seconds - 60,
  exp: seconds + 600,
  jti: '6f1f7c0e-8a44-4f5e-9a3e-2f6f0c1b2d3e',
};

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function signed(head: unknown, body: unknown, key: KeyObject = ed.privateKey): string {
  const input = `${part(head)}.${part(body)}`;
  const signature =
    key.asymmetricKeyType === 'ec'
      ? sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
      : sign(key.asymmetricKeyType === 'rsa' ? 'sha256' : null, Buffer.from(input), key);
  return `${input}.${signature.toString('base64url')}`;
}

async function judged(token: string, further: Partial<typeof expected> = {}): Promise<string> {
  const verification = await verifyVoucher(token, { ...expected, ...further });
  return verification.genuine ? 'genuine' : `${verification.reason}: ${verification.message}`;
}

const withHeader = (members: object) => judged(signed({ ...header, ...members }, claims));
const withClaims = (members: object) => judged(signed(header, { ...claims, ...members }));

describe('an admission voucher', () => {
  it.each([
    ['EdDSA', 'ed-1', ed.privateKey],
    ['ES256', 'ec-1', ec.privateKey],
  ])('by a pinned key (%s) is genuine', async (alg, kid, key) => {
    expect(await verifyVoucher(signed({ ...header, alg, kid }, claims, key), expected)).toEqual({
      genuine: true,
      voucher: {
        issuer: 'admission.example.com',
        account: 'alice',
        credential: expected.credential,
        key: expected.key,
        jti: claims.jti,
      },
    });
  });

  it('A10: that is missing has a reason of its own', async () => {
    expect(await judged('')).toMatch(/^voucher-missing: /);
  });
});

describe('the header', () => {
  it.each([
    ['alg none', { alg: 'none' }, 'its key is for EdDSA'],
    ['alg ES256 for an Ed25519 key', { alg: 'ES256' }, 'its key is for EdDSA'],
    ['alg Ed25519, another name for it', { alg: 'Ed25519' }, 'its key is for EdDSA'],
    ['an unknown kid', { kid: 'ed-2' }, 'names no pinned key'],
    ['a kid that is pinned twice', { kid: 'twice' }, 'names no pinned key, or several'],
    ['a kid with a path in it', { kid: '../ed-1' }, 'names no pinned key'],
    ['no kid', { kid: undefined }, 'header.kid is missing'],
    ['typ JWT', { typ: 'JWT' }, 'has the typ "JWT"'],
    ['typ in another case', { typ: 'Portcullis-Admission+JWT' }, 'has the typ'],
    ['typ with application/ before it', { typ: `application/${voucherType}` }, 'has the typ'],
    ['no typ', { typ: undefined }, 'header.typ is missing'],
    ['jku', { jku: 'https://evil.example/keys' }, 'unknown member "jku"'],
    ['jwk', { jwk: stranger.publicKey.export({ format: 'jwk' }) }, 'unknown member "jwk"'],
    ['x5u', { x5u: 'https://evil.example/chain' }, 'unknown member "x5u"'],
    ['x5c', { x5c: [] }, 'unknown member "x5c"'],
    ['crit', { crit: ['b64'], b64: true }, 'unknown member "crit"'],
    ['b64', { b64: true }, 'unknown member "b64"'],
    ['cty', { cty: 'JWT' }, 'unknown member "cty"'],
  ])('A7: with %s is refused', async (_, members, message) => {
    const answer = await withHeader(members);
    expect(answer).toMatch(/^voucher-invalid: /);
    expect(answer).toContain(message);
  });

  it('A7: alg HS256 under the public key is refused', async () => {
    const input = `${part({ ...header, alg: 'HS256' })}.${part(claims)}`;
    const pem = ed.publicKey.export({ format: 'pem', type: 'spki' });
    const token = `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
    expect(await judged(token)).toContain('its key is for EdDSA');
  });

  it('A7: alg RS256 is refused, even where such a key is pinned', async () => {
    const token = signed(
      { ...header, alg: 'RS256', kid: 'rsa-1' },
      { ...claims, iss: 'other.example.com' },
      rsa.privateKey,
    );
    expect(await judged(token)).toContain('neither Ed25519 nor P-256');
  });

  it('A7: a member stated twice is refused', async () => {
    const twice = JSON.stringify(header).replace('{', '{"kid":"ec-1",');
    expect(await judged(signed(twice, claims))).toContain('states its member "kid" twice');
  });
});

it.each([
  ['X25519', { kty: 'OKP', crv: 'X25519' }],
  ['Ed448', { kty: 'OKP', crv: 'Ed448' }],
  ['P-384', { kty: 'EC', crv: 'P-384' }],
  ['Ed25519 that says EC', { kty: 'EC', crv: 'Ed25519' }],
  ['P-256 that says OKP', { kty: 'OKP', crv: 'P-256' }],
])('A7: a pinned key of the kind %s opens nothing', async (_, jwk) => {
  const pinned = [{ issuer: claims.iss, kid: 'ed-1', jwk: { ...ed.publicKey.export({ format: 'jwk' }), ...jwk } }];
  expect(await judged(signed(header, claims), { keys: pinned })).toContain('neither Ed25519 nor P-256');
});

describe('the signature', () => {
  it('A7: of another key under a pinned kid is refused', async () => {
    expect(await judged(signed(header, claims, stranger.privateKey))).toContain('does not verify');
  });

  it('A7: of a key that is not pinned is refused, whatever the token says about it', async () => {
    expect(await judged(signed(header, claims), { keys: [] })).toContain('names no pinned key');
  });

  it('A7: over other claims, or none, is refused', async () => {
    const [head, , signature] = signed(header, claims).split('.');
    expect(await judged(`${head}.${part({ ...claims, sub: 'alice' })}x.${signature}`)).toMatch(/^voucher-invalid/);
    expect(await judged(`${head}.${part({ ...claims, iat: claims.iat + 1 })}.${signature}`)).toContain(
      'does not verify',
    );
    expect(await judged(`${head}.${part(claims)}.`)).toContain('does not verify');
  });

  it('A7: by a pinned key that is broken is refused', async () => {
    const broken = [{ issuer: 'admission.example.com', kid: 'ed-1', jwk: { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' } }];
    expect(await judged(signed(header, claims), { keys: broken })).toContain('does not verify');
  });
});

describe('the form', () => {
  const token = signed(header, claims);
  const [head = '', body = '', signature = ''] = token.split('.');
  it.each([
    ['two parts', `${head}.${body}`],
    ['four parts', `${token}.`],
    ['a header that is no base64url', `${head}=.${body}.${signature}`],
    ['claims that are no base64url', `${head}.${body}=.${signature}`],
    ['a signature that is no base64url', `${head}.${body}.${signature}=`],
    ['JWE’s five parts', `${token}.a.b`],
    ['padding', `${head}.${body}.${signature}==`],
    ['a line break', `${token}\n`],
    ['white space before it', ` ${token}`],
    ['the other base64 alphabet', `${head}.${body}.${signature.slice(0, -2)}+/`],
    ['JSON serialization', JSON.stringify({ protected: head, payload: body, signature })],
    ['a header that is a list', `${part([])}.${body}.${signature}`],
    ['a header that is no JSON', `${part('{')}.${body}.${signature}`],
    ['claims that are no object', signed(header, '"x"')],
    ['claims that state the account twice', signed(header, JSON.stringify(claims).replace('{', '{"sub":"bob",'))],
    ['more than 4 KiB', signed(header, { ...claims, jti: 'j'.repeat(4096) })],
    ['a megabyte of dots', '.'.repeat(1_000_000)],
  ])('A7: with %s is refused', async (_, bad) => {
    expect(await judged(bad)).toMatch(/^voucher-invalid: /);
  });

  it('A7: is judged before anything that it says', async () => {
    for (const bad of [`${head}=.${body}.${signature}`, `${head}.${body}=.${signature}`, `${token}=`, `${token}.`])
      expect(await judged(bad)).toContain('is not a compact JWS');
  });
});

it('A7: a token is looked at up to 4096 characters', async () => {
  expect(await judged('.'.repeat(4096))).toContain('is not a compact JWS');
  expect(await judged('.'.repeat(4097))).toContain('is longer than 4096 characters');
});

describe('the claims', () => {
  it.each([
    ['A7: of another issuer', { iss: 'other.example.com' }, 'has the iss'],
    ['A7: of no issuer', { iss: undefined }, 'claims.iss is missing'],
    ['A10: for another station', { aud: `${'0b'.repeat(16)}/1` }, 'has the aud'],
    ['A10: for another generation', { aud: `${'0a'.repeat(16)}/2` }, 'has the aud'],
    ['A7: for a list of stations', { aud: [expected.station] }, 'claims.aud must be a string'],
    ['A10: for another account', { sub: 'bob' }, 'has the sub'],
    ['A10: for another credential', { credential: 'Y3JlZGVudGlhbC1vZi1ib2ItMDE' }, 'has the credential'],
    ['A10: for another key', { key: '5f'.repeat(32) }, 'has the key'],
    ['A7: that live too long', { exp: claims.iat + day / 1000 + 1 }, 'lives longer than 24 hours'],
    ['A7: without exp', { exp: undefined }, 'claims.exp is missing'],
    ['A7: with exp in text', { exp: String(claims.exp) }, 'claims.exp must be a whole number'],
    ['A7: with a broken exp', { exp: claims.exp + 0.5 }, 'claims.exp must be a whole number'],
    ['A7: with iat before 1970', { iat: -1 }, 'claims.iat must be a whole number'],
    ['A7: without iat', { iat: undefined }, 'claims.iat is missing'],
    ['A4: from the future', { iat: seconds + minute / 1000 + 1 }, 'after the station’s present'],
    ['A4: that have expired', { exp: seconds }, 'has expired'],
    ['A4: that expired in 1970', { iat: 0, exp: 0 }, 'has expired'],
    ['A7: without jti', { jti: undefined }, 'claims.jti is missing'],
    ['A7: with a short jti', { jti: 'x' }, 'as jti'],
    ['A7: with a jti that begins otherwise', { jti: ':a-test-voucher-01' }, 'as jti'],
    ['A7: with a colon in jti', { jti: 'a:b:c:d:e:f:g:h:i' }, 'as jti'],
    ['A7: with a jti that ends otherwise', { jti: 'a-test-voucher-01:' }, 'as jti'],
    ['A7: with a jti of 65 characters', { jti: 'j'.repeat(65) }, 'as jti'],
    ['A7: with nbf', { nbf: 0 }, 'unknown member "nbf"'],
    ['A7: with __proto__', JSON.parse('{"__proto__x":1}'), 'unknown member'],
  ])('%s are refused', async (_, members, message) => {
    const answer = await withClaims(members);
    expect(answer).toMatch(/^voucher-invalid: /);
    expect(answer).toContain(message);
  });

  it('A7: by another issuer’s key are refused, though that issuer is pinned too', async () => {
    expect(await withHeader({ kid: 'other' })).toContain('has the iss "admission.example.com"');
  });

  it('may live exactly 24 hours, until just before exp, on a clock one minute slow', async () => {
    expect(await withClaims({ exp: claims.iat + day / 1000 })).toBe('genuine');
    expect(await withClaims({ iat: seconds + minute / 1000 })).toBe('genuine');
    expect(await withClaims({ iat: seconds - hour / 1000, exp: seconds + 1 })).toBe('genuine');
  });
});
