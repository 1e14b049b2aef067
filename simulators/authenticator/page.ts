import type { Deviation } from './deviation.ts';
import type { PaymentRequestJson } from './options.ts';
import { AuthenticatorError } from './refusal.ts';

/** The browser's share in a ceremony: whose RP ID a page may use, and the client data. */

/** The RP ID in effect: the origin's host or a parent of it, on a secure page (WebAuthn L3 §5.1.3). */
export function effectiveRpId(origin: string, asked: string | undefined): string {
  const { protocol, hostname } = new URL(origin);
  const rpId = asked ?? hostname;
  const secure = protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost');
  if (!secure || (hostname !== rpId && !hostname.endsWith(`.${rpId}`))) {
    throw new AuthenticatorError('SecurityError', `a page of ${origin} can't use the RP ID "${rpId}"`);
  }
  return rpId;
}

/** What a page that asks for a payment is: any page may, framed or not. */
export interface PaymentPage {
  readonly origin: string;
  /** Of the page on top, where it is another's. */
  readonly topOrigin?: string;
}

/**
 * Client data of a payment that the browser showed itself (Secure Payment Confirmation, "CollectedClientPaymentData"): the members in
 * the order in which Chromium writes them.
 */
export function paymentClientData(
  { methodData: [method], details }: PaymentRequestJson,
  { origin, topOrigin }: PaymentPage,
  deviation: Deviation,
): Uint8Array {
  const { challenge, rpId, payeeName, payeeOrigin, instrument } = method.data;
  const { value, currency } = details.total.amount;
  const payment = {
    rpId,
    topOrigin: topOrigin ?? origin,
    payeeName,
    payeeOrigin,
    total: { value, currency },
    instrument: { icon: instrument.icon, displayName: instrument.displayName },
    ...deviation.payment,
  };
  const framed = topOrigin === undefined ? {} : { crossOrigin: true, topOrigin };
  return clientData('payment.get', challenge, origin, {
    ...framed,
    ...deviation,
    clientData: { payment, ...deviation.clientData },
  });
}

/** WebAuthn L3 §5.8.1: the members in the order of §5.8.1.1. */
export function clientData(type: string, challenge: string, origin: string, deviation: Deviation): Uint8Array {
  const members = {
    type: deviation.type ?? type,
    challenge: deviation.challenge ?? challenge,
    origin: deviation.origin ?? origin,
    crossOrigin: deviation.crossOrigin ?? false,
    ...(deviation.topOrigin === undefined ? {} : { topOrigin: deviation.topOrigin }),
    ...deviation.clientData,
  };
  return Buffer.from(JSON.stringify(members));
}

/** The same JSON with one more space: only the signature can tell. */
export function respaced(json: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(json).toString().replace(/}$/, ' }'));
}
