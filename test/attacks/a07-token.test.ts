import { createHmac, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refuseSharedTokens } from '../../src/custody/evidence.ts';
import { parseAccountId, parseEntryId, type ServiceToken, second } from '../../src/domain/index.ts';
import type { Evidence } from '../../src/gate/cases.ts';
import { part, signedToken } from '../attestation/signed-token.ts';
import { TestStation } from '../custody/station.ts';
import { leaves, live, refused } from './attempt.ts';
import {
  accepting,
  attester,
  type Deviations,
  issuer,
  type MfaCustomer,
  publicKeyOf,
  ripeMfaCustomer,
  tokenFor,
} from './mfa-customers.ts';
import { deviceOf, prepareFactor, restartUnder } from './people.ts';

const stranger = generateKeyPairSync('ed25519'); // a test key

let station: TestStation;
let alice: MfaCustomer;
beforeEach(async () => {
  station = await TestStation.open({ policy: accepting() });
  alice = await ripeMfaCustomer(station, 'alice');
});
afterEach(() => station.close());

const authorized = (): number => leaves(station).filter((leaf) => leaf.kind === 'withdrawal-authorized').length;
const now = (): number => Math.floor(station.time.wall / second);

/** A withdrawal by whatever token is made for it. */
async function by(make: (digest: string) => ServiceToken, id = 'w-1') {
  const { intent } = await alice.prepare(id);
  return () => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [make(intent.digest)] });
}

describe('A7: an account that only an MFA service speaks for', () => {
  it.each(['ed-1', 'ec-1'])('pays by a token of a pinned key (%s), and the leaf says who attested', async (kid) => {
    expect((await alice.authorize('w-1', { kid })).state).toBe('AUTHORIZED');
    expect((await station.sign(['w-1'])).state).toBe('PERMITTED');
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
    const told = leaves(station).filter(({ fields }) => fields['services'] !== undefined);
    expect(told.map(({ kind, fields }) => [kind, fields['services']])).toEqual([
      ['destination-added', issuer],
      ['withdrawal-authorized', issuer],
    ]);
  });
});

describe('A7: a token that isn’t the service’s word, or not for this', () => {
  const invalid: readonly [what: string, of: (() => Deviations) | Deviations][] = [
    ['alg none', { header: { alg: 'none' } }],
    ['alg ES256 for an Ed25519 key', { header: { alg: 'ES256' } }],
    ['a kid that is not pinned', { header: { kid: 'ed-2' } }],
    ['a kid that leads to a file', { header: { kid: '../../../../dev/null' } }],
    ['a kid that is SQL', { header: { kid: "ed-1' OR '1'='1" } }],
    ['jku', { header: { jku: 'https://mallory.example/keys' } }],
    ['jwk', { header: { jwk: stranger.publicKey.export({ format: 'jwk' }) } }],
    ['x5u', { header: { x5u: 'https://mallory.example/chain' } }],
    ['x5c', { header: { x5c: ['MIIB'] } }],
    ['crit', { header: { crit: ['exp'] } }],
    ['b64', { header: { b64: false, crit: ['b64'] } }],
    ['the typ of any token', { header: { typ: 'JWT' } }],
    ['the typ of a voucher', { header: { typ: 'portcullis-admission+jwt' } }],
    ['another station as aud', { claims: { aud: `${'0'.repeat(32)}/1` } }],
    ['another issuer', { claims: { iss: 'admission.example' } }],
    ['another account', { claims: { sub: 'bob' } }],
    ['a life of 121 seconds', () => ({ claims: { exp: now() + 121 } })],
    ['no end', { claims: { exp: Number.MAX_SAFE_INTEGER } }],
    ['an iat two minutes ahead', () => ({ claims: { iat: now() + 120, exp: now() + 180 } })],
    ['an exp that has come', () => ({ claims: { iat: now() - 60, exp: now() } })],
    ['one category in amr', { claims: { amr: ['pwd', 'pin'] } }],
    ['nothing but mfa in amr', { claims: { amr: ['mfa', 'user'] } }],
    ['a code by SMS as the second', { claims: { amr: ['pwd', 'otp', 'sms'] } }],
    ['a jti of one letter', { claims: { jti: 'a' } }],
    ['a further claim', { claims: { scope: 'admin' } }],
  ];
  it.each(invalid)('A7: with %s', async (_, of) => {
    const attempt = await by((digest) => alice.token(digest, typeof of === 'function' ? of() : of));
    await refused(station, attempt, 'attestation-invalid', 'withdrawal');
    expect(authorized()).toBe(0);
  });

  it('A7: signed under HS256 with the public key as its secret', async () => {
    const secrets = [
      publicKeyOf('ed-1').export({ format: 'pem', type: 'spki' }),
      publicKeyOf('ed-1').export({ format: 'der', type: 'spki' }),
    ];
    for (const secret of secrets) {
      const attempt = await by((digest) => {
        const [, claims] = alice.token(digest).token.split('.');
        const input = `${part({ alg: 'HS256', typ: 'portcullis-mfa+jwt', kid: 'ed-1' })}.${claims}`;
        return {
          kind: 'mfa-token',
          token: `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`,
        };
      });
      await refused(station, attempt, 'attestation-invalid', 'withdrawal');
    }
  });

  it('A7: signed by a stranger, cut short, or with its claims changed', async () => {
    const changes: ((token: string) => string)[] = [
      (token) => {
        const [header = '', claims = ''] = token.split('.').map((p) => Buffer.from(p, 'base64url').toString());
        return signedToken(header, claims, stranger.privateKey);
      },
      (token) => `${token.split('.').slice(0, 2).join('.')}.`,
      (token) => {
        const [header, claims = '', signature] = token.split('.');
        const said = JSON.parse(Buffer.from(claims, 'base64url').toString());
        return `${header}.${part({ ...said, exp: said.exp + 1 })}.${signature}`;
      },
    ];
    for (const change of changes) {
      const attempt = await by((digest) => ({ kind: 'mfa-token', token: change(alice.token(digest).token) }));
      await refused(station, attempt, 'attestation-invalid', 'withdrawal');
    }
  });

  it('A2: for another intent of the same account', async () => {
    const other = (await alice.prepare('w-2')).intent;
    const attempt = await by(() => alice.token(other.digest));
    await refused(station, attempt, 'challenge-mismatch', 'withdrawal');
  });

  it('A7: a token is no voucher, and a voucher no token', async () => {
    const { credential, key, registration, intent } = await prepareFactor(
      station,
      alice.account,
      deviceOf('alice'),
      undefined,
    );
    const { name } = station.store.look({}).station;
    const jws = await station.voucher({ account: 'alice', credential, key, station: name });
    await refused(station, await by(() => ({ kind: 'mfa-token', token: jws })), 'attestation-invalid', 'withdrawal');

    const claims = { credential, key, intent_digest: undefined, amr: undefined };
    for (const of of [{}, { claims }, { claims, header: { typ: 'portcullis-admission+jwt' } }]) {
      const approval = { kind: 'voucher' as const, jws: alice.token(intent.digest, of).token };
      const add = () => station.custody.factors.add({ intent: intent.bytes, registration, approval });
      await refused(station, add, 'voucher-invalid', 'factor');
    }
  });

  it('A10: a token lets no first factor in', async () => {
    const { registration, intent } = await prepareFactor(station, alice.account, deviceOf('alice'), undefined);
    const attestations = [alice.token(intent.digest)];
    const add = () =>
      station.custody.factors.add({
        intent: intent.bytes,
        registration,
        approval: { kind: 'attestations', attestations },
      });
    await refused(station, add, 'voucher-missing', 'factor');
  });
});

describe('A3, A7: a token is used again', () => {
  const jti = 'one-and-the-same-jti';

  it('A3: under the same id it is the same withdrawal', async () => {
    const { intent } = await alice.prepare('w-1');
    const request = { intent: intent.bytes, attestations: [alice.token(intent.digest)] };
    const first = await station.custody.withdrawals.authorize(request);
    expect(await station.custody.withdrawals.authorize(request)).toEqual(first);
    await station.restart();
    expect(await station.custody.withdrawals.authorize(request)).toEqual(first);
    expect(authorized()).toBe(1);
  });

  it('A7: its jti, in a token for another withdrawal', async () => {
    await alice.authorize('w-1', { claims: { jti } });
    const attempt = await by((digest) => alice.token(digest, { claims: { jti } }), 'w-2');
    await refused(station, attempt, 'attestation-spent', 'withdrawal');
  });

  it('A7: its jti, under another of the service’s keys, and for a destination', async () => {
    await alice.authorize('w-1', { claims: { jti } });
    const attempt = await by((digest) => alice.token(digest, { kid: 'ec-1', claims: { jti } }), 'w-2');
    await refused(station, attempt, 'attestation-spent', 'withdrawal');
    const list = () => alice.list('entry-2', undefined, { claims: { jti } });
    await station.custody.destinations.remove(parseEntryId('entry-alice', 'entry'));
    await refused(station, list, 'attestation-spent', 'destination');
  });

  it('A7: its jti, that listed a destination, for a withdrawal', async () => {
    const bob = await ripeMfaCustomer(station, 'bob');
    await station.custody.destinations.remove(parseEntryId('entry-bob', 'entry'));
    await bob.list('entry-bob-2', undefined, { claims: { jti } });
    const attempt = await by((digest) => alice.token(digest, { claims: { jti } }));
    await refused(station, attempt, 'attestation-spent', 'withdrawal');
  });

  it('A7: its jti, after a restart', async () => {
    await alice.authorize('w-1', { claims: { jti } });
    await station.restart();
    const attempt = await by((digest) => alice.token(digest, { claims: { jti } }), 'w-2');
    await refused(station, attempt, 'attestation-spent', 'withdrawal');
  });

  it('A7: its jti, twice in one turn', async () => {
    const outcomes = await Promise.allSettled([
      alice.authorize('w-1', { claims: { jti } }),
      alice.authorize('w-2', { claims: { jti } }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(authorized()).toBe(1);
  });

  it('A7: its jti, twice in one request', async () => {
    const { intent } = await alice.prepare('w-1');
    const attestations = [0, 1].map((n) => alice.token(intent.digest, { claims: { jti, iat: now() - n } }));
    const request = { intent: intent.bytes, attestations };
    await refused(station, () => station.custody.withdrawals.authorize(request), 'attestation-spent', 'withdrawal');
  });

  it('A7: its jti, in tokens for two withdrawals that one commit authorizes', () => {
    const of = (account: string, name: string): Evidence => ({
      factor: undefined,
      verification: {
        genuine: true,
        evidence: { kind: 'mfa-token', issuer: name, kid: 'k', account: parseAccountId(account, 'account'), jti },
      },
    });
    // No Ethereum transaction pays two; what pays several is held to this before it is permitted.
    expect(() => refuseSharedTokens([[of('alice', 'a')], [of('bob', 'a')]])).toThrow('one token of an MFA service');
    expect(() => refuseSharedTokens([[of('alice', 'a')], [of('bob', 'b')], []])).not.toThrow();
  });

  it('A7: its jti, that attested a further factor beside a passkey', async () => {
    await restartUnder(station, accepting(undefined, 'classes: 2, accepts: [device, synced, mfa-service]'));
    const passkey = await station.enrol('alice');
    station.passDay();
    const add = async (name: string, claims: object) => {
      const prepared = await prepareFactor(station, alice.account, deviceOf(name), passkey.credential);
      const { intent, registration, credential } = prepared;
      const attestations = [passkey.attest(intent.digest), alice.token(intent.digest, { claims })];
      const approval = { kind: 'attestations' as const, attestations };
      return { credential, add: () => station.custody.factors.add({ intent: intent.bytes, registration, approval }) };
    };
    const second = await add('second', { jti });
    expect((await second.add()).state).toBe('announcing');
    const told = leaves(station).filter(({ kind }) => kind === 'factor-added');
    expect(told.map(({ fields }) => fields['services'])).toEqual([undefined, issuer]);
    await refused(station, (await add('third', { jti })).add, 'attestation-spent', 'factor');
    expect((await (await add('fourth', {})).add()).state).toBe('announcing');
  });

  it('A7: a refusal spends nothing', async () => {
    await station.custody.destinations.remove(parseEntryId('entry-alice', 'entry'));
    const attempt = await by((digest) => alice.token(digest, { claims: { jti } }));
    await refused(station, attempt, 'destination-unlisted', 'withdrawal');
    const bob = await ripeMfaCustomer(station, 'bob');
    expect((await bob.authorize('w-2', { claims: { jti } })).state).toBe('AUTHORIZED');
  });
});

describe('A4: a token that has had its time', () => {
  it('A4: is refused from its exp on, though its intent still stands', async () => {
    const { intent } = await alice.prepare('w-1');
    const token = alice.token(intent.digest);
    await live(station, 60_000);
    const late = () => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [token] });
    await refused(station, late, 'attestation-invalid', 'withdrawal');
  });

  it('A4: approves what is signed a day later: its time bounds authorizing only', async () => {
    await alice.authorize('w-1');
    await live(station, 600_000);
    expect((await station.sign(['w-1'])).state).toBe('PERMITTED');
  });
});

describe('A9: what a token approved, when that no longer counts', () => {
  const signing = (reason: Parameters<typeof refused>[2]) =>
    refused(station, () => station.sign(['w-1']), reason, 'transaction');

  it('A7: is not signed once the key has left the policy', async () => {
    await alice.authorize('w-1');
    await restartUnder(station, accepting(attester('ec-1')));
    await signing('attestation-invalid');
  });

  it('A7: is not signed once the policy says that the key had ended before', async () => {
    await alice.authorize('w-1');
    await restartUnder(station, accepting(attester('ed-1', `, until: '2022-01-17T00:00:00Z'`) + attester('ec-1')));
    await signing('attestation-invalid');
  });

  it('A7: is not signed once the key is another’s', async () => {
    await alice.authorize('w-1');
    await restartUnder(station, accepting(attester('ed-1', '', 'other.example') + attester('ec-1')));
    await signing('attestation-invalid');
  });

  it('A7: is not signed once policy accepts no tokens', async () => {
    await alice.authorize('w-1');
    await restartUnder(station, accepting(attester('ed-1'), 'accepts: [device]'));
    await signing('factor-class-refused');
  });

  it('A7: is signed after its key has ended, and beside the next', async () => {
    await alice.authorize('w-1');
    const until = new Date(station.time.wall + 600_000).toISOString().replace('.000', '');
    await restartUnder(station, accepting(attester('ed-1', `, until: '${until}'`) + attester('ed-2')));
    await live(station, 1_200_000);
    expect((await station.sign(['w-1'])).state).toBe('PERMITTED');
    const attempt = await by((digest) => alice.token(digest), 'w-2');
    await refused(station, attempt, 'attestation-invalid', 'withdrawal');
    expect((await alice.authorize('w-3', { kid: 'ed-2' })).state).toBe('AUTHORIZED');
  });

  it('A9: is not signed after the epoch was raised, and pays again only to a destination that is listed anew', async () => {
    const founded = await TestStation.open({ policy: accepting(), operators: {} });
    try {
      const bob = await ripeMfaCustomer(founded, 'bob');
      await bob.authorize('w-1');
      await founded.operators.act(['olivia', 'omar'], 'epoch', 'factors');
      await refused(founded, () => founded.sign(['w-1']), 'factor-revoked', 'transaction');
      await refused(founded, () => bob.authorize('w-2'), 'destination-unripe', 'withdrawal');
      await founded.custody.destinations.remove(parseEntryId('entry-bob', 'entry'));
      await bob.list('entry-bob-2');
      await founded.deliver();
      founded.passDay();
      expect((await bob.authorize('w-3')).state).toBe('AUTHORIZED');
    } finally {
      await founded.close();
    }
  });

  it('D4: is not signed where the kept token is another', async () => {
    const record = await alice.authorize('w-1');
    const row = station.store.read('withdrawals', record.id);
    expect(new TextDecoder().decode(row?.evidence)).toContain('"kind":"mfa-token"');
    const forged = tokenFor(station, 'alice', record.digest, { claims: { amr: ['pwd'] } });
    const evidence = JSON.stringify({ type: 'portcullis/evidence/v1', attestations: [forged] });
    await station.store.decide({ rows: [['withdrawals', record.id]] }, (facts) => {
      const kept = facts.get('withdrawals', record.id);
      if (kept === undefined) throw new Error('gone');
      return {
        result: undefined,
        writes: [{ table: 'withdrawals', record: { ...kept, evidence: Buffer.from(evidence) } }],
      };
    });
    await signing('attestation-invalid');
  });
});
