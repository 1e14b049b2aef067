import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Deviation } from '../../simulators/authenticator/deviation.ts';
import { parseAccountId, type Reason } from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation, tokenAsset } from '../custody/station.ts';
import { leaves, refused } from './attempt.ts';
import { authorizeShown, confirmed, framed, shop, showingPayments } from './payment-shown.ts';
import { destinationIntent, deviceOf, prepareFactor, restartUnder } from './people.ts';

describe('A11: a payment that the customer’s browser shows itself', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ policy: showingPayments });
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  it('A11: is approved by what was shown, on the exchange’s own page, and paid', async () => {
    expect((await authorizeShown(alice, 'w-1')).state).toBe('AUTHORIZED');
    const authorized = leaves(station).find(({ kind }) => kind === 'withdrawal-authorized');
    expect(authorized?.fields).toMatchObject({ payments_shown: '1' });
    await station.sign(['w-1']);
    await station.settle();
    expect(station.custody.withdrawals.get((await authorizeShown(alice, 'w-2', { page: framed })).id).state).toBe(
      'AUTHORIZED',
    );
  });

  it('A11: one approved on the approval page is not told as shown', async () => {
    await alice.authorize('w-1');
    const authorized = leaves(station).find(({ kind }) => kind === 'withdrawal-authorized');
    expect(authorized?.fields).not.toHaveProperty('payments_shown');
  });

  const amount = 10n ** 18n;
  it('A11: a page that has the browser show another amount, fee, or asset gets nothing', async () => {
    for (const shown of [{ amount: amount / 100n }, { maxFee: 1n }]) {
      await refused(station, () => authorizeShown(alice, 'w-1', { shown }), 'payment-mismatch', 'withdrawal');
    }
  });

  it('A11: a page that has the browser show another destination gets nothing', async () => {
    const shown = { destination: mallorysAddress };
    await refused(station, () => authorizeShown(alice, 'w-1', { shown }), 'payment-mismatch', 'withdrawal');
  });

  const attacks: readonly [string, Deviation, Reason][] = [
    ['another payee', { payment: { payeeName: 'Charity' } }, 'payment-mismatch'],
    ['another payee’s origin', { payment: { payeeOrigin: 'https://charity.example' } }, 'payment-mismatch'],
    ['another currency', { payment: { total: { currency: 'USD', value: '1' } } }, 'payment-mismatch'],
    [
      'an instrument without a destination',
      { payment: { instrument: { displayName: 'ETH', icon: '' } } },
      'payment-mismatch',
    ],
    ['another relying party', { payment: { rpId: 'exchange.example' } }, 'rp-mismatch'],
    ['the relying party hashed otherwise', { hashedRpId: 'exchange.example' }, 'rp-mismatch'],
    ['a foreign origin', { origin: 'https://evil.example' }, 'origin-mismatch'],
    [
      'a foreign page on top',
      { crossOrigin: true, topOrigin: 'https://evil.example', payment: { topOrigin: 'https://evil.example' } },
      'cross-origin',
    ],
    ['another top origin in the payment', { payment: { topOrigin: 'https://evil.example' } }, 'cross-origin'],
    ['its type an assertion’s', { type: 'webauthn.get' }, 'origin-mismatch'],
    [
      'its type an assertion’s, on the approval page',
      { type: 'webauthn.get', origin: 'https://approve.example' },
      'attestation-invalid',
    ],
    ['no verified user', { userVerified: false }, 'user-not-verified'],
    ['another challenge', { challenge: 'A'.repeat(43) }, 'challenge-mismatch'],
    ['its counter gone back', { counter: 0 }, 'counter-regressed'],
    ['client data that were touched', { tamper: 'clientDataJSON' }, 'signature-invalid'],
  ];
  for (const [what, deviation, reason] of attacks) {
    it(`A11: with ${what}: ${reason}`, async () => {
      await refused(station, () => authorizeShown(alice, 'w-1', { deviation }), reason, 'withdrawal');
      expect((await authorizeShown(alice, 'w-1')).state).toBe('AUTHORIZED');
    });
  }

  it('A5: an assertion with a payment inside, or under a payment’s type, is no assertion', async () => {
    const { payment } = JSON.parse(Buffer.from((await confirmed(alice, 'w-1')).attestation.clientData).toString());
    for (const deviation of [{ clientData: { payment } }, { type: 'payment.get', origin: shop.origin }]) {
      await refused(station, () => alice.authorize('w-1', {}, deviation), 'attestation-invalid', 'withdrawal');
    }
  });

  it('A3: what was shown for one withdrawal approves no other', async () => {
    const { attestation } = await confirmed(alice, 'w-1');
    const { intent } = await alice.prepare('w-2');
    const replayed = () => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [attestation] });
    await refused(station, replayed, 'challenge-mismatch', 'withdrawal');
  });

  it('A8: neither a destination nor a factor is approved by the type of a payment', async () => {
    const { payment } = JSON.parse(Buffer.from((await confirmed(alice, 'w-1')).attestation.clientData).toString());
    const asPayment = { type: 'payment.get', origin: shop.origin, clientData: { payment } };
    const destination = await destinationIntent(alice, 'entry-2', mallorysAddress);
    const add = () =>
      station.custody.destinations.add({
        intent: destination.bytes,
        attestations: [alice.attest(destination.digest, asPayment)],
      });
    await refused(station, add, 'attestation-invalid', 'destination');
    const { intent, registration } = await prepareFactor(station, alice.account, deviceOf('second'), alice.credential);
    const attestations = [alice.attest(intent.digest, asPayment)];
    const enrol = () =>
      station.custody.factors.add({
        intent: intent.bytes,
        registration,
        approval: { kind: 'attestations', attestations },
      });
    await refused(station, enrol, 'attestation-invalid', 'factor');
  });

  it('A11: is not handed out for an asset without a payment currency, nor to an account without a factor', async () => {
    expect((await alice.prepare('w-1')).paymentRequest).toBeDefined();
    expect((await alice.prepare('w-1', { asset: tokenAsset, amount: 1n })).paymentRequest).toBeUndefined();
    const bob = await station.enrol('bob');
    expect((await bob.prepare('w-2')).paymentRequest).toBeUndefined();
  });

  it('D4: what was shown is held against the policy again before a signature', async () => {
    await authorizeShown(alice, 'w-1');
    await restartUnder(station, (d) => showingPayments(d).replace('payee_name: Exchange', 'payee_name: Exchange Ltd'));
    await refused(station, () => station.sign(['w-1']), 'payment-mismatch', 'transaction');
    await restartUnder(station, (d) => d);
    await refused(station, () => station.sign(['w-1']), 'attestation-invalid', 'transaction');
    await restartUnder(station, showingPayments);
    expect((await station.sign(['w-1'])).state).toBe('PERMITTED');
  });

  it('a passkey for it is asked of the customer’s own device, where policy lets browsers show payments', async () => {
    const account = parseAccountId('carol', 'account');
    const options = JSON.parse(await station.custody.factors.begin(account, true));
    expect(options).toMatchObject({
      extensions: { payment: { isPayment: true } },
      authenticatorSelection: {
        authenticatorAttachment: 'platform',
        userVerification: 'required',
        residentKey: 'preferred',
      },
    });
    // It verifies its user, whatever policy lets others do.
    await restartUnder(station, (d) => `${showingPayments(d)}authenticators_use: { unverified: [device] }\n`);
    const again = JSON.parse(await station.custody.factors.begin(account, true));
    expect(again.authenticatorSelection.userVerification).toBe('required');
    const plain = JSON.parse(await station.custody.factors.begin(account));
    expect(plain.extensions).toBeUndefined();
    expect(plain.authenticatorSelection).not.toHaveProperty('authenticatorAttachment');
  });
});

describe('A11: where policy lets no browser show payments', () => {
  it('A11: none is handed out, asked for, or accepted', async () => {
    const [open, shut] = [await TestStation.open({ policy: showingPayments }), await TestStation.open()];
    try {
      const alice = await shut.ripeCustomer('alice');
      const { intent, paymentRequest } = await alice.prepare('w-1');
      expect(paymentRequest).toBeUndefined();
      const { payment } = JSON.parse(
        Buffer.from((await confirmed(await open.ripeCustomer('alice'), 'w-1')).attestation.clientData).toString(),
      );
      const attestations = [alice.attest(intent.digest, { type: 'payment.get', clientData: { payment } })];
      await refused(
        shut,
        () => shut.custody.withdrawals.authorize({ intent: intent.bytes, attestations }),
        'attestation-invalid',
        'withdrawal',
      );
      const begin = shut.custody.factors.begin(parseAccountId('carol', 'account'), true);
      await expect(begin).rejects.toThrow('policy lets no browser confirm payments');
    } finally {
      await open.close();
      await shut.close();
    }
  });
});
