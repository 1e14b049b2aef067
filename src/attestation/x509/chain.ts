import type { KeyObject } from 'node:crypto';
import { formatInstant, type WallMs } from '../../domain/index.ts';
import type { Certificate } from './certificate.ts';

/** The authority that a chain ends in, or why it ends in none that is trusted. */
export type Chained<A> =
  | { readonly trusted: true; readonly anchor: A }
  | { readonly trusted: false; readonly why: string };

/** Signatures on certificates: RSA (PKCS #1 v1.5) and ECDSA with SHA-2, Ed25519. SHA-1 and less count for nothing. */
const signatures = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.3.101.112',
]);
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/**
 * Critical extensions that don't change what is judged here, or are judged: basic constraints, key usage, extended key usage,
 * alternative names, policies. RFC 5280 §4.2: any other that is critical refuses.
 */
const understood = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.37', '2.5.29.17', '2.5.29.32']);

/**
 * Whether a chain, end entity first and each followed by its issuer, ends in one of the anchors, which the chain may or may not name
 * itself: RFC 5280 §6.1 without policies and name constraints. The anchor is held to the same checks as an authority in between, its
 * validity too. An end entity is never its own anchor, and never an authority. Nothing is fetched: whether a certificate was revoked
 * only the FIDO metadata say.
 */
export function chainTo<A extends { readonly certificate: Certificate }>(
  chain: readonly Certificate[],
  anchors: readonly A[],
  now: WallMs,
): Chained<A> {
  const [leaf] = chain;
  if (leaf === undefined) return no('there is no certificate');
  if (leaf.authority) return no('the attestation’s own certificate is an authority’s');
  for (const [i, certificate] of chain.entries()) {
    const flaw = flawOf(certificate, i, now);
    if (flaw !== undefined) return no(flaw);
    const named = i === 0 ? undefined : anchors.find((anchor) => same(anchor.certificate.raw, certificate.raw));
    if (named !== undefined) {
      if (i < chain.length - 1) return no('certificates follow the trusted authority');
      return { trusted: true, anchor: named };
    }
    const issuer = chain[i + 1];
    if (issuer !== undefined && !issued(certificate, issuer)) return no(`${nth(i + 1)} did not issue ${nth(i)}`);
  }
  const last = chain.at(-1) ?? leaf;
  // Several may bear one name: an authority's old and new certificate.
  const issuers = anchors.filter((anchor) => issued(last, anchor.certificate));
  const flaws = issuers.map((anchor) => flawOf(anchor.certificate, chain.length, now));
  const anchor = issuers[flaws.indexOf(undefined)];
  if (anchor !== undefined) return { trusted: true, anchor };
  return no(flaws[0] ?? 'it leads to no authority that policy trusts');
}

const no = (why: string): { readonly trusted: false; readonly why: string } => ({ trusted: false, why });
const nth = (i: number): string => `certificate ${i + 1} of the chain`;

/** What is wrong with the certificate at that place above the end entity (0), if anything. */
function flawOf(certificate: Certificate, place: number, now: WallMs): string | undefined {
  const { notBefore, notAfter, authority, signsCertificates, pathLength, extensions, signatureAlgorithm } = certificate;
  if (now < notBefore || now > notAfter)
    return `${nth(place)} is valid from ${instant(notBefore)} to ${instant(notAfter)} only`;
  for (const [id, { critical }] of extensions) {
    if (critical && !understood.has(id))
      return `${nth(place)} has the critical extension ${id}, which is not known here`;
  }
  if (!signatures.has(signatureAlgorithm))
    return `${nth(place)} is signed by ${signatureAlgorithm}, which is not accepted`;
  if (!strong(certificate.x509.publicKey)) return `${nth(place)} has a key that is too weak, or of an unknown kind`;
  if (place === 0) return undefined;
  if (!authority || !signsCertificates) return `${nth(place)} is no authority’s`;
  if (pathLength < place - 1)
    return `${nth(place)} lets ${pathLength} authorities stand below it, and there are ${place - 1}`;
  return undefined;
}

/** The last day that a year of four digits has. */
const instant = (at: number): string => formatInstant(Math.min(at, 253_402_300_799_000) as WallMs);

function strong({
  asymmetricKeyType,
  asymmetricKeyDetails: { modulusLength = 0, namedCurve = '' } = {},
}: KeyObject): boolean {
  switch (asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= 2048;
    case 'ec':
      return curves.has(namedCurve);
    default:
      return asymmetricKeyType === 'ed25519';
  }
}

function issued(certificate: Certificate, issuer: Certificate): boolean {
  return same(certificate.issuer, issuer.subject) && certificate.x509.verify(issuer.x509.publicKey);
}

export function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
