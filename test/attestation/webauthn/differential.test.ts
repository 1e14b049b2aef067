import { p256 } from '@noble/curves/nist.js';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyAssertion } from '../../../src/attestation/webauthn/assertion.ts';
import type { Assertion, Verification } from '../../../src/domain/index.ts';
import {
  AT,
  assertion,
  authenticatorData,
  BE,
  BS,
  base64url,
  bytes,
  challenge,
  clientData,
  ED,
  eddsa,
  es256,
  expected,
  origin,
  rpId,
  type TestCredential,
  UP,
  UV,
  utf8,
} from './credential.ts';

/** What @simplewebauthn/server, another implementation of WebAuthn L3 §7.2, says to the same assertion. */
async function theirs(credential: TestCredential, sent: Assertion, signCount: number): Promise<boolean> {
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: {
        id: sent.credential,
        rawId: sent.credential,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(sent.clientData),
          authenticatorData: base64url(sent.authenticatorData),
          signature: base64url(sent.signature),
        },
      },
      expectedChallenge: challenge,
      expectedOrigin: ['https://other.example.com', origin],
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: { id: credential.id, publicKey: new Uint8Array(credential.coseKey), counter: signCount },
    });
    return verified;
  } catch {
    return false;
  }
}

const lax = bytes(clientData().slice(0, -1), utf8(',"y":"'), 'c0', utf8('"}'));
const twice = utf8(new TextDecoder().decode(clientData()).replace('{', '{"challenge":"AAAA",'));
const extended = (rest: Uint8Array) => authenticatorData({ flags: UP | UV | ED, rest });

function isDer(signature: Uint8Array): boolean {
  try {
    return Buffer.compare(p256.Signature.fromBytes(signature, 'der').toBytes('der'), signature) === 0;
  } catch {
    return false;
  }
}

/** Where the station refuses and the library doesn't: only for one of these reasons, each with an example. */
const stricter: readonly {
  readonly why: string;
  readonly message: RegExp;
  readonly client?: Uint8Array;
  readonly data?: Uint8Array;
  readonly after?: Uint8Array;
  /** Where the message alone doesn't tell. */
  readonly only?: (sent: Assertion) => boolean;
}[] = [
  {
    why: 'the library takes an ES256 signature in other encodings than DER, such as with a byte after it',
    message: /^the signature is not/,
    after: bytes('00'),
    only: ({ credential, signature }) => credential === es256.id && !isDer(signature),
  },
  {
    why: 'the library lets a frame pass that states no topOrigin',
    message: /crossOrigin .*; it must be false or absent$/,
    client: clientData({ crossOrigin: true }),
  },
  {
    why: 'the library takes an empty topOrigin for none',
    message: /^the page was framed by/,
    client: clientData({ topOrigin: '' }),
  },
  {
    why: 'the library knows token binding from WebAuthn L1 and L2',
    message: /has a tokenBinding/,
    client: clientData({ tokenBinding: { status: 'supported' } }),
  },
  { why: 'the library puts U+FFFD for bad UTF-8', message: /^the client data is not UTF-8$/, client: lax },
  { why: 'the library keeps the last of two members', message: /^the client data states its member/, client: twice },
  {
    why: 'the library strips a byte order mark',
    message: /^the client data is not JSON$/,
    client: bytes('efbbbf', clientData()),
  },
  {
    why: 'the library has no bound',
    message: /^the client data is longer than/,
    client: clientData({ x: 'x'.repeat(8192) }),
  },
  {
    why: 'the library does not compare BE with the enrolment',
    message: /\(BE changed\)$/,
    data: authenticatorData({ flags: UP | UV | BE }),
  },
  {
    why: 'the library takes attested data in an assertion',
    message: /only a registration does$/,
    data: authenticatorData({
      flags: UP | UV | AT,
      rest: bytes('00'.repeat(16), '0010', '11'.repeat(16), es256.coseKey),
    }),
  },
  {
    why: 'the library takes attested data with a credential id of any length',
    message: /have a credential id of \d+ bytes/,
    data: authenticatorData({ flags: UP | UV | AT, rest: bytes('00'.repeat(16), '0001', '11', es256.coseKey) }),
  },
  {
    why: 'the library takes CBOR with keys out of order',
    message: /^the extension data is not canonical CBOR/,
    data: extended(bytes('a26162f56161f5')),
  },
  {
    why: 'the library takes an empty list for extensions',
    message: /^the extension data is not a CBOR map$/,
    data: extended(bytes('80')),
  },
  {
    why: 'the library has no bound',
    message: /^the authenticator data must be 37 to 4096 bytes/,
    data: extended(bytes('a161615913', '88', '00'.repeat(5000))),
  },
];

interface Case {
  readonly credential: TestCredential;
  readonly sent: Assertion;
  readonly signCount: number;
}

async function agrees({ credential, sent, signCount }: Case): Promise<Verification> {
  const ours = verifyAssertion(sent, expected(credential, { signCount }));
  const accepted = await theirs(credential, sent, signCount);
  if (ours.genuine) expect(accepted).toBe(true);
  else if (accepted)
    expect(
      stricter.some(({ message, only = () => true }) => message.test(ours.message) && only(sent)),
      ours.message,
    ).toBe(true);
  return ours;
}

const credentials = fc.constantFrom(es256, eddsa);
const mutations = fc.array(
  fc.record({
    part: fc.constantFrom('authenticatorData' as const, 'clientData' as const, 'signature' as const),
    kind: fc.constantFrom('flip', 'cut', 'insert'),
    at: fc.nat(400),
    value: fc.integer({ min: 1, max: 255 }),
  }),
  { maxLength: 3 },
);

function mutated(good: Uint8Array, kind: string, at: number, value: number): Uint8Array {
  const place = at % (good.length + 1);
  if (kind === 'cut') return bytes(good.slice(0, place), good.slice(place + 1));
  if (kind === 'insert') return bytes(good.slice(0, place), Uint8Array.of(value), good.slice(place));
  return Uint8Array.from(good, (byte, i) => (i === place ? byte ^ value : byte));
}

// What a dishonest client could have the authenticator sign: rightly signed, so that only the checks stand in its way.
const odd = fc.constantFrom<unknown>(undefined, null, true, false, 0, '', 'x', origin, [origin], {
  status: 'supported',
});
const clientParts = fc
  .record({
    members: fc.record(
      {
        type: fc.constantFrom('webauthn.get', 'webauthn.create'),
        challenge: fc.constantFrom<unknown>(challenge, `${challenge}=`, 'AAAA', null),
        origin: fc.constantFrom<unknown>(origin, 'https://evil.example', [origin], null),
        crossOrigin: odd,
        topOrigin: odd,
        tokenBinding: odd,
        extra: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
    form: fc.constantFrom('plain', 'plain', 'bom', 'twice', 'bad'),
  })
  .map(({ members, form }) => {
    const plain = clientData(members);
    const text = new TextDecoder().decode(plain);
    if (form === 'bom') return bytes('efbbbf', plain);
    if (form === 'twice') return utf8(text.replace('{', '{"challenge":"AAAA",'));
    if (form === 'bad') return bytes(plain.slice(0, -1), utf8(',"y":"'), 'c0', utf8('"}'));
    return plain;
  });
const dataParts = fc.record({
  flags: fc.constantFrom(UP | UV, UP, UV, UP | UV | BE, UP | UV | BS, UP | UV | BE | BS, UP | UV | ED, UP | UV | AT),
  signCount: fc.constantFrom(0, 5, 6, 7),
  rp: fc.constantFrom(rpId, rpId, 'evil.example'),
  rest: fc.constantFrom(
    bytes(''),
    bytes(''),
    bytes('a16161f5'), // {"a": true}
    bytes('a26162f56161f5'), // keys out of order
    bytes('a1616118ff'),
    bytes('a161611801'), // 1 in a longer form
    bytes('80'),
    bytes('00'),
    bytes('00'.repeat(16), '0010', '11'.repeat(16), es256.coseKey),
  ),
});

describe('the verifier and @simplewebauthn/server', () => {
  it.each(stricter)('A5: differ: $why', async ({ message, client, data, after = bytes('') }) => {
    const good = assertion(es256, { ...(client && { client }), ...(data && { data }) });
    const sent = { ...good, signature: bytes(good.signature, after) };
    expect(await theirs(es256, sent, 6)).toBe(true);
    expect(verifyAssertion(sent, expected(es256))).toMatchObject({
      genuine: false,
      message: expect.stringMatching(message),
    });
  });

  it('A5: agree on a genuine assertion with bytes changed, put in or left out', async () => {
    await fc.assert(
      fc.asyncProperty(credentials, mutations, async (credential, changes) => {
        let sent = assertion(credential);
        for (const { part, kind, at, value } of changes)
          sent = { ...sent, [part]: mutated(sent[part], kind, at, value) };
        const ours = await agrees({ credential, sent, signCount: 6 });
        if (changes.length === 0) expect(ours.genuine).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('A5: agree on what is rightly signed, or the station is stricter for a named reason', async () => {
    let genuine = 0;
    await fc.assert(
      fc.asyncProperty(
        credentials,
        fc.oneof(clientParts, fc.constant(clientData())),
        fc.oneof(dataParts.map(authenticatorData), fc.constant(authenticatorData())),
        fc.constantFrom(0, 6),
        async (credential, client, data, signCount) => {
          const sent = assertion(credential, { client, data });
          if ((await agrees({ credential, sent, signCount })).genuine) genuine++;
        },
      ),
      { numRuns: 600 },
    );
    expect(genuine).toBeGreaterThan(20);
  });
});
