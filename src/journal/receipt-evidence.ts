import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { shown } from '../domain/index.ts';
import type { ReceiptAssertion } from './receipt-document.ts';
import { ReceiptError } from './receipt-error.ts';
import { checkReceiptPayment, type ReceiptPayable } from './receipt-payment.ts';
import type { ReceiptApprovals } from './receipt-policy.ts';

/** A kind of key: its frame in COSE, what its parts are put into, and the hash of its signatures. */
interface KeyKind {
  readonly frame: RegExp;
  readonly hash: 'sha256' | 'sha384' | null;
  readonly key: (...parts: string[]) => KeyObject;
}

// Enrolment accepts a COSE_Key in its one canonical encoding only (WebAuthn L3 §6.5.1, RFC 9053, RFC 8230), so that each kind of key is
// a fixed frame around its parts, and an auditor needs no CBOR.
const kinds: readonly KeyKind[] = [
  {
    // ES256
    frame: /^a5010203262001215820([0-9a-f]{64})225820([0-9a-f]{64})$/,
    hash: 'sha256',
    key: ofSpki('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
  },
  {
    // ES384
    frame: /^a501020338222002215830([0-9a-f]{96})225830([0-9a-f]{96})$/,
    hash: 'sha384',
    key: ofSpki('3076301006072a8648ce3d020106052b8104002203620004'),
  },
  {
    // EdDSA, Ed25519
    frame: /^a4010103272006215820([0-9a-f]{64})$/,
    hash: null,
    key: ofSpki('302a300506032b6570032100'),
  },
  {
    // RS256, of 2048 to 4096 bits: a modulus of 256 to 512 bytes, and an exponent of three
    frame: /^a401030339010020(?:59[0-9a-f]{4})((?:[0-9a-f]{2}){256,512})2143([0-9a-f]{6})$/,
    hash: 'sha256',
    key: (n, e) => {
      const [modulus, exponent] = [n, e].map((hex = '') => Buffer.from(hex, 'hex').toString('base64url'));
      return createPublicKey({ key: { kty: 'RSA', n: modulus ?? '', e: exponent ?? '' }, format: 'jwk' });
    },
  },
];

function ofSpki(prefix: string): KeyKind['key'] {
  return (...parts) =>
    createPublicKey({ key: Buffer.from(prefix + parts.join(''), 'hex'), format: 'der', type: 'spki' });
}

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
 * Whether the assertion is the key's signature over this digest, by a person who was present, where the policy of that time has
 * customers approve (WebAuthn L3 §7.2). `payable`: the withdrawal, where it is one's: a browser may have shown it.
 */
export function checkReceiptAssertion(
  assertion: ReceiptAssertion,
  coseKey: Uint8Array,
  digest: string,
  { rpIdHash, origins, payments }: ReceiptApprovals,
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
  const { type, challenge, origin, topOrigin, crossOrigin, payment } = membersOf(clientData);
  const payableShown = type === 'payment.get' ? payable : undefined;
  if (payableShown === undefined && (type !== 'webauthn.get' || payment !== undefined))
    throw invalid('was not made by a request for an assertion');
  if (challenge !== Buffer.from(digest, 'hex').toString('base64url')) throw invalid('was made for another challenge');
  if (typeof origin !== 'string') throw invalid('names no origin');
  if (!(payableShown === undefined ? origins : payments.origins).includes(origin))
    throw invalid(`was made on ${shown(origin)}, which the policy does not name`);
  const framed = topOrigin !== undefined || (crossOrigin !== undefined && crossOrigin !== false);
  if (framed && !(payableShown !== undefined && payments.topOrigins.includes(String(topOrigin))))
    throw invalid('was made on a page within another one');
  if (Buffer.compare(authenticatorData.subarray(0, 32), rpIdHash) !== 0)
    throw invalid('was made for another relying party than the policy’s');
  const flags = authenticatorData[32] ?? 0;
  if ((flags & userPresent) === 0) throw invalid('was made without a person');
  const { key, hash } = keyOf(coseKey);
  const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientData).digest()]);
  if (!verify(hash, signed, key, signature)) throw invalid('does not verify under the factor’s key');
  return {
    origin,
    userVerified: (flags & userVerified) !== 0,
    payment: payableShown === undefined ? undefined : checkReceiptPayment(payment, payableShown, payments.payee),
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

function keyOf(coseKey: Uint8Array): { readonly key: KeyObject; readonly hash: KeyKind['hash'] } {
  const hex = Buffer.from(coseKey).toString('hex');
  for (const { frame, hash, key } of kinds) {
    const [, ...parts] = frame.exec(hex) ?? [];
    if (parts.length === 0) continue;
    try {
      return { key: key(...parts), hash };
    } catch {
      // Told below.
    }
  }
  throw new ReceiptError('factor-differs', 'a factor’s key is no COSE key of ES256, ES384, EdDSA or RS256');
}

function invalid(message: string): ReceiptError {
  return new ReceiptError('evidence-invalid', `an attestation ${message}`);
}
