import { type ExpectedPayment, Refusal, shown } from '../../domain/index.ts';
import { isObject, type JsonObject } from '../json.ts';

/** Of which party's credential, and of which payment, the browser's confirmation must be. */
export interface PaymentCeremony extends ExpectedPayment {
  readonly rpId: string;
}

// Closed: whatever else a browser puts into these it may have shown, and the station did not ask for it.
const members = {
  payment: new Set([
    'rpId',
    'rp',
    'topOrigin',
    'payeeName',
    'payeeOrigin',
    'paymentEntitiesLogos',
    'total',
    'instrument',
    'browserBoundPublicKey',
  ]),
  total: new Set(['currency', 'value']),
  instrument: new Set(['displayName', 'icon', 'iconMustBeShown']),
};

/**
 * Client data of the type `payment.get`: Secure Payment Confirmation (W3C), "Verifying an Authentication Assertion", the steps that
 * it adds to WebAuthn L3 §7.2 or puts in their place. It relaxes two of WebAuthn's checks and no other: the page that asked may be of
 * any origin that policy names for it, and framed by one that policy names. A page can't lie to this dialog, since the browser
 * shows what it signs. Throws `Refusal`.
 */
export function checkPayment({ payment, ...context }: JsonObject, expected: PaymentCeremony): void {
  const stated = object(payment, 'payment', members.payment);
  checkWhere(context, stated['topOrigin'], expected);

  // "Verify that the value of C["payment"]["rpId"] matches the Relying Party’s"; once called `rp`: "must be the same if both are present".
  for (const rpId of [stated['rpId'], stated['rp'] ?? stated['rpId']]) {
    if (rpId !== expected.rpId)
      throw new Refusal('rp-mismatch', `the payment is for the relying party ${show(rpId)}, not ${expected.rpId}`);
  }

  // What "should have been displayed to the user", exactly.
  const { payeeName, payeeOrigin, total, instrument } = expected.shown;
  compare('the payee', stated['payeeName'], payeeName);
  compare('the payee’s origin', stated['payeeOrigin'], payeeOrigin);
  const amount = object(stated['total'], 'payment.total', members.total);
  compare('the total', amount['value'], total.value);
  compare('the currency', amount['currency'], total.currency);
  const means = object(stated['instrument'], 'payment.instrument', members.instrument);
  compare('the instrument', means['displayName'], instrument.displayName);
  // An icon that could not be shown comes back as ''.
  compare('the icon', means['icon'], instrument.icon);
  const logos = stated['paymentEntitiesLogos'];
  if (logos !== undefined && !(Array.isArray(logos) && logos.length === 0))
    throw new Refusal('payment-mismatch', 'the browser showed logos of parties to the payment, expected none');
}

/** `origin`, `crossOrigin` and both `topOrigin` members agree on where the browser was asked, and policy names it. */
function checkWhere(
  { origin, crossOrigin, topOrigin }: JsonObject,
  stated: unknown,
  { origins, topOrigins }: ExpectedPayment,
): void {
  if (!origins.some((accepted) => accepted === origin)) {
    throw new Refusal(
      'origin-mismatch',
      `the origin ${show(origin)} is not one of those that may ask for payments, ${origins.join(', ')}`,
    );
  }
  if (crossOrigin !== undefined && typeof crossOrigin !== 'boolean')
    throw new Refusal('cross-origin', `the client data has crossOrigin ${show(crossOrigin)}`);
  const framed = crossOrigin === true;
  // A page that isn't framed by another origin's is itself on top.
  if (!(framed ? topOrigins : [origin]).some((accepted) => accepted === stated)) {
    throw new Refusal(
      'cross-origin',
      `the page was framed by ${show(stated)}, which policy does not name for payments`,
    );
  }
  if (topOrigin !== undefined && !(framed && topOrigin === stated)) {
    throw new Refusal('cross-origin', `the client data names two top origins, ${show(topOrigin)} and ${show(stated)}`);
  }
}

function compare(what: string, displayed: unknown, expected: string | undefined): void {
  if (displayed === expected) return;
  throw new Refusal('payment-mismatch', `the browser showed ${what} as ${show(displayed)}, expected ${show(expected)}`);
}

function object(value: unknown, what: string, known: ReadonlySet<string>): JsonObject {
  if (!isObject(value)) throw new Refusal('attestation-invalid', `the client data’s ${what} is not an object`);
  const other = Object.keys(value).find((name) => !known.has(name));
  if (other === undefined) return value;
  throw new Refusal(
    'attestation-invalid',
    `the client data’s ${what} has the member ${shown(other)}, which was not asked for`,
  );
}

/** A value of the client data, for a message. */
export function show(value: unknown): string {
  return value === undefined ? 'absent' : shown(typeof value === 'string' ? value : JSON.stringify(value), 200);
}
