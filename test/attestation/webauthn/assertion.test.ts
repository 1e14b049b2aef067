import { p256 } from '@noble/curves/nist.js';
import { describe, expect, it } from 'vitest';
import { verifyAssertion } from '../../../src/attestation/webauthn/assertion.ts';
import { parseFactorId } from '../../../src/domain/index.ts';
import {
  AT,
  assertion,
  authenticatorData,
  BE,
  BS,
  bytes,
  challenge,
  clientData,
  ED,
  eddsa,
  es256,
  expected,
  judged,
  origin,
  otherDigest,
  outcome,
  rpId,
  UP,
  UV,
  utf8,
} from './credential.ts';

describe('an assertion', () => {
  it.each([
    ['ES256', es256],
    ['EdDSA', eddsa],
  ])('by %s over the intent’s digest is genuine, and says what its factor is now', (_, credential) => {
    expect(verifyAssertion(assertion(credential), expected(credential))).toEqual({
      genuine: true,
      evidence: {
        kind: 'webauthn',
        factor: credential.id,
        class: 'device',
        ceremony: 'webauthn.get',
        userVerified: true,
        signCount: 7,
        backupState: false,
      },
    });
  });

  it('keeps the class that its factor was enrolled with', () => {
    const verification = verifyAssertion(assertion(es256), expected(es256, { class: 'hardware' }));
    expect(verification).toMatchObject({ genuine: true, evidence: { class: 'hardware' } });
  });

  it('may carry members of the client data and extensions that nobody knows (WebAuthn L3 §5.8.1, §6.1)', () => {
    const client = clientData({ extraData: 'may be extended', androidPackageName: { a: [1, 'challenge'] } });
    const data = authenticatorData({ flags: UP | UV | ED, rest: bytes('a16b6372656450726f7465637402') });
    expect(judged({ client, data })).toBe('genuine');
  });

  it('may be as long as the bounds say: 8192 bytes of client data, 4096 of authenticator data', () => {
    const client = clientData({ x: 'x'.repeat(8192 - clientData({ x: '' }).length) });
    const data = authenticatorData({ flags: UP | UV | ED, rest: bytes('a16161590fd5', '00'.repeat(4053)) });
    expect([client.length, data.length]).toEqual([8192, 4096]);
    expect(judged({ client, data })).toBe('genuine');
  });

  it('may come without crossOrigin, as from browsers before WebAuthn L2', () => {
    expect(judged({ client: clientData({ crossOrigin: undefined }) })).toBe('genuine');
  });
});

describe('the client data', () => {
  it.each(['webauthn.create', 'payment.get', 'webauthn.get ', undefined, 7])(
    'A5: of the type %j are refused',
    (type) => {
      expect(judged({ client: clientData({ type }) })).toBe('attestation-invalid');
    },
  );

  it('A2: that answer another intent are refused', () => {
    expect(judged({}, {}, { digest: otherDigest })).toBe('challenge-mismatch');
  });

  it.each([
    ['padded', `${challenge}=`],
    ['in hex', Buffer.from(challenge, 'base64url').toString('hex')],
    ['shortened', challenge.slice(0, -1)],
    ['missing', undefined],
    ['a list', [challenge]],
    // 43 characters spell 258 bits: the last two are left over.
    [
      'in another spelling of the same bytes',
      challenge.slice(0, -1) + String.fromCharCode(challenge.charCodeAt(42) + 1),
    ],
  ])('A11: whose challenge is %s are refused', (_, value) => {
    expect(judged({ client: clientData({ challenge: value }) })).toBe('challenge-mismatch');
  });

  it.each([
    'https://evil.example',
    `${origin}/`,
    `${origin}:8443`,
    'http://approve.example.com',
    'https://APPROVE.example.com',
    'https://approve.example.com.evil.example',
    'https://example.com',
    '',
    undefined,
    [origin],
  ])('A5: made on the origin %j are refused', (foreign) => {
    expect(judged({ client: clientData({ origin: foreign }) })).toBe('origin-mismatch');
  });

  it.each([true, 'false', 0, null])(
    'A5: made in a frame of another origin (crossOrigin %j) are refused',
    (crossOrigin) => {
      expect(judged({ client: clientData({ crossOrigin }) })).toBe('cross-origin');
    },
  );

  it.each(['https://evil.example', origin, '', null])('A5: with the topOrigin %j are refused', (topOrigin) => {
    expect(judged({ client: clientData({ topOrigin }) })).toBe('cross-origin');
  });

  it.each([{ status: 'present', id: 'x' }, { status: 'supported' }, null])(
    'with tokenBinding %j are refused',
    (tokenBinding) => {
      expect(judged({ client: clientData({ tokenBinding }) })).toBe('attestation-invalid');
    },
  );

  const text = new TextDecoder().decode(clientData());
  it.each([
    ['of invalid UTF-8', bytes(utf8(text.slice(0, -1)), utf8(',"x":"'), 'c328', utf8('"}'))],
    ['after a byte order mark', bytes('efbbbf', utf8(text))],
    ['that state the challenge twice', utf8(text.replace('{', `{"challenge":"AAAA",`))],
    ['that state it twice, once escaped', utf8(text.replace('{', `{"\\u0063hallenge" : "AAAA",`))],
    ['that repeat a member deeper down', utf8(text.replace('{', `{"x":[{"a":{"b":1,"b":1}}],`))],
    ['in a list', utf8(`[${text}]`)],
    ['that are null', utf8('null')],
    ['that are no JSON', utf8(text.slice(0, -1))],
    ['that are empty', utf8('')],
    ['with something after their end', utf8(`${text}{}`)],
    ['longer than 8 KiB', clientData({ x: 'x'.repeat(8192) })],
  ])('A5: %s are refused', (_, client) => {
    expect(judged({ client })).toBe('attestation-invalid');
  });
});

describe('the authenticator data', () => {
  it.each(['evil.example', 'example.com', 'APPROVE.example.com', origin])('A5: for the RP ID %j are refused', (rp) => {
    expect(judged({ data: authenticatorData({ rp }) })).toBe('rp-mismatch');
  });

  it('A5: without a person present (UP) are refused', () => {
    expect(judged({ data: authenticatorData({ flags: UV }) })).toBe('user-not-present');
  });

  it('A5: without the person verified (UV) are refused where policy wants it, and only there', () => {
    const data = authenticatorData({ flags: UP });
    expect(judged({ data })).toBe('user-not-verified');
    expect(judged({ data }, {}, { userVerification: false })).toBe('genuine');
  });

  it.each([
    ['that became a synced credential’s', BE, false],
    ['that were a synced credential’s', 0, true],
  ])('A5: %s (BE changed) are refused', (_, flags, backupEligible) => {
    expect(judged({ data: authenticatorData({ flags: UP | UV | flags }) }, { backupEligible })).toBe(
      'backup-state-invalid',
    );
  });

  it('A5: say what changed', () => {
    const told = (flags: number, backupEligible: boolean) => {
      const sent = assertion(es256, { data: authenticatorData({ flags: UP | UV | flags }) });
      const verification = verifyAssertion(sent, expected(es256, { backupEligible }));
      return verification.genuine ? 'genuine' : verification.message;
    };
    expect(told(BE, false)).toBe('the credential can be backed up, and could not when it was enrolled (BE changed)');
    expect(told(0, true)).toBe('the credential can’t be backed up, and could when it was enrolled (BE changed)');
  });

  it('A5: that are backed up and can’t be (BS without BE) are refused', () => {
    const data = authenticatorData({ flags: UP | UV | BS });
    expect(judged({ data })).toBe('backup-state-invalid');
    expect(judged({ data }, { backupEligible: true })).toBe('backup-state-invalid');
  });

  it.each([
    [BE | BS, true],
    [BE, false],
  ])('may change whether they are backed up (BS): flags %i give %s', (flags, backupState) => {
    const verification = verifyAssertion(
      assertion(es256, { data: authenticatorData({ flags: UP | UV | flags }) }),
      expected(es256, { backupEligible: true, backupState: !backupState, class: 'synced' }),
    );
    expect(verification).toMatchObject({ genuine: true, evidence: { backupState } });
  });

  const attested = bytes('00'.repeat(16), '0010', '11'.repeat(16), es256.coseKey);
  const map = bytes('a16161f5');
  it.each([
    ['one byte short', authenticatorData().slice(0, 36)],
    ['empty', bytes('')],
    ['with a byte after their end', authenticatorData({ rest: bytes('00') })],
    ['with extensions that no flag announces', authenticatorData({ rest: map })],
    ['that announce extensions and have none', authenticatorData({ flags: UP | UV | ED })],
    ['with extensions that are no map', authenticatorData({ flags: UP | UV | ED, rest: bytes('01') })],
    ['with a byte after the extensions', authenticatorData({ flags: UP | UV | ED, rest: bytes(map, '00') })],
    ['with extensions cut off', authenticatorData({ flags: UP | UV | ED, rest: map.slice(0, -1) })],
    [
      'with extensions nested too deep',
      authenticatorData({ flags: UP | UV | ED, rest: bytes('a16161'.repeat(9), 'f5') }),
    ],
    [
      'with 5 KiB of extensions',
      authenticatorData({ flags: UP | UV | ED, rest: bytes('a16161591388', '00'.repeat(5000)) }),
    ],
    ['with attested data', authenticatorData({ flags: UP | UV | AT, rest: attested })],
    ['with attested data and extensions', authenticatorData({ flags: UP | UV | AT | ED, rest: bytes(attested, map) })],
    ['that announce attested data and have none', authenticatorData({ flags: UP | UV | AT })],
  ])('%s are refused', (_, data) => {
    expect(judged({ data })).toBe('attestation-invalid');
  });
});

describe('the credential and its signature', () => {
  it('A5: another credential’s id is refused, however good its signature', () => {
    const sent = { ...assertion(es256), credential: parseFactorId(eddsa.id, 'id') };
    expect(outcome(verifyAssertion(sent, expected(es256)))).toBe('credential-mismatch');
  });

  const good = assertion(es256);
  const der = good.signature;
  const { r, s } = p256.Signature.fromBytes(der, 'der');
  it.each([
    ['with a bit flipped', Uint8Array.from(der, (byte, i) => (i === 20 ? byte ^ 1 : byte))],
    ['of another key', eddsa.sign(bytes('00'))],
    ['empty', bytes('')],
    ['raw instead of DER', new p256.Signature(r, s).toBytes('compact')],
    ['with a byte after its end', bytes(der, '00')],
    ['with a length that is too long', bytes('3081', der.slice(1))],
    ['of zeros', bytes('3006020100020100')],
    ['a megabyte long', new Uint8Array(1_000_000).fill(0x30)],
  ])('A5: an ES256 signature %s is refused', (_, signature) => {
    expect(outcome(verifyAssertion({ ...good, signature }, expected(es256)))).toBe('signature-invalid');
  });

  it('A5: an EdDSA signature with S + L is refused', () => {
    const sent = assertion(eddsa);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const half = Buffer.from(sent.signature.slice(32)).reverse().toString('hex');
    const twin = Buffer.from((BigInt(`0x${half}`) + order).toString(16).padStart(64, '0'), 'hex').reverse();
    const signature = bytes(sent.signature.slice(0, 32), new Uint8Array(twin));
    expect(outcome(verifyAssertion({ ...sent, signature }, expected(eddsa)))).toBe('signature-invalid');
  });

  it('A2: a signature over other client data is refused', () => {
    const sent = { ...good, clientData: clientData({ x: 1 }) };
    expect(outcome(verifyAssertion(sent, expected(es256)))).toBe('signature-invalid');
  });

  it('A12: an ES256 signature’s twin (r, n − s) is the same evidence, with nothing in it to pass as new', () => {
    const signature = new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes('der');
    expect(signature).not.toEqual(der);
    const verification = verifyAssertion({ ...good, signature }, expected(es256));
    expect(verification).toEqual(verifyAssertion(good, expected(es256)));
    expect(outcome(verification)).toBe('genuine');
  });

  it('A1: a factor whose key is no key refuses, and doesn’t throw', () => {
    expect(outcome(verifyAssertion(good, expected(es256, { coseKey: bytes('') })))).toBe('attestation-invalid');
  });

  it.each([
    [{ type: undefined }, 'the client data has the type absent, expected webauthn.get'],
    [{ type: { a: 1 } }, 'the client data has the type "{\\"a\\":1}", expected webauthn.get'],
  ])('says what was there instead: %j', (members, message) => {
    expect(verifyAssertion(assertion(es256, { client: clientData(members) }), expected(es256))).toMatchObject({
      message,
    });
  });

  it('says which value was wrong, without letting it break a line', () => {
    const sent = assertion(es256, { client: clientData({ origin: 'https://evil\n\u202e.example' }) });
    const verification = verifyAssertion(sent, expected(es256));
    expect(verification).toMatchObject({
      message: `the origin "https://evil\\n\\u{202e}.example" is not one of https://other.example.com, https://${rpId}`,
    });
  });
});
