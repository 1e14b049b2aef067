import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Assertion, FactorId, WithdrawalId } from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation, walletId } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { destinationIntent, deviceOf, furtherFactor } from './people.ts';

describe('A1: to be asked to sign without evidence', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const authorize = (intent: Uint8Array, attestations: readonly Assertion[]) => () =>
    station.custody.withdrawals.authorize({ intent, attestations });

  it('A1: a withdrawal with no attestation is refused', async () => {
    const { intent } = await alice.prepare('w-1');
    await refused(station, authorize(intent.bytes, []), 'attestation-missing', 'withdrawal');
    await refused(station, () => station.sign(['w-1']), 'withdrawal-unknown', 'transaction');
  });

  it('A1: nor may the authorization that comes with a transaction lack it', async () => {
    const { intent } = await alice.prepare('w-1');
    const sign = () =>
      station.custody.transactions.sign({
        wallet: walletId,
        unsigned: station.payment(),
        pays: ['w-1' as WithdrawalId],
        replaces: undefined,
        authorizations: [{ intent: intent.bytes, attestations: [] }],
      });
    await refused(station, sign, 'attestation-missing', 'transaction');
  });

  it('A1: an attestation of nothing is refused', async () => {
    const { intent } = await alice.prepare('w-1');
    const nothing = new Uint8Array();
    const empty: Assertion = {
      kind: 'webauthn',
      credential: alice.credential,
      authenticatorData: nothing,
      clientData: nothing,
      signature: nothing,
    };
    await refused(station, authorize(intent.bytes, [empty]), 'attestation-invalid', 'withdrawal');
    const unsigned: Assertion = { ...alice.attest(intent.digest), signature: nothing };
    await refused(station, authorize(intent.bytes, [unsigned]), 'signature-invalid', 'withdrawal');
  });

  it('A1: an attestation by a factor that is not enrolled is refused', async () => {
    const { intent } = await alice.prepare('w-1');
    const genuine = alice.attest(intent.digest);
    const stranger: Assertion = { ...genuine, credential: 'A'.repeat(43) as FactorId };
    await refused(station, authorize(intent.bytes, [stranger]), 'factor-unknown', 'withdrawal');
    await refused(station, authorize(intent.bytes, [genuine, stranger]), 'factor-unknown', 'withdrawal');
  });

  it('A1: an attestation by a factor of another account is refused', async () => {
    const mallory = await station.enrol('mallory');
    station.passDay();
    const { intent } = await alice.prepare('w-1');
    await refused(station, authorize(intent.bytes, [mallory.attest(intent.digest)]), 'factor-foreign', 'withdrawal');
  });

  it('A1: an attestation by a revoked factor is refused', async () => {
    // Not the account's last: that one's revocation would freeze it.
    await furtherFactor(alice, deviceOf('second device'));
    station.passDay();
    const { intent } = await alice.prepare('w-1');
    const attestation = alice.attest(intent.digest);
    await station.custody.factors.revoke(alice.credential);
    await refused(station, authorize(intent.bytes, [attestation]), 'factor-revoked', 'withdrawal');
  });

  it('A1: an attestation by a factor that has not ripened is refused, with the earliest time', async () => {
    const bob = await station.enrol('bob');
    const intent = await destinationIntent(bob, 'bobs', mallorysAddress);
    const add = () =>
      station.custody.destinations.add({ intent: intent.bytes, attestations: [bob.attest(intent.digest)] });
    const refusal = await refused(station, add, 'factor-unripe', 'destination');
    expect(refusal.details['not_before']).toMatch(/^2022-01-\d\dT/);
  });

  it('A1: a destination with no attestation is refused', async () => {
    const intent = await destinationIntent(alice, 'entry-2', mallorysAddress);
    const add = () => station.custody.destinations.add({ intent: intent.bytes, attestations: [] });
    await refused(station, add, 'attestation-missing', 'destination');
  });
});

describe('A1: where policy wants two factors', () => {
  let station: TestStation;
  afterEach(() => station.close());

  it('A1: one factor that attests twice counts once', async () => {
    station = await TestStation.open({ policy: (d) => d.replace('webauthn: 1', 'webauthn: 2') });
    const alice = await station.enrol('alice');
    station.passDay();
    await furtherFactor(alice, deviceOf('second device'));
    station.passDay();

    const intent = await destinationIntent(alice, 'entry-1');
    const once = alice.attest(intent.digest);
    const add = () => station.custody.destinations.add({ intent: intent.bytes, attestations: [once, once] });
    await refused(station, add, 'attestation-insufficient', 'destination');
  });
});
