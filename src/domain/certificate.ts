import { X509Certificate } from 'node:crypto';
import { digestOf } from './digest.ts';
import type { Digest } from './ids.ts';
import { Malformed } from './refusal.ts';

/** How policy names a certificate: SHA-256 of its DER. */
export function fingerprint(certificate: X509Certificate): Digest {
  return digestOf(certificate.raw);
}

/**
 * The certificates of a PEM file (RFC 7468 §5), in its order. OpenSSL would also read other kinds of blocks, such as TRUSTED
 * CERTIFICATE: a file with anything but certificates is refused, so that what is judged here is all that is trusted there.
 * Throws `Malformed` at `place`.
 */
export function certificatesIn(pem: string | Uint8Array, place: string): X509Certificate[] {
  const text = typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length !== (text.match(/-----BEGIN/g) ?? []).length)
    throw new Malformed(place, 'holds something other than certificates in PEM');
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new Malformed(place, 'holds a certificate that cannot be read');
    }
  });
}

/** Whether `authority` itself signed the certificate, not one that it vouches for. */
export function issuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** How a file's authorities differ from those that policy names: fingerprints. */
export interface AuthorityDifference {
  readonly missing: readonly string[];
  readonly foreign: readonly string[];
}

export function authorityDifference(
  named: readonly string[],
  certificates: readonly X509Certificate[],
): AuthorityDifference {
  const held: string[] = certificates.map(fingerprint);
  return {
    missing: named.filter((print) => !held.includes(print)),
    foreign: held.filter((print) => !named.includes(print)),
  };
}
