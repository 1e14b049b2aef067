import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { verifyAssertion } from '../../../src/attestation/webauthn/assertion.ts';
import {
  type Assertion,
  canonicalBytes,
  digestOf,
  parseDigest,
  parseFactorId,
  sha256,
  type Verification,
} from '../../../src/domain/index.ts';

// Test keys: they must never approve anything real.

export type Json = Readonly<Record<string, unknown>>;
type Expected = Parameters<typeof verifyAssertion>[1];

export const rpId = 'approve.example.com';
export const origin = 'https://approve.example.com';
export const digest = digestOf(canonicalBytes({ type: 'a test intent' }));
export const otherDigest = parseDigest('ab'.repeat(32), 'digest');

export const UP = 0x01;
export const UV = 0x04;
export const BE = 0x08;
export const BS = 0x10;
export const AT = 0x40;
export const ED = 0x80;

/** A credential whose bytes a test can shape as it likes: what no browser and no simulator would send. */
export interface TestCredential {
  readonly id: string;
  readonly coseKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

const secret = new Uint8Array(32).fill(0x51);

export const es256: TestCredential = {
  id: 'RVMyNTYtdGVzdC1jcmVkZW50aWFs',
  coseKey: es256CoseKey(p256.getPublicKey(secret, false)),
  sign: (message) => p256.sign(message, secret, { prehash: true, lowS: false, format: 'der' }),
};

export const eddsa: TestCredential = {
  id: 'RWREU0EtdGVzdC1jcmVkZW50aWFs',
  coseKey: eddsaCoseKey(ed25519.getPublicKey(secret)),
  sign: (message) => ed25519.sign(message, secret),
};

/** COSE_Key of an uncompressed point. */
export function es256CoseKey(point: Uint8Array): Uint8Array {
  return bytes('a5010203262001215820', point.subarray(1, 33), '225820', point.subarray(33));
}

export function eddsaCoseKey(x: Uint8Array): Uint8Array {
  return bytes('a4010103272006215820', x);
}

export function es384CoseKey(point: Uint8Array): Uint8Array {
  return bytes('a5010203382220022158' + '30', point.subarray(1, 49), '225830', point.subarray(49));
}

/** Modulus and exponent, big-endian; the modulus has 256 bytes or more. */
export function rs256CoseKey(n: Uint8Array, e = '010001'): Uint8Array {
  const length = n.length.toString(16).padStart(4, '0');
  const head = n.length < 256 ? bytes('58', Uint8Array.of(n.length)) : bytes('59', length);
  return bytes('a401030339010020', head, n, '21', Uint8Array.of(0x40 + e.length / 2), e);
}

/** Puts hex and bytes together. */
export function bytes(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part))),
  );
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function base64url(data: Uint8Array | string): string {
  return Buffer.from(data).toString('base64url');
}

export const challenge = Buffer.from(digest, 'hex').toString('base64url');

/** Authenticator data: header, then whatever comes after. */
export function authenticatorData({ rp = rpId, flags = UP | UV, signCount = 7, rest = bytes('') } = {}): Uint8Array {
  const header = new Uint8Array(5);
  header[0] = flags;
  new DataView(header.buffer).setUint32(1, signCount);
  return bytes(sha256(utf8(rp)), header, rest);
}

/** Client data as a browser writes them, with other or further members. */
export function clientData(members: Json = {}): Uint8Array {
  return utf8(JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false, ...members }));
}

/** An assertion that is rightly signed, whatever it says. */
export function assertion(
  credential: TestCredential,
  { data = authenticatorData(), client = clientData() }: { data?: Uint8Array; client?: Uint8Array } = {},
): Assertion {
  return {
    kind: 'webauthn',
    credential: parseFactorId(credential.id, 'id'),
    authenticatorData: data,
    clientData: client,
    signature: credential.sign(bytes(data, sha256(client))),
  };
}

export function expected(
  credential: TestCredential,
  factor: Partial<Expected['factor']> = {},
  further: Partial<Omit<Expected, 'factor'>> = {},
): Expected {
  return {
    digest,
    rpId,
    origins: ['https://other.example.com', origin],
    userVerification: true,
    ...further,
    factor: {
      id: parseFactorId(credential.id, 'id'),
      coseKey: credential.coseKey,
      class: 'device',
      signCount: 6,
      backupEligible: false,
      backupState: false,
      ...factor,
    },
  };
}

/** The reason of a refusal, or `genuine`. */
export function outcome(verification: Verification): string {
  return verification.genuine ? 'genuine' : verification.reason;
}

/** What the station says to a rightly signed assertion with these parts. */
export function judged(
  parts: { data?: Uint8Array; client?: Uint8Array },
  factor: Partial<Expected['factor']> = {},
  further: Partial<Omit<Expected, 'factor'>> = {},
): string {
  return outcome(verifyAssertion(assertion(es256, parts), expected(es256, factor, further)));
}
