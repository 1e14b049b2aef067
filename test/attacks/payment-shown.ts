import type { Deviation } from '../../simulators/authenticator/deviation.ts';
import { parsePaymentRequest } from '../../simulators/authenticator/options.ts';
import type { PaymentPage } from '../../simulators/authenticator/page.ts';
import type { Assertion, FactorId, WithdrawalRecord } from '../../src/domain/index.ts';
import type { Customer } from '../custody/station.ts';

export const shop: PaymentPage = { origin: 'https://www.exchange.example' };
export const framed: PaymentPage = { ...shop, topOrigin: 'https://app.exchange.example' };

/** A policy under which the exchange's own page may have browsers show payments in ether, and that app may frame it. */
export const showingPayments = (document: string): string =>
  `${document.replace("max_payment: '100000000000000000000' }", "max_payment: '100000000000000000000', payment_currency: ETH }")}payment_confirmation:
  origins: [${shop.origin}]
  top_origins: [${framed.topOrigin}]
  payee_name: Exchange
  payee_origin: ${shop.origin}
  icon: data:image/png;base64,iVBORw0KGgo=
`;

type Order = Parameters<Customer['prepare']>[1];

/** What the customer's browser showed, and they confirmed; the page asked with what Prepare handed out for `shown`. */
export async function confirmed(
  customer: Customer,
  id: string,
  {
    page = shop,
    deviation = {},
    of = {},
    shown = of,
  }: { page?: PaymentPage; deviation?: Deviation; of?: Order; shown?: Order } = {},
): Promise<{ readonly intent: Uint8Array; readonly attestation: Assertion }> {
  const { intent } = await customer.prepare(id, of);
  const { paymentRequest } = await customer.prepare(id, shown);
  const request = parsePaymentRequest(paymentRequest ?? '');
  const [{ supportedMethods, data }] = request.methodData;
  // A page that lies about the payment still asks for this intent's approval.
  const challenge = Buffer.from(intent.digest, 'hex').toString('base64url');
  const asked = { ...request, methodData: [{ supportedMethods, data: { ...data, challenge } }] as const };
  const { id: credential, response } = customer.device.confirmPayment(asked, page, deviation);
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));
  return {
    intent: intent.bytes,
    attestation: {
      kind: 'webauthn',
      credential: credential as FactorId,
      authenticatorData: bytes(response.authenticatorData),
      clientData: bytes(response.clientDataJSON),
      signature: bytes(response.signature),
    },
  };
}

export async function authorizeShown(
  customer: Customer,
  id: string,
  how: Parameters<typeof confirmed>[2] = {},
): Promise<WithdrawalRecord> {
  const { intent, attestation } = await confirmed(customer, id, how);
  return customer.station.custody.withdrawals.authorize({ intent, attestations: [attestation] });
}
