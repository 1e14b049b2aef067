import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { ReceiptAssertion } from './receipt-document.ts';
import { ReceiptError } from './receipt-error.ts';
import { checkReceiptPayment, type ReceiptPayable } from './receipt-payment.ts';

// Enrolment accepts a COSE_Key in its one canonical encoding only (WebAuthn L3 §6.5.1, RFC 9053), so that each kind of key is a
// fixed frame around its coordinates, and an auditor needs no CBOR.
const es256 = {
  head: 'a5010203262001215820',
  middle: '225820',
  spki: '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
};
const eddsa = { head: 'a4010103272006215820', spki: '302a300506032b6570032100' };

/** UP and UV of WebAuthn L3 §6.1. */
const userPresent = 0x01;
const userVerified = 0x04;

/** What an assertion shows. */
export interface ShownAssertion {
  readonly origin: string;
  readonly userVerified: boolean;
  /** What the browser showed of the payment, in words; undefined: it was asked for an assertion only. */
  readonly payment: string | undefined;
}

/**
 * Whether the assertion is the key's signature over this digest, by a person who was present (WebAuthn L3 §7.2, the part that needs no
 * policy: RP ID and origin are for the reader to hold against the policy). `payable`: the withdrawal, where it is one's: a browser may
 * have shown it.
 */
export function checkReceiptAssertion(
  assertion: ReceiptAssertion,
  coseKey: Uint8Array,
  digest: string,
  payable?: ReceiptPayable,
): ShownAssertion {
  const [authenticatorData, clientData, signature] = [
    assertion.authenticator_data,
    assertion.client_data,
    assertion.signature,
  ].map((text) => Buffer.from(text, 'base64url'));
  if (authenticatorData === undefined || clientData === undefined || signature === undefined) {
    throw invalid('is incomplete');
  }
  const { type, challenge, origin, payment } = membersOf(clientData);
  const payableShown = type === 'payment.get' ? payable : undefined;
  if (payableShown === undefined && (type !== 'webauthn.get' || payment !== undefined))
    throw invalid('was not made by a request for an assertion');
  if (challenge !== Buffer.from(digest, 'hex').toString('base64url')) throw invalid('was made for another challenge');
  if (typeof origin !== 'string') throw invalid('names no origin');
  const flags = authenticatorData[32] ?? 0;
  if ((flags & userPresent) === 0) throw invalid('was made without a person');
  const { key, hash } = keyOf(coseKey);
  const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientData).digest()]);
  if (!verify(hash, signed, key, signature)) throw invalid('does not verify under the factor’s key');
  return {
    origin,
    userVerified: (flags & userVerified) !== 0,
    payment: payableShown === undefined ? undefined : checkReceiptPayment(payment, payableShown),
  };
}

function membersOf(clientData: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(clientData));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Told below.
  }
  throw invalid('has client data that are not a JSON object');
}

function keyOf(coseKey: Uint8Array): { readonly key: KeyObject; readonly hash: 'sha256' | null } {
  const hex = Buffer.from(coseKey).toString('hex');
  const [, x, y] = new RegExp(`^${es256.head}(.{64})${es256.middle}(.{64})$`).exec(hex) ?? [];
  const [, point] = new RegExp(`^${eddsa.head}(.{64})$`).exec(hex) ?? [];
  try {
    if (x !== undefined && y !== undefined) return { key: publicKey(`${es256.spki}${x}${y}`), hash: 'sha256' };
    if (point !== undefined) return { key: publicKey(`${eddsa.spki}${point}`), hash: null };
  } catch {
    // Told below.
  }
  throw new ReceiptError('factor-differs', 'a factor’s key is no COSE key of ES256 or EdDSA');
}

function publicKey(spki: string): KeyObject {
  return createPublicKey({ key: Buffer.from(spki, 'hex'), format: 'der', type: 'spki' });
}

function invalid(message: string): ReceiptError {
  return new ReceiptError('evidence-invalid', `an attestation ${message}`);
}
