import { verify } from 'node:crypto';
import { Refusal } from '../../domain/index.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Stated } from './stated.ts';

/** WebAuthn L3 §8.6: a U2F key's statement over the credential, by a P-256 key of its batch. Throws `Refusal`. */
export function fidoU2f(stated: Stated, [leaf, ...others]: readonly Certificate[]): Record<string, never> {
  const { statement, key, clientDataHash, credential, rpIdHash } = stated;
  // "Check that x5c has exactly one element."
  if (leaf === undefined || others.length > 0) throw wrong('must have exactly one certificate');
  const attesting = leaf.x509.publicKey;
  const { namedCurve } = attesting.asymmetricKeyDetails ?? {};
  if (namedCurve !== 'prime256v1') throw wrong('is not by a key on P-256');
  if (key.number !== -7) throw wrong('is of a credential that is not ES256');
  const { x = '', y = '' } = key.key.export({ format: 'jwk' });
  const sig = statement.get('sig');
  const verificationData = Buffer.concat([
    Uint8Array.of(0x00),
    rpIdHash,
    clientDataHash,
    credential.id,
    Uint8Array.of(0x04),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ]);
  if (!(sig instanceof Uint8Array) || !verify('sha256', verificationData, attesting, sig))
    throw wrong('does not verify: its signature is not by its certificate’s key');
  return {};
}

function wrong(flaw: string): Refusal {
  return new Refusal('attestation-invalid', `the attestation statement (fido-u2f) ${flaw}`);
}
