import { type Address, chainOfAddress, referenceOfAddress } from './caip.ts';

/**
 * What a browser shows of a payment in a dialog of its own, and puts into the client data that the authenticator signs: Secure
 * Payment Confirmation (W3C), "CollectedClientAdditionalPaymentData". RP ID and top origin are the ceremony's, not the payment's.
 */
export interface ShownPayment {
  readonly payeeName: string;
  readonly payeeOrigin: string | undefined;
  /** Payment Request §7.1: a well-formed currency code and a decimal number. */
  readonly total: { readonly currency: string; readonly value: string };
  readonly instrument: { readonly displayName: string; readonly icon: string };
}

/** What a confirmation by the browser is held to: the payment, and where browsers may ask for it. */
export interface ExpectedPayment {
  readonly shown: ShownPayment;
  /** Exact origins of the pages that may ask; the browser shows the payment, whoever asks. */
  readonly origins: readonly string[];
  /** Exact origins of top-level pages that may frame those. */
  readonly topOrigins: readonly string[];
}

/** How the instrument's text begins. The whole address, first: a dialog cuts what is too long at its end. */
export function paymentTo(destination: Address): string {
  return `to ${referenceOfAddress(destination)} on ${chainOfAddress(destination)}: `;
}
