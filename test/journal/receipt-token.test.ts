import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseInstant, parseWithdrawalId, type WallMs } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { ReceiptError } from '../../src/journal/receipt-error.ts';
import { checkReceiptToken, type ExpectedReceiptToken } from '../../src/journal/receipt-token.ts';
import { accepting, attester, type Deviations, issuer, ripeMfaCustomer, tokenFor } from '../attacks/mfa-customers.ts';
import { TestStation } from '../custody/station.ts';
import { forge, type LooseReceipt } from './forged-log.ts';

let station: TestStation;
let genuine: LooseReceipt;
let digest: string;
beforeAll(async () => {
  station = await TestStation.open({ policy: accepting() });
  const alice = await ripeMfaCustomer(station, 'alice');
  ({ digest } = await alice.authorize('w-1'));
  await station.sign(['w-1']);
  await station.settle();
  genuine = JSON.parse(new TextDecoder().decode(await station.custody.journal.receipt(parseWithdrawalId('w-1', 'id'))));
});
afterAll(() => station.close());

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ReceiptError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'verified';
}

const token = (of: Deviations = {}): string => tokenFor(station, 'alice', digest, of).token;

describe('I5: a receipt of a withdrawal that an MFA service attested', () => {
  it('proves it to someone who has only the log’s public key', () => {
    const bytes = new TextEncoder().encode(JSON.stringify(genuine));
    const facts = verifyReceipt(bytes, station.verifierKey);
    expect(facts.map((f) => f.what)).toEqual(['log', 'station', 'approved', 'attested', 'ripe', 'permitted', 'signed']);
    const said = facts.map((f) => f.sentence);
    expect(said[3]).toBe(
      'The MFA service mfa.example attested this intent, after two kinds of proof, under its key ed-1 of the policy.',
    );
    expect(said[4]).toContain('signed by the MFA service mfa.example under its key ed-1');
    expect(genuine.factors).toEqual([]);
  });

  const lies: readonly [what: string, change: Parameters<typeof forge>[1], reason: string][] = [
    ['no token', (_, r) => void r.evidence.attestations.splice(0), 'evidence-invalid: leaf 4 was approved by nobody'],
    [
      'no token of its destination',
      (_, r) => void r.destination.evidence.attestations.splice(0),
      'evidence-invalid: leaf 2 was approved by nobody',
    ],
    [
      'the destination’s token for the payment’s',
      (_, r) => void r.evidence.attestations.splice(0, 1, ...r.destination.evidence.attestations),
      'evidence-invalid: an MFA token has another digest',
    ],
    [
      'a leaf that names another service',
      (leaves) => {
        for (const leaf of leaves) if (leaf.fields['services'] !== undefined) leaf.fields['services'] = 'other.example';
      },
      'evidence-invalid: leaf 4 was approved by other MFA services',
    ],
    [
      'a leaf that names none',
      (leaves) => {
        for (const leaf of leaves) delete leaf.fields['services'];
      },
      'evidence-invalid: leaf 4 was approved by other MFA services',
    ],
    [
      'a factor that the leaf names beside it',
      (leaves) => {
        for (const leaf of leaves) if ('factors' in leaf.personal) leaf.personal['factors'] = 'A'.repeat(43);
      },
      'evidence-invalid: leaf 4 was approved by other factors',
    ],
    [
      'another kind of evidence',
      (_, r) => void r.evidence.attestations.splice(0, 1, { kind: 'password', token: 'x' }),
      'receipt-malformed: evidence.attestations[0].kind is none of webauthn, totp and mfa-token',
    ],
    [
      'a token and something beside it',
      (_, r) => void Object.assign(r.evidence.attestations[0] ?? {}, { note: 'x' }),
      'receipt-malformed: evidence.attestations[0].note is not a member',
    ],
  ];
  it.each(lies)('is refused that shows %s', (_, change, reason) => {
    const { bytes, verifierKey } = forge(genuine, change);
    expect(reasonOf(() => verifyReceipt(bytes, verifierKey))).toContain(reason);
  });
});

describe('a token, as a receipt shows it', () => {
  const checked = (jws: string, of: Partial<ExpectedReceiptToken> = {}): string =>
    reasonOf(() => {
      expect(
        checkReceiptToken(jws, {
          policy: station.document(),
          aud: station.store.look({}).station.name,
          sub: 'alice',
          digest,
          time: station.time.wall,
          ...of,
        }),
      ).toEqual({ iss: issuer, kid: expect.any(String) });
    });
  const iat = () => Math.floor(station.time.wall / 1000);
  const later = (s: number): WallMs => ((iat() + s) * 1000) as WallMs;
  const until = (bounds: string): string =>
    station.document((d) => d.replace(attester('ed-1'), attester('ed-1', bounds)));

  it('is genuine under each kind of key', () => {
    for (const kid of ['ed-1', 'ec-1']) expect(checked(token({ kid }))).toBe('verified');
  });

  const wrong: readonly [what: string, jws: () => string, message: string][] = [
    ['no JWS', () => 'a.b', 'is not a compact JWS'],
    ['padding', () => `${token()}=`, 'is not a compact JWS'],
    ['four parts', () => `${token()}.e30`, 'is not a compact JWS'],
    ['no JSON', () => `${Buffer.from('x').toString('base64url')}.e30.AA`, 'holds no JSON objects'],
    ['another typ', () => token({ header: { typ: 'JWT' } }), 'is not one of version 1'],
    ['jku', () => token({ header: { jku: 'x' } }), 'is not one of version 1'],
    ['a further claim', () => token({ claims: { nbf: 1 } }), 'is not one of version 1'],
    ['no jti', () => token({ claims: { jti: undefined } }), 'is not one of version 1'],
    ['another aud', () => token({ claims: { aud: 'x' } }), 'has another aud'],
    ['another sub', () => token({ claims: { sub: 'bob' } }), 'has another sub'],
    ['another intent', () => token({ claims: { intent_digest: 'x' } }), 'has another digest'],
    ['a number as iss', () => token({ claims: { iss: 1 } }), 'lacks its iss'],
    ['a number as jti', () => token({ claims: { jti: 1 } }), 'lacks its iss'],
    ['text as iat', () => token({ claims: { iat: '1' } }), 'lacks its iss'],
    ['text as exp', () => token({ claims: { exp: '1' } }), 'lacks its iss'],
    ['a long life', () => token({ claims: { exp: iat() + 121 } }), 'lives too long'],
    ['one category', () => token({ claims: { amr: ['pwd'] } }), 'fewer than two categories'],
    ['text as amr', () => token({ claims: { amr: 'pwd hwk' } }), 'fewer than two categories'],
    ['another issuer', () => token({ claims: { iss: 'other.example' } }), 'pins no key ed-1 of other.example'],
    ['an unknown kid', () => token({ header: { kid: 'ed-9' } }), 'pins no key ed-9'],
    ['another alg', () => token({ header: { alg: 'ES256' } }), 'its key is for EdDSA'],
    ['another’s signature', () => token({ kid: 'ed-2', header: { kid: 'ed-1' } }), 'does not verify under the key'],
  ];
  it.each(wrong)('with %s is refused', (_, jws, message) => {
    expect(checked(jws())).toContain(message);
  });

  it('is good around the time at which it was accepted, and not else', () => {
    expect(checked(token(), { time: later(-60) })).toBe('verified');
    expect(checked(token(), { time: later(-61) })).toContain('was not good when it was accepted');
    expect(checked(token(), { time: later(120) })).toBe('verified');
    expect(checked(token(), { time: later(121) })).toContain('was not good when it was accepted');
  });

  it('is by a key that had its time', () => {
    expect(checked(token(), { policy: until(`, until: '2023-01-01T00:00:00Z'`) })).toBe('verified');
    expect(checked(token(), { policy: until(`, until: '2022-01-01T00:00:00Z'`) })).toContain(
      'outside the time of its key',
    );
    expect(checked(token(), { policy: until(`, from: '2023-01-01T00:00:00Z'`) })).toContain(
      'outside the time of its key',
    );
    expect(parseInstant('2022-01-01T00:00:00Z', 'x')).toBeLessThan(station.time.wall);
  });

  it('is under a policy that lists MFA services', () => {
    expect(checked(token(), { policy: 'version: 1' })).toContain('a policy document lists no MFA services');
    expect(checked(token(), { policy: '}' })).toContain('a policy document is no YAML');
  });
});
