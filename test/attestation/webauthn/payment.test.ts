import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyAssertion } from '../../../src/attestation/webauthn/assertion.ts';
import type { ExpectedPayment } from '../../../src/domain/index.ts';
import {
  assertion,
  authenticatorData,
  BE,
  BS,
  challenge,
  clientData,
  es256,
  expected,
  type Json,
  judged,
  origin,
  otherDigest,
  outcome,
  rpId,
  UP,
  UV,
  utf8,
} from './credential.ts';

const shop = 'https://www.exchange.example';
const app = 'https://app.exchange.example';
const payment: ExpectedPayment = {
  shown: {
    payeeName: 'Exchange',
    payeeOrigin: shop,
    total: { currency: 'ETH', value: '1.5' },
    instrument: {
      displayName: 'to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 on eip155:1: 1.5 ETH, fees up to 0.001 ETH',
      icon: `${shop}/icon.png`,
    },
  },
  origins: [shop, origin],
  topOrigins: [app],
};

/** As Chromium writes it. */
const asShown: Json = {
  rpId,
  topOrigin: shop,
  payeeName: 'Exchange',
  payeeOrigin: shop,
  total: { value: '1.5', currency: 'ETH' },
  instrument: { icon: `${shop}/icon.png`, displayName: payment.shown.instrument.displayName },
};
const total = asShown['total'] as Json;
const instrument = asShown['instrument'] as Json;

const paymentData = (of: Json = {}, members: Json = {}): Uint8Array =>
  clientData({ type: 'payment.get', origin: shop, payment: { ...asShown, ...of }, ...members });

const confirmed = (of: Json = {}, members: Json = {}, further: Parameters<typeof judged>[2] = {}): string =>
  judged({ client: paymentData(of, members) }, {}, { payment, ...further });

const said = (of: Json): string => {
  const sent = assertion(es256, { client: paymentData(of) });
  const verification = verifyAssertion(sent, expected(es256, {}, { payment }));
  return verification.genuine ? 'genuine' : verification.message;
};

describe('A11: a payment that the browser showed', () => {
  it('is genuine where it is exactly the intent’s, and told as such', () => {
    const verification = verifyAssertion(assertion(es256, { client: paymentData() }), expected(es256, {}, { payment }));
    expect(verification).toMatchObject({ genuine: true, evidence: { ceremony: 'payment.get', userVerified: true } });
  });

  it('may still be approved by an assertion on the approval page, told as that', () => {
    const verification = verifyAssertion(assertion(es256), expected(es256, {}, { payment }));
    expect(verification).toMatchObject({ genuine: true, evidence: { ceremony: 'webauthn.get' } });
  });

  it.each<[string, Json]>([
    ['another amount', { total: { ...total, value: '1.50' } }],
    ['an amount that is a number', { total: { ...total, value: 1.5 } }],
    ['no amount', { total: { currency: 'ETH' } }],
    ['another currency', { total: { ...total, currency: 'USD' } }],
    ['no currency', { total: { value: '1.5' } }],
    ['another payee', { payeeName: 'Exchange ' }],
    ['no payee', { payeeName: undefined }],
    ['another payee’s origin', { payeeOrigin: `${shop}/` }],
    ['no payee’s origin', { payeeOrigin: undefined }],
    ['another destination', { instrument: { ...instrument, displayName: 'to 0xdead on eip155:1: 1.5 ETH' } }],
    ['no text', { instrument: { icon: instrument['icon'] } }],
    ['another icon', { instrument: { ...instrument, icon: `${shop}/other.png` } }],
    ['no icon, since it could not be shown', { instrument: { ...instrument, icon: '' } }],
    ['logos of other parties', { paymentEntitiesLogos: [{ url: `${shop}/x.png`, label: 'Refund' }] }],
    ['logos of another shape', { paymentEntitiesLogos: {} }],
  ])('A11: with %s is refused', (_, of) => {
    expect(confirmed(of)).toBe('payment-mismatch');
  });

  it('says what was shown, and what should have been', () => {
    expect(said({ total: { ...total, value: '15' } })).toBe('the browser showed the total as "15", expected "1.5"');
    expect(said({ payeeOrigin: undefined })).toBe(
      `the browser showed the payee’s origin as absent, expected "${shop}"`,
    );
  });

  it.each<[string, Json]>([
    ['no payment', { payment: undefined }],
    ['a payment that is a list', { payment: [] }],
    ['a payment that is a text', { payment: 'x' }],
    ['a total that is a text', { payment: { ...asShown, total: '1.5 ETH' } }],
    ['an instrument that is null', { payment: { ...asShown, instrument: null } }],
    ['a payment with more', { payment: { ...asShown, note: 'a test' } }],
    ['a total with more', { payment: { ...asShown, total: { ...total, label: 'refund' } } }],
    ['further text', { payment: { ...asShown, instrument: { ...instrument, details: 'a test' } } }],
    ['__proto__', { payment: { ...asShown, ['__proto__x']: 1 } }],
  ])('A11: with %s, which was not asked for, is refused', (_, members) => {
    expect(confirmed({}, members)).toBe('attestation-invalid');
  });

  it('may have what browsers add: logos of nobody, a key of the browser, rp as it was once called, iconMustBeShown', () => {
    const more = { paymentEntitiesLogos: [], browserBoundPublicKey: 'pQECAyYg', rp: rpId };
    expect(confirmed(more)).toBe('genuine');
    expect(confirmed({ instrument: { ...instrument, iconMustBeShown: true } })).toBe('genuine');
    expect(confirmed({}, { other_keys_can_be_added_here: 'do not compare against a template' })).toBe('genuine');
  });

  it('A11: without a payee’s origin shows none', () => {
    const { shown } = payment;
    const nameOnly = { ...payment, shown: { ...shown, payeeOrigin: undefined } };
    expect(confirmed({ payeeOrigin: undefined }, {}, { payment: nameOnly })).toBe('genuine');
    expect(confirmed({}, {}, { payment: nameOnly })).toBe('payment-mismatch');
  });
});

describe('A5: what a browser’s confirmation does not relax', () => {
  it('the relying party, in the client data and in the authenticator’s', () => {
    expect(confirmed({ rpId: 'exchange.example' })).toBe('rp-mismatch');
    expect(confirmed({ rpId: undefined })).toBe('rp-mismatch');
    expect(confirmed({ rp: 'exchange.example' })).toBe('rp-mismatch');
    expect(judged({ client: paymentData(), data: authenticatorData({ rp: 'evil.example' }) }, {}, { payment })).toBe(
      'rp-mismatch',
    );
  });

  it('the challenge', () => {
    expect(confirmed({}, {}, { digest: otherDigest })).toBe('challenge-mismatch');
    expect(confirmed({}, { challenge: `${challenge}=` })).toBe('challenge-mismatch');
  });

  it('user presence, and user verification, even of a class that need not verify its user', () => {
    const without = authenticatorData({ flags: UP });
    const unverified = { payment, userVerification: false };
    expect(judged({ client: paymentData(), data: without }, {}, unverified)).toBe('user-not-verified');
    expect(judged({ data: without }, {}, unverified)).toBe('genuine');
    expect(judged({ client: paymentData(), data: authenticatorData({ flags: UV }) }, {}, { payment })).toBe(
      'user-not-present',
    );
  });

  it('BE, the counter, the signature', () => {
    const flags = (bits: number) => authenticatorData({ flags: bits });
    expect(judged({ client: paymentData(), data: flags(UP | UV | BE) }, {}, { payment })).toBe('backup-state-invalid');
    expect(judged({ client: paymentData() }, { signCount: 7 }, { payment })).toBe('counter-regressed');
    const sent = { ...assertion(es256), clientData: paymentData() };
    expect(outcome(verifyAssertion(sent, expected(es256, {}, { payment })))).toBe('signature-invalid');
  });

  it('token binding, repeated members, length', () => {
    expect(confirmed({}, { tokenBinding: { status: 'supported' } })).toBe('attestation-invalid');
    const twice = Buffer.from(paymentData()).toString().replace('"payment":{', '"payment":{"rpId":"x",');
    expect(judged({ client: utf8(twice) }, {}, { payment })).toBe('attestation-invalid');
    expect(confirmed({ browserBoundPublicKey: 'x'.repeat(8192) })).toBe('attestation-invalid');
  });
});

describe('A5: where a browser may be asked to show a payment', () => {
  it('on any origin that policy names for it, of whatever host, and on no other', () => {
    expect(confirmed({ topOrigin: origin }, { origin })).toBe('genuine');
    const other = 'https://www.exchange.example.evil.example';
    for (const asker of [other, app, `${shop}/`, 'http://www.exchange.example', undefined, [shop]]) {
      expect(confirmed({ topOrigin: asker }, { origin: asker })).toBe('origin-mismatch');
    }
    // The approval page's origins are for assertions only, unless they are named for payments, too.
    const elsewhere = { payment: { ...payment, origins: [shop] } };
    expect(confirmed({ topOrigin: origin }, { origin }, elsewhere)).toBe('origin-mismatch');
  });

  it('the origins for payments are not those of the approval page', () => {
    expect(judged({ client: clientData({ origin: shop }) }, {}, { payment })).toBe('origin-mismatch');
  });

  it.each<[string, Json, Json]>([
    ['on top, and says it was framed', {}, { crossOrigin: true }],
    ['on top, and names a top origin', {}, { topOrigin: shop }],
    ['on top, its payment names another', { topOrigin: app }, {}],
    ['on top, its payment names none', { topOrigin: undefined }, {}],
    ['framed by a page that policy does not name', { topOrigin: 'https://evil.example' }, { crossOrigin: true }],
    ['framed, and names two', { topOrigin: app }, { crossOrigin: true, topOrigin: shop }],
    ['framed, as a text', { topOrigin: app }, { crossOrigin: 'true', topOrigin: app }],
    ['framed, as null', {}, { crossOrigin: null }],
  ])('A5: %s: refused', (_, of, members) => {
    expect(confirmed(of, members)).toBe('cross-origin');
  });

  it('framed by a page that policy names', () => {
    expect(confirmed({ topOrigin: app }, { crossOrigin: true, topOrigin: app })).toBe('genuine');
    // Browsers before WebAuthn L3 told it in the payment only.
    expect(confirmed({ topOrigin: app }, { crossOrigin: true })).toBe('genuine');
    const never = { payment: { ...payment, topOrigins: [] } };
    expect(confirmed({ topOrigin: app }, { crossOrigin: true, topOrigin: app }, never)).toBe('cross-origin');
  });

  it('on top it may leave crossOrigin out', () => {
    expect(confirmed({}, { crossOrigin: undefined })).toBe('genuine');
  });
});

describe('A5: one type in the place of another', () => {
  it('a payment where none may be confirmed', () => {
    expect(judged({ client: paymentData() })).toBe('attestation-invalid');
    expect(judged({ client: paymentData({ topOrigin: origin }, { origin }) })).toBe('attestation-invalid');
  });

  it('a payment inside an assertion of the approval page', () => {
    for (const further of [{}, { payment }]) {
      expect(judged({ client: clientData({ payment: asShown }) }, {}, further)).toBe('attestation-invalid');
    }
  });

  it.each(['webauthn.create', 'payment.create', 'Payment.get', 'payment.get ', undefined])(
    'a payment under the type %j',
    (type) => {
      expect(confirmed({}, { type })).toBe('attestation-invalid');
    },
  );

  it('an assertion under the type of a payment', () => {
    expect(judged({ client: clientData({ type: 'payment.get', origin: shop }) }, {}, { payment })).toBe(
      'attestation-invalid',
    );
  });
});

describe('what policy wants of an authenticator’s class', () => {
  it('A5: a counter that always says 0 is refused where it must move; one that grows is not', () => {
    const zero = { data: authenticatorData({ signCount: 0 }) };
    expect(judged(zero, { signCount: 0 })).toBe('genuine');
    expect(judged(zero, { signCount: 0 }, { movingCounter: true })).toBe('counter-regressed');
    expect(judged({}, { signCount: 0 }, { movingCounter: true })).toBe('genuine');
    expect(judged({}, { signCount: 7 }, { movingCounter: false })).toBe('counter-regressed');
  });

  it('A5: one that is backed up is refused where it must not be', () => {
    const backedUp = { data: authenticatorData({ flags: UP | UV | BE | BS }) };
    const eligible = { data: authenticatorData({ flags: UP | UV | BE }) };
    expect(judged(backedUp, { backupEligible: true })).toBe('genuine');
    expect(judged(backedUp, { backupEligible: true }, { notBackedUp: true })).toBe('backup-state-invalid');
    expect(judged(eligible, { backupEligible: true }, { notBackedUp: true })).toBe('genuine');
  });
});

describe('whatever client data say of a payment', () => {
  const anything = fc.oneof(fc.jsonValue(), fc.string(), fc.constantFrom(...Object.values(asShown)));
  const names = ['rpId', 'rp', 'topOrigin', 'payeeName', 'payeeOrigin', 'paymentEntitiesLogos', 'total', 'instrument'];

  it('A1: it is refused with a reason, or shows exactly the intent’s payment', () => {
    const outer = fc.constantFrom('origin', 'crossOrigin', 'topOrigin', 'payment', 'tokenBinding');
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names, 'details'), anything, { maxKeys: 3 }),
        fc.dictionary(outer, anything, { maxKeys: 1 }),
        (of, members) => {
          if (confirmed(of, members) !== 'genuine') return;
          const { payment: stated, origin: asked } = JSON.parse(Buffer.from(paymentData(of, members)).toString());
          expect({ total: stated.total, payeeName: stated.payeeName, payeeOrigin: stated.payeeOrigin }).toEqual({
            total: payment.shown.total,
            payeeName: 'Exchange',
            payeeOrigin: shop,
          });
          expect(stated.instrument).toMatchObject(payment.shown.instrument);
          expect(payment.origins).toContain(asked);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('A1: cut or changed anywhere, and rightly signed, they are refused or still show the payment', () => {
    const whole = paymentData();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, value, cut) => {
        const client = cut ? whole.slice(0, at) : Uint8Array.from(whole, (byte, i) => (i === at ? byte ^ value : byte));
        if (judged({ client }, {}, { payment }) !== 'genuine') return;
        expect(JSON.parse(Buffer.from(client).toString()).payment).toEqual(asShown);
      }),
      { numRuns: 1000 },
    );
  });
});
