import { constants, createHmac, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openToken, type PinnedKey, type PublicJwk, signatureProblem } from '../../src/attestation/jws.ts';
import { Vector, vectors, vectorsMissing, whySkipped } from './vectors.ts';

// The standards' own examples, typed from them. None has a `typ` or a `kid` of ours, so that what stands below `openToken` is asked.

const pinned = (jwk: PublicJwk, kid = 'example'): PinnedKey => ({ issuer: 'example', kid, jwk });
const headerOf = (token: string): Vector =>
  new Vector(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()));
/** The whole opening, by a key that is pinned under the `kid` that the token names. */
const opened = (token: string, key: PinnedKey) => () =>
  openToken(token, { typ: 'JWT', keys: [key], reason: 'attestation-invalid', what: 'the token' });

describe('RFC 7515 appendix A.3: JWS using ECDSA P-256 SHA-256', () => {
  const key = pinned({
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  });
  const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
  const signature = 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
  const token = `eyJhbGciOiJFUzI1NiJ9.${payload}.${signature}`;

  it('is accepted under its key', () => {
    expect(signatureProblem(token, 'ES256', key)).toBeUndefined();
  });

  it('is refused under another alg, another payload, another signature, and whole: it names no kid', () => {
    expect(signatureProblem(token, 'EdDSA', key)).toBe('has the alg "EdDSA"; its key is for ES256');
    for (const other of [token.replace('.eyJ', '.eyK'), token.replace('.DtE', '.DtF'), token.replace('eyJh', 'eyJi')])
      expect(signatureProblem(other, 'ES256', key)).toBe('does not verify under the pinned key "example"');
    expect(opened(token, key)).toThrow('header.typ is missing');
  });
});

describe('RFC 8037 appendix A.4: Ed25519 signing', () => {
  const key = pinned({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
  const token =
    'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.' +
    'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';

  it('is accepted under its key', () => {
    expect(signatureProblem(token, 'EdDSA', key)).toBeUndefined();
  });

  it('is refused under another alg, another payload, another signature, and whole: it names no kid', () => {
    expect(signatureProblem(token, 'ES256', key)).toBe('has the alg "ES256"; its key is for EdDSA');
    for (const other of [token.replace('.RXh', '.RXi'), token.replace('.hgy', '.hgz'), token.replace('eyJh', 'eyJi')])
      expect(signatureProblem(other, 'EdDSA', key)).toBe('does not verify under the pinned key "example"');
    expect(opened(token, key)).toThrow('header.typ is missing');
  });
});

describe('RFC 7520 section 4: signatures that are good, by what no policy can pin', () => {
  const payload =
    'SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUg' +
    'cm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0' +
    'IGJlIHN3ZXB0IG9mZiB0by4';
  const bilbo = 'bilbo.baggins@hobbiton.example';
  // §3.3, §3.1 and §3.5.
  const rsa = {
    kty: 'RSA',
    n:
      'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRB' +
      'SFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD' +
      '1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_' +
      'qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw',
    e: 'AQAB',
  };
  const p521 = {
    kty: 'EC',
    crv: 'P-521',
    x: 'AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt',
    y: 'AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1',
  };
  const secret = 'hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg';
  const oct = { kty: 'oct', k: secret };
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };

  const examples: readonly [
    section: string,
    alg: string,
    kid: string,
    jwk: PublicJwk & JsonWebKey,
    header: string,
    signature: string,
  ][] = [
    [
      '4.1',
      'RS256',
      bilbo,
      rsa,
      'eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9',

      'MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi8' +
        '4wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocS' +
        'adnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJu' +
        'shZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg',
    ],
    [
      '4.2',
      'PS384',
      bilbo,
      rsa,
      'eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9',

      'cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItl' +
        'lVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0' +
        'TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0' +
        'uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw',
    ],
    [
      '4.3',
      'ES512',
      bilbo,
      p521,
      'eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9',

      'AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_' +
        'sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2',
    ],
    [
      '4.4',
      'HS256',
      '018c0ae5-4d9b-471b-bfd6-eef314bc7037',
      oct,
      'eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9',
      's0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0',
    ],
  ];

  it.each(examples)('§%s: %s is genuine, and refused', (_, alg, kid, jwk, header, signature) => {
    const token = `${header}.${payload}.${signature}`;
    const input = Buffer.from(`${header}.${payload}`);
    const bytes = Buffer.from(signature, 'base64url');
    const key = () => createPublicKey({ key: jwk, format: 'jwk' });
    const genuine = {
      RS256: () => verify('sha256', input, key(), bytes),
      PS384: () => verify('sha384', input, { key: key(), ...pss }, bytes),
      ES512: () => verify('sha512', input, { key: key(), dsaEncoding: 'ieee-p1363' }, bytes),
      HS256: () => createHmac('sha256', Buffer.from(secret, 'base64url')).update(input).digest().equals(bytes),
    }[alg];
    expect(genuine?.()).toBe(true);

    expect(headerOf(token).at('alg').text()).toBe(alg);
    // The kind of key is refused before its alg is looked at: no policy, and no mistake in one, lets any of these sign.
    expect(signatureProblem(token, alg, pinned(jwk, kid))).toContain('whose pinned key is neither Ed25519 nor P-256');
    // And the alg is refused by a key that may sign.
    const ours = pinned({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }, kid);
    expect(signatureProblem(token, alg, ours)).toBe(`has the alg "${alg}"; its key is for EdDSA`);
    expect(opened(token, pinned(jwk, kid))).toThrow('header.typ is missing');
  });
});

/** The keys of a group: a set, one key, or a secret. */
function keysOf(group: Vector): Vector[] {
  const key = group.has('public') ? group.at('public') : group.at('private');
  return key.has('keys') ? key.at('keys').list() : [key];
}

const jwkOf = (key: Vector): PublicJwk =>
  Object.fromEntries(['kty', 'crv', 'x', 'y'].flatMap((name) => (key.has(name) ? [[name, key.at(name).text()]] : [])));

const algOf = (token: string): string => {
  try {
    return headerOf(token).at('alg').text();
  } catch {
    return 'none that can be read';
  }
};

const ours = (key: Vector): boolean =>
  key.at('kty').text() === 'EC' && key.has('crv') && key.at('crv').text() === 'P-256';

/** What Wycheproof wants refused for what its JWK says of its own use; the JWKs of a policy say none of it (`policy.attesters[].jwk`). */
const forOtherUses = new Map([
  ['json_web_signature_test.json 354', 'the key’s use is enc'],
  ['json_web_signature_test.json 356', 'the key’s key_ops is encrypt'],
  ['json_web_key_test.json 19', 'the key’s alg is ES521'],
  ['json_web_key_test.json 20', 'the key’s alg is ES224'],
  ['json_web_key_test.json 21', 'the key’s use is enc'],
]);

describe.skipIf(vectorsMissing)(`Wycheproof JWS and JWK${whySkipped}`, () => {
  for (const file of ['json_web_signature_test.json', 'json_web_key_test.json']) {
    const groups = vectors(`wycheproof/${file}`).at('testGroups').list();
    const cases = groups.flatMap((group) =>
      group
        .at('tests')
        .list()
        .map((test) => ({ test, keys: keysOf(group) })),
    );

    it(`${file}: ES256 as it says; every other key is refused, valid or not`, () => {
      const accepted: number[] = [];
      for (const { test, keys } of cases) {
        const id = test.at('tcId').number();
        const token = test.at('jws').text();
        const valid = test.at('result').text() === 'valid';
        for (const key of keys) {
          const problem = signatureProblem(token, algOf(token), pinned(jwkOf(key)));
          if (!ours(key)) expect([id, problem]).toEqual([id, expect.stringContaining('neither Ed25519 nor P-256')]);
          else if (forOtherUses.has(`${file} ${id}`)) expect(problem).toBeUndefined();
          else expect([id, problem === undefined]).toEqual([id, valid]);
          if (problem === undefined) accepted.push(id);
          // Whole, not one is opened: none has our typ.
          expect(opened(token, pinned(jwkOf(key), 'kid-ec-sign'))).toThrow();
        }
      }
      // So that the vectors are known to have been read: what is accepted is named.
      expect(accepted).toEqual(file === 'json_web_key_test.json' ? [19, 20, 21] : [18, 354, 356, 378]);
    });
  }
});
