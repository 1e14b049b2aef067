import { Refusal } from '../../domain/index.ts';
import { type JsonObject, parseJsonObject } from '../json.ts';
import { checkPayment, type PaymentCeremony, show } from './payment.ts';

/** Some hundred bytes in practice: four short members, and what browsers add to keep verifiers from comparing templates. */
const maxLength = 8192;

export interface ExpectedClientData {
  readonly type: 'webauthn.get' | 'webauthn.create';
  /** Exact origins, such as `https://approve.example.com`. */
  readonly origins: readonly string[];
  /** Whether this is the base64url of the challenge that was set. */
  readonly challenge: (answered: string) => boolean;
  /** The payment that the browser may have shown instead (`payment.get`); absent: it may not. */
  readonly payment?: PaymentCeremony | undefined;
}

/** What the browser did: asked for an assertion, or showed a payment first. */
export type Ceremony = ExpectedClientData['type'] | 'payment.get';

/**
 * The client data's part of WebAuthn L3 §7.1 and §7.2, in their order. Members that nobody knows are left alone (§5.8.1: more
 * may come). Returns the type. Throws `Refusal`.
 */
export function checkClientData(bytes: Uint8Array, expected: ExpectedClientData): Ceremony {
  if (bytes.length > maxLength) throw wrong(`is longer than ${maxLength} bytes`);
  // "Let JSONtext be the result of running UTF-8 decode": here without mercy. Browsers write neither BOM nor bad UTF-8.
  const parsed = parseJsonObject(bytes);
  if (!parsed.ok) throw wrong(parsed.problem);
  const { type, challenge, tokenBinding } = parsed.value;

  // "Verify that the value of C.type is the string webauthn.get" (webauthn.create, payment.get).
  const payment = type === 'payment.get' ? expected.payment : undefined;
  if (payment === undefined && type !== expected.type) throw wrong(`has the type ${show(type)}, ${accepted(expected)}`);

  // "Verify that the value of C.challenge equals the base64url encoding of pkOptions.challenge."
  if (typeof challenge !== 'string' || !expected.challenge(challenge)) {
    throw new Refusal(
      'challenge-mismatch',
      `the client data answers the challenge ${show(challenge)}, not the one that was set`,
    );
  }

  if (payment === undefined) checkPage(parsed.value, expected);
  else checkPayment(parsed.value, payment);

  // §5.8.1 reserves the name: no channel of the station is token-bound, so nobody could check it.
  if (tokenBinding !== undefined) throw wrong('has a tokenBinding, which no longer exists');
  return payment === undefined ? expected.type : 'payment.get';
}

/** Where the browser was asked, unless it showed the payment itself. */
function checkPage({ origin, crossOrigin, topOrigin, payment }: JsonObject, expected: ExpectedClientData): void {
  // "Verify that the value of C.origin is an origin expected by the Relying Party" (§13.4.9: by exact comparison).
  if (!expected.origins.some((named) => named === origin)) {
    throw new Refusal('origin-mismatch', `the origin ${show(origin)} is not one of ${expected.origins.join(', ')}`);
  }

  // "If C.crossOrigin is present and set to true, verify that the Relying Party expects …": it never does (A5).
  if (crossOrigin !== undefined && crossOrigin !== false) {
    throw new Refusal(
      'cross-origin',
      `the client data has crossOrigin ${show(crossOrigin)}; it must be false or absent`,
    );
  }

  // "If C.topOrigin is present, verify that the Relying Party expects …": neither.
  if (topOrigin !== undefined) {
    throw new Refusal('cross-origin', `the page was framed by ${show(topOrigin)}; approve on a top-level page`);
  }

  // Only a browser that shows a payment states one. A registration may name a browser's key there (Secure Payment Confirmation).
  if (payment !== undefined && expected.type === 'webauthn.get')
    throw wrong('states a payment, which only the type payment.get does');
}

const accepted = ({ type, payment }: ExpectedClientData): string =>
  payment === undefined ? `expected ${type}` : `expected ${type} or payment.get`;

function wrong(message: string): Refusal {
  return new Refusal('attestation-invalid', `the client data ${message}`);
}
