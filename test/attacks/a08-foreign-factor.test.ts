import { generateKeyPairSync } from 'node:crypto';
import { CompactSign } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Attestation } from '../../src/domain/index.ts';
import { Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { altered, leaves, refused } from './attempt.ts';
import { destinationIntent, deviceOf, furtherFactor, prepareFactor } from './people.ts';

type Prepared = Awaited<ReturnType<typeof prepareFactor>>;

describe('A8: a factor of the attacker’s own for a customer’s account', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const thief = deviceOf('thief');
  const add =
    ({ intent, registration }: Prepared, attestation?: Attestation) =>
    () =>
      station.custody.factors.add({
        intent: intent.bytes,
        registration,
        approval: attestation === undefined ? undefined : { kind: 'attestations', attestations: [attestation] },
      });
  const vouched =
    ({ intent, registration }: Prepared, jws: string) =>
    () =>
      station.custody.factors.add({ intent: intent.bytes, registration, approval: { kind: 'voucher', jws } });

  it('A8: is refused without the customer’s own approval, as further factor or as first', async () => {
    await refused(
      station,
      add(await prepareFactor(station, alice.account, thief, alice.credential)),
      'attestation-missing',
      'factor',
    );
    await refused(
      station,
      add(await prepareFactor(station, alice.account, deviceOf('thief 2'), undefined)),
      'voucher-missing',
      'factor',
    );
  });

  it('A8: is refused even with a genuine voucher: the account has a factor', async () => {
    const prepared = await prepareFactor(station, alice.account, thief, undefined);
    const { credential, key } = prepared;
    const jws = await station.voucher({ account: 'alice', credential, key, station: prepared.station });
    await refused(station, vouched(prepared, jws), 'voucher-not-first', 'factor');
  });

  it('A8: is refused when it attests itself', async () => {
    const prepared = await prepareFactor(station, alice.account, thief, alice.credential);
    const own = new Customer(station, 'alice', thief, prepared.credential);
    await refused(station, add(prepared, own.attest(prepared.intent.digest)), 'factor-unknown', 'factor');
  });

  it('A8: is refused when the customer attested something else', async () => {
    const prepared = await prepareFactor(station, alice.account, thief, alice.credential);
    const { intent } = await alice.prepare('w-1');
    await refused(station, add(prepared, alice.attest(intent.digest)), 'challenge-mismatch', 'factor');
    const honest = await prepareFactor(station, alice.account, deviceOf('alices second'), alice.credential);
    await refused(station, add(prepared, alice.attest(honest.intent.digest)), 'challenge-mismatch', 'factor');
    // The attested intent with the thief’s registration: it names another key.
    await refused(
      station,
      add({ ...honest, registration: prepared.registration }, alice.attest(honest.intent.digest)),
      'malformed',
      'none',
    );
  });

  it('A8: is refused when another account’s factor attests it', async () => {
    const mallory = await station.ripeCustomer('mallory', mallorysAddress);
    const prepared = await prepareFactor(station, alice.account, thief, mallory.credential);
    await refused(station, add(prepared, mallory.attest(prepared.intent.digest)), 'factor-foreign', 'factor');
  });

  it('A8: is refused when a factor attests it that the intent does not name', async () => {
    const second = await furtherFactor(alice, deviceOf('alices second'));
    station.passDay();
    const prepared = await prepareFactor(station, alice.account, thief, alice.credential);
    await refused(station, add(prepared, second.attest(prepared.intent.digest)), 'attestation-invalid', 'factor');
  });

  it('A8: a first factor is not named as attested to slip past the voucher, nor the other way round', async () => {
    const prepared = await prepareFactor(station, alice.account, thief, alice.credential);
    const intent = { ...prepared.intent, bytes: altered(prepared.intent, { attested_by: '' }) };
    const jws = await station.voucher({
      account: 'alice',
      credential: prepared.credential,
      key: prepared.key,
      station: prepared.station,
    });
    await refused(station, vouched({ ...prepared, intent }, jws), 'ticket-invalid', 'factor');
  });

  it('A8: a thief who has a factor enrols another: it ripens first, is told of, and approves nothing meanwhile', async () => {
    const size = station.custody.journal.size();
    const stolen = await furtherFactor(alice, thief);
    expect(leaves(station, size).map((leaf) => leaf.kind)).toEqual(['factor-added', 'factor-ripening']);
    const intent = await destinationIntent(alice, 'entry-2', mallorysAddress);
    const list = () =>
      station.custody.destinations.add({ intent: intent.bytes, attestations: [stolen.attest(intent.digest)] });
    await refused(station, list, 'factor-unripe', 'destination');
    const withdrawal = (await stolen.prepare('w-1')).intent;
    const authorize = () =>
      station.custody.withdrawals.authorize({
        intent: withdrawal.bytes,
        attestations: [stolen.attest(withdrawal.digest)],
      });
    await refused(station, authorize, 'factor-unripe', 'withdrawal');
    // Nor does it enrol the next one.
    const next = await prepareFactor(station, alice.account, deviceOf('thief 2'), stolen.credential);
    await refused(station, add(next, stolen.attest(next.intent.digest)), 'factor-unripe', 'factor');
  });

  it('A8: the customer is told of it with the means to object, and objecting cancels it and freezes the account', async () => {
    const prepared = await prepareFactor(station, alice.account, thief, alice.credential);
    await add(prepared, alice.attest(prepared.intent.digest))();
    const [notice] = station.custody.notices.waiting(-1, 10).filter((n) => n.kind === 'factor-added');
    expect(notice).toMatchObject({ account: 'alice', subject: prepared.credential });
    await station.deliver();
    const { cancelled } = await station.custody.notices.report(notice?.token ?? '');
    expect(cancelled).toEqual([`factor ${prepared.credential}`]);
    station.passDay();
    const stolen = new Customer(station, 'alice', thief, prepared.credential);
    await refused(station, () => stolen.authorize('w-1'), 'frozen', 'withdrawal');
    await station.custody.operators.thaw('account:alice', 'ops-1', 'alice called');
    await refused(station, () => stolen.authorize('w-1'), 'factor-revoked', 'withdrawal');
  });
});

describe('A8: a voucher that the admission authority did not give for this', () => {
  let station: TestStation;
  let prepared: Prepared;
  beforeEach(async () => {
    station = await TestStation.open();
    prepared = await prepareFactor(station, 'bob' as Customer['account'], deviceOf('thief'), undefined);
  });
  afterEach(() => station.close());

  const enrol = (jws: string) => () =>
    station.custody.factors.add({
      intent: prepared.intent.bytes,
      registration: prepared.registration,
      approval: { kind: 'voucher', jws },
    });
  const right = () => ({
    account: 'bob',
    credential: prepared.credential,
    key: prepared.key,
    station: prepared.station,
  });

  const wrong: readonly [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['another account', { sub: 'alice' }, {}],
    ['another credential', { credential: 'A'.repeat(43) }, {}],
    ['another key', { key: '0'.repeat(64) }, {}],
    ['another station', { aud: `${'0'.repeat(32)}/1` }, {}],
    ['another issuer', { iss: 'withdrawals.example' }, {}],
    ['a time that has passed', { iat: 1_642_300_000, exp: 1_642_300_600 }, {}],
    ['no known key', {}, { kid: 'other' }],
    ['another type of token', {}, { typ: 'JWT' }],
  ];
  for (const [what, claims, header] of wrong) {
    it(`A8: for ${what} is refused`, async () => {
      await refused(station, enrol(await station.voucher(right(), claims, header)), 'voucher-invalid', 'factor');
    });
  }

  it('A8: signed by the withdrawal service’s own key is refused', async () => {
    const jws = await station.voucher(right());
    const [header = '', payload = ''] = jws.split('.');
    const { privateKey } = generateKeyPairSync('ed25519');
    const own = await new CompactSign(Buffer.from(payload, 'base64url'))
      .setProtectedHeader(JSON.parse(Buffer.from(header, 'base64url').toString()))
      .sign(privateKey);
    await refused(station, enrol(own), 'voucher-invalid', 'factor');
    await refused(station, enrol(`${header}.${payload}.`), 'voucher-invalid', 'factor');
    await refused(station, enrol(''), 'voucher-invalid', 'factor');
    await expect(enrol(jws)()).resolves.toMatchObject({ state: 'announcing' });
  });
});

describe('A8: where policy wants two factors', () => {
  it('A8: a thief who has one of the customer’s two cannot enrol a second of their own', async () => {
    const station = await TestStation.open({ policy: (d) => d.replace('webauthn: 1', 'webauthn: 2') });
    const alice = await station.enrol('alice');
    station.passDay();
    await furtherFactor(alice, deviceOf('her second device'));
    station.passDay();
    const { intent, registration } = await prepareFactor(station, alice.account, deviceOf('thief'), alice.credential);
    const approval = { kind: 'attestations', attestations: [alice.attest(intent.digest)] } as const;
    const add = () => station.custody.factors.add({ intent: intent.bytes, registration, approval });
    await refused(station, add, 'attestation-insufficient', 'factor');
    await station.close();
  });

  it('A8: her two together enrol a third; twice the same one does not', async () => {
    const station = await TestStation.open({ policy: (d) => d.replace('webauthn: 1', 'webauthn: 2') });
    const alice = await station.enrol('alice');
    station.passDay();
    const second = await furtherFactor(alice, deviceOf('her second device'));
    station.passDay();
    const { intent, registration } = await prepareFactor(station, alice.account, deviceOf('third'), alice.credential);
    const add = (by: readonly Customer[]) => () => {
      const attestations = by.map((one) => one.attest(intent.digest));
      return station.custody.factors.add({
        intent: intent.bytes,
        registration,
        approval: { kind: 'attestations', attestations },
      });
    };
    await refused(station, add([alice, alice]), 'attestation-insufficient', 'factor');
    await refused(station, add([]), 'attestation-missing', 'factor');
    await expect(add([second, alice])()).resolves.toMatchObject({
      state: 'announcing',
      record: { attestedBy: [second.credential, alice.credential] },
    });
    await station.close();
  });
});
