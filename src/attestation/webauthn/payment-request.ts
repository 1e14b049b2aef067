import type { Digest, FactorId, ShownPayment } from '../../domain/index.ts';
import { toBase64url } from '../base64url.ts';

export interface PaymentToConfirm {
  /** Of the intent: its 32 bytes are the challenge. */
  readonly digest: Digest;
  readonly rpId: string;
  /** Those that may confirm it: a browser takes one that it knows. */
  readonly credentials: readonly FactorId[];
  readonly shown: ShownPayment;
}

/**
 * What a page gives to `new PaymentRequest(methodData, details)` so that the browser shows the payment and has it confirmed
 * (Secure Payment Confirmation, "SecurePaymentConfirmationRequest"), as JSON: the page turns `challenge` and `credentialIds` from
 * base64url into bytes. Anything else that it changes is refused.
 */
export function paymentRequest({ digest, rpId, credentials, shown }: PaymentToConfirm): string {
  const { payeeName, payeeOrigin, total, instrument } = shown;
  const data = {
    challenge: toBase64url(Buffer.from(digest, 'hex')),
    rpId,
    credentialIds: credentials,
    payeeName,
    payeeOrigin,
    instrument,
  };
  return JSON.stringify({
    methodData: [{ supportedMethods: 'secure-payment-confirmation', data }],
    details: { total: { label: 'Withdrawal', amount: total } },
  });
}
