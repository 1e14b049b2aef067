import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttesterKey, mfaTokenType, verifyMfaToken, voucherType } from '../../src/attestation/index.ts';
import { categoriesOf, unknownMethod } from '../../src/domain/amr.ts';
import {
  parseAccountId,
  parseDigest,
  parseInstant,
  parseStationName,
  reasons,
  type WallMs,
} from '../../src/domain/index.ts';
import { part, signedToken } from './signed-token.ts';

const ed = generateKeyPairSync('ed25519'); // test keys
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('ed25519');

const always = { from: undefined, until: undefined };
const issuer = 'mfa.example.com';
const edJwk = ed.publicKey.export({ format: 'jwk' });
const keys: AttesterKey[] = [
  { issuer, kid: 'ed-1', jwk: edJwk, ...always },
  { issuer, kid: 'ec-1', jwk: ec.publicKey.export({ format: 'jwk' }), ...always },
  { issuer, kid: 'rsa-1', jwk: rsa.publicKey.export({ format: 'jwk' }), ...always },
  { issuer: 'other.example.com', kid: 'other', jwk: edJwk, ...always },
];

const now = parseInstant('2022-01-17T00:46:00Z', 'now');
const seconds = now / 1000;
const at = (s: number): WallMs => (now + s * 1000) as WallMs;
const expected = {
  keys,
  station: parseStationName(`${'0a'.repeat(16)}/1`, 'station'),
  account: parseAccountId('alice', 'account'),
  digest: parseDigest('5e'.repeat(32), 'digest'),
  now: now as WallMs | 'kept',
};
const header = { alg: 'EdDSA', typ: mfaTokenType, kid: 'ed-1' };
const claims = {
  iss: issuer,
  aud: expected.station,
  sub: 'alice',
  iat: seconds - 5,
  exp: seconds + 55,
  jti: '6f1f7c0e-8a44-4f5e-9a3e-2f6f0c1b2d3e',
  amr: ['pwd', 'hwk'],
  intent_digest: expected.digest,
};

function judged(token: string, further: Partial<typeof expected> = {}): string {
  const verification = verifyMfaToken(token, { ...expected, ...further });
  return verification.genuine ? 'genuine' : `${verification.reason}: ${verification.message}`;
}

const signed = (head: unknown, body: unknown, key: KeyObject = ed.privateKey) => signedToken(head, body, key);
const withHeader = (members: object) => judged(signed({ ...header, ...members }, claims));
const withClaims = (members: object, further?: Partial<typeof expected>) =>
  judged(signed(header, { ...claims, ...members }), further);

describe('a token of an MFA service', () => {
  it.each([
    ['EdDSA', 'ed-1', ed.privateKey],
    ['ES256', 'ec-1', ec.privateKey],
  ])('by a pinned key (%s) is genuine', (alg, kid, key) => {
    expect(verifyMfaToken(signed({ ...header, alg, kid }, claims, key), expected)).toEqual({
      genuine: true,
      evidence: { kind: 'mfa-token', issuer, kid, account: 'alice', jti: claims.jti },
    });
  });

  it.each([
    ['', 'is not a compact JWS'],
    ['a.b', 'is not a compact JWS'],
    [`${signed(header, claims)}.e30`, 'is not a compact JWS'],
    [`${signed(header, claims)}=`, 'is not a compact JWS'],
    [` ${signed(header, claims)}`, 'is not a compact JWS'],
    [signed(header, { ...claims, pad: 'x'.repeat(4096) }), 'is longer than 4096'],
    [JSON.stringify({ payload: part(claims), signatures: [] }), 'is not a compact JWS'],
  ])('A7: that is no compact JWS is refused (%#)', (token, message) => {
    expect(judged(token)).toContain(`attestation-invalid: the MFA token ${message}`);
  });
});

describe('the header', () => {
  it.each([
    ['alg none', { alg: 'none' }, 'its key is for EdDSA'],
    ['alg nOnE', { alg: 'nOnE' }, 'its key is for EdDSA'],
    ['alg ES256 for an Ed25519 key', { alg: 'ES256' }, 'its key is for EdDSA'],
    ['alg Ed25519, another name for it', { alg: 'Ed25519' }, 'its key is for EdDSA'],
    ['an RSA key, even where one is pinned', { alg: 'RS256', kid: 'rsa-1' }, 'neither Ed25519 nor P-256'],
    ['an unknown kid', { kid: 'ed-2' }, 'names no pinned key'],
    ['a kid that leads to a file', { kid: '../../dev/null' }, 'names no pinned key'],
    ['no kid', { kid: undefined }, 'header.kid is missing'],
    ['typ JWT', { typ: 'JWT' }, 'has the typ "JWT"'],
    ['typ of a voucher', { typ: voucherType }, 'has the typ'],
    ['no typ', { typ: undefined }, 'header.typ is missing'],
    ['jku', { jku: 'https://evil.example/keys' }, 'unknown member "jku"'],
    ['jwk', { jwk: stranger.publicKey.export({ format: 'jwk' }) }, 'unknown member "jwk"'],
    ['x5u', { x5u: 'https://evil.example/chain' }, 'unknown member "x5u"'],
    ['x5c', { x5c: [] }, 'unknown member "x5c"'],
    ['crit', { crit: ['exp'], exp: 1 }, 'unknown member "crit"'],
    ['b64', { b64: true }, 'unknown member "b64"'],
    ['zip', { zip: 'DEF' }, 'unknown member "zip"'],
  ])('A7: with %s is refused', (_, members, message) => {
    const answer = withHeader(members);
    expect(answer).toMatch(/^attestation-invalid: the MFA token/);
    expect(answer).toContain(message);
  });

  it('A7: alg HS256 under the public key is refused', () => {
    const input = `${part({ ...header, alg: 'HS256' })}.${part(claims)}`;
    for (const secret of [ed.publicKey.export({ format: 'pem', type: 'spki' }), String(edJwk.x)])
      expect(judged(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`)).toContain(
        'its key is for EdDSA',
      );
  });

  it('A7: signed by a key that isn’t the pinned one is refused, whatever jwk it names', () => {
    expect(judged(signed(header, claims, stranger.privateKey))).toContain('does not verify under the pinned key');
    expect(judged(`${part(header)}.${part(claims)}.`)).toContain('does not verify under the pinned key');
  });
});

describe('the claims', () => {
  it.each([
    ['another iss', { iss: 'other.example.com' }, 'has the iss'],
    ['another aud', { aud: `${'0b'.repeat(16)}/1` }, 'has the aud'],
    ['the aud of the station’s former generation', { aud: `${'0a'.repeat(16)}/0` }, 'has the aud'],
    ['a list as aud', { aud: [expected.station] }, 'aud must be a string'],
    ['another sub', { sub: 'bob' }, 'has the sub'],
    ['sub in capitals', { sub: 'Alice' }, 'has the sub'],
    ['a short jti', { jti: 'fifteen-letters' }, 'as jti'],
    ['a long jti', { jti: 'j'.repeat(65) }, 'as jti'],
    ['a jti that leaves its key', { jti: 'a:b:c:d:e:f:g:h:i' }, 'as jti'],
    ['a number as jti', { jti: 7 }, 'jti must be a string'],
    ['nbf', { nbf: seconds }, 'unknown member "nbf"'],
    ['acr', { acr: 'high' }, 'unknown member "acr"'],
    ['iat in ms and a fraction', { iat: seconds + 0.5 }, 'iat must be a whole number'],
    ['exp as text', { exp: String(seconds + 55) }, 'exp must be a whole number'],
  ])('A7: with %s is refused', (_, members, message) => {
    const answer = withClaims(members);
    expect(answer).toMatch(/^attestation-invalid: /);
    expect(answer).toContain(message);
  });

  it.each(Object.keys(claims))('A7: without %s is refused', (name) => {
    expect(withClaims({ [name]: undefined })).toContain(`claims.${name} is missing`);
  });

  it('A2: of another intent is refused by the reason that other evidence has for it', () => {
    for (const digest of ['5f'.repeat(32), '5E'.repeat(32), part(Buffer.from('5e'.repeat(32), 'hex').toString())])
      expect(withClaims({ intent_digest: digest })).toMatch(/^challenge-mismatch: the MFA token approves the intent/);
  });

  it('A7: a token of another service’s key is refused as this one’s', () => {
    expect(judged(signed({ ...header, kid: 'other' }, claims))).toContain('has the iss "mfa.example.com", expected');
  });

  it('A7: a claim stated twice is refused', () => {
    const twice = JSON.stringify(claims).replace('{', '{"sub":"mallory",');
    expect(judged(signed(header, twice))).toContain('states its member "sub" twice');
  });
});

describe('the times', () => {
  const lives = (iat: number, exp: number) => withClaims({ iat: seconds + iat, exp: seconds + exp });

  it('A7: lives 120 seconds at most', () => {
    expect(lives(-5, 115)).toBe('genuine');
    expect(lives(-5, 116)).toContain('lives longer than 120 seconds');
  });

  it('A4: is good until its exp, and not at it', () => {
    expect(lives(-100, 1)).toBe('genuine');
    expect(lives(-100, 0)).toContain('has expired');
  });

  it('A4: may be issued a minute ahead, and no more', () => {
    expect(lives(60, 120)).toBe('genuine');
    expect(lives(61, 120)).toContain('was issued after the station’s present');
  });

  it('A7: can’t expire before it is issued', () => {
    expect(lives(30, 30)).toContain('expires before it is issued');
    expect(withClaims({ iat: seconds + 90, exp: seconds + 30 }, { now: 'kept' })).toContain('expires before');
  });

  it('kept, is not asked again whether it is still good, and everything else is', () => {
    const kept = { now: 'kept' as const };
    expect(withClaims({ iat: seconds - 90_000, exp: seconds - 89_900 }, kept)).toBe('genuine');
    expect(withClaims({ iat: seconds + 90_000, exp: seconds + 90_100 }, kept)).toBe('genuine');
    expect(withClaims({ exp: seconds + 200 }, kept)).toContain('lives longer');
    expect(withClaims({ amr: ['pwd'] }, kept)).toContain('proves knowledge');
    expect(withClaims({ intent_digest: '5f'.repeat(32) }, kept)).toMatch(/^challenge-mismatch/);
    expect(judged(signed(header, claims), { ...kept, keys: [] })).toContain('names no pinned key');
    expect(judged(signed(header, claims, stranger.privateKey), kept)).toContain('does not verify');
  });
});

describe('the key’s own time', () => {
  const pinned = (from: number | undefined, until: number | undefined): AttesterKey[] => [
    {
      issuer,
      kid: 'ed-1',
      jwk: edJwk,
      from: from === undefined ? undefined : at(from),
      until: until === undefined ? undefined : at(until),
    },
  ];
  const issued = (iat: number, of: AttesterKey[], further: Partial<typeof expected> = {}) =>
    withClaims({ iat: seconds + iat, exp: seconds + iat + 60 }, { ...further, keys: of });

  it.each([[now], ['kept' as const]])(
    'A7: a token is refused that its key had not yet signed, or no more (%s)',
    (on) => {
      const now = { now: on };
      expect(issued(-5, pinned(-5, -4), now)).toBe('genuine');
      expect(issued(-5, pinned(-4, undefined), now)).toContain('when its key "ed-1" begins');
      expect(issued(-5, pinned(undefined, -5), now)).toContain('after its key "ed-1" ended, at 2022-01-17T00:45:55Z');
    },
  );

  it('two keys of a service overlap while it changes from one to the next', () => {
    const next = generateKeyPairSync('ed25519');
    const both: AttesterKey[] = [
      ...pinned(undefined, 10),
      { issuer, kid: 'ed-2', jwk: next.publicKey.export({ format: 'jwk' }), from: at(-10), until: undefined },
    ];
    const byNext = (iat: number) =>
      judged(
        signed({ ...header, kid: 'ed-2' }, { ...claims, iat: seconds + iat, exp: seconds + iat + 60 }, next.privateKey),
        { keys: both },
      );
    for (const iat of [-10, 0, 9]) expect([issued(iat, both), byNext(iat)]).toEqual(['genuine', 'genuine']);
    expect([issued(-11, both), byNext(-11)[0]]).toEqual(['genuine', 'a']);
    expect([issued(10, both)[0], byNext(10)]).toEqual(['a', 'genuine']);
  });
});

describe('A7: how the person proved who they are (RFC 8176)', () => {
  const amr = (...methods: unknown[]) => withClaims({ amr: methods });

  it.each([
    [['pwd', 'hwk']],
    [['pin', 'sc']],
    [['pwd', 'otp']],
    [['fpt', 'swk', 'user', 'mfa']],
    [['face', 'pin']],
    [['pwd', 'pop', 'sms']],
  ])('two categories are enough: %s', (methods) => {
    expect(amr(...methods)).toBe('genuine');
  });

  it.each([
    [[], 'nothing'],
    [['pwd'], 'knowledge'],
    [['pwd', 'pin'], 'knowledge'],
    [['otp', 'hwk', 'sc', 'swk', 'pop'], 'possession'],
    [['face', 'fpt', 'iris', 'retina', 'vbm'], 'inherence'],
    [['mfa'], 'nothing'],
    [['mfa', 'user'], 'nothing'],
    [['pwd', 'mfa', 'user', 'mca'], 'knowledge'],
    [['pwd', 'geo', 'rba', 'wia'], 'knowledge'],
    [['pwd', 'sms'], 'knowledge'],
    [['pwd', 'tel'], 'knowledge'],
    [['hwk', 'kba'], 'possession'],
    [['pwd', 'otp', 'sms'], 'knowledge'],
    [['pwd', 'otp', 'tel'], 'knowledge'],
    [['pwd', 'pwd'], 'knowledge'],
  ])('one is not, however often it is said: %s', (methods, proven) => {
    expect(amr(...methods)).toContain(`attestation-invalid: the MFA token proves ${proven} by its amr`);
  });

  it.each([[['pwd', 'hwk', 'passkey']], [['PWD', 'hwk']], [['pwd hwk']], [['constructor', 'hwk', 'pwd']]])(
    'a value that RFC 8176 does not list is refused: %s',
    (methods) => {
      expect(amr(...methods)).toContain('which RFC 8176 does not list');
    },
  );

  it('is a list of strings, and nothing else', () => {
    for (const wrong of ['pwd hwk', { 0: 'pwd', 1: 'hwk' }, null, true])
      expect(withClaims({ amr: wrong })).toContain('amr must be a list of strings');
    expect(amr('pwd', ['hwk'])).toContain('amr must be a list of strings');
    expect(amr('pwd', null)).toContain('amr must be a list of strings');
  });

  it('knows the whole registry, and each value’s category', () => {
    // RFC 8176 §2, in its order.
    const registry = 'face fpt geo hwk iris kba mca mfa otp pin pop pwd rba retina sc sms swk tel user vbm wia'.split(
      ' ',
    );
    expect(unknownMethod(registry)).toBeUndefined();
    const table = registry.map((method) => `${method} ${[...categoriesOf([method])].join()}`.trim());
    expect(table).toEqual([
      'face inherence',
      'fpt inherence',
      'geo',
      'hwk possession',
      'iris inherence',
      'kba',
      'mca',
      'mfa',
      'otp possession',
      'pin knowledge',
      'pop possession',
      'pwd knowledge',
      'rba',
      'retina inherence',
      'sc possession',
      'sms',
      'swk possession',
      'tel',
      'user',
      'vbm inherence',
      'wia',
    ]);
  });
});

describe('A7: whatever arrives is refused with a reason, and nothing throws', () => {
  const refused = (token: string) => {
    const verification = verifyMfaToken(token, expected);
    expect(verification.genuine).toBe(false);
    if (!verification.genuine) expect(Object.keys(reasons)).toContain(verification.reason);
  };

  it('as a token', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), refused), { numRuns: 500 });
    fc.assert(
      fc.property(fc.array(fc.base64String(), { maxLength: 4 }), (parts) => refused(parts.join('.'))),
      {
        numRuns: 500,
      },
    );
  });

  it('as a header or claims under a good signature', () => {
    fc.assert(
      fc.property(fc.json(), (text) => refused(signed(text, claims))),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => refused(signed(header, text))),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(claims)), fc.jsonValue(), (name, value) => {
        const same = JSON.stringify({ ...claims, [name]: value }) === JSON.stringify(claims);
        const times = (name === 'iat' || name === 'exp') && typeof value === 'number';
        if (!same && !times) refused(signed(header, { ...claims, [name]: value }));
      }),
      { numRuns: 1000 },
    );
  });

  it('as a genuine token with one character changed, taken out or put in', () => {
    const good = signed(header, claims);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ maxLength: 1 }), fc.nat(1), (place, put, cut) => {
        const changed = good.slice(0, place) + put + good.slice(place + cut);
        if (changed !== good) refused(changed);
      }),
      { numRuns: 1000 },
    );
  });
});
