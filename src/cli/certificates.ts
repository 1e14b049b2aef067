import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { day, Malformed, minute, shown } from '../domain/index.ts';

/** A certificate and its private key, PEM (RFC 7468; PKCS#8). */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** A station's certificate authority: it speaks for one trust domain. */
export interface Authority extends Issued {
  readonly trustDomain: string;
  readonly issuer: x509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
}

/** The roles that a client certificate can name (design §6). */
export const clientRoles = ['withdrawals', 'operators', 'courier', 'auditors'] as const;

/** How long certificates hold: long enough that a forgotten renewal isn't what stops a station within its first years. */
export const validity = { authority: 10 * 365 * day, leaf: 2 * 365 * day } as const;

/** Clients' clocks may be a little behind the station's. */
const backdated = 5 * minute;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

x509.cryptoProvider.set(webcrypto);

/**
 * Makes a certificate authority: P-256, good for nothing but signing leaf certificates (path length 0), and, by a critical
 * name constraint (RFC 5280 §4.2.1.10), for no URI outside the trust domain.
 * `now` is ms since 1970.
 */
export async function createAuthority(trustDomain: string, now: number): Promise<Authority> {
  checkTrustDomain(trustDomain);
  const keys = await generateKeys();
  const issuer = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`Portcullis station CA ${trustDomain}`.slice(0, 64)] }],
    notBefore: new Date(now - backdated),
    notAfter: new Date(now + validity.authority),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      uriConstraint(trustDomain),
    ],
  });
  return { trustDomain, issuer, signingKey: keys.privateKey, certificate: pem(issuer), key: await privatePem(keys) };
}

/** An authority as it was made before, from its PEM files. Throws `Malformed` for what is none, or was made by other means. */
export async function openAuthority(certificate: string, key: string): Promise<Authority> {
  const place = 'ca.pem';
  const issuer = attempt(place, 'is not a certificate in PEM', () => new x509.X509Certificate(certificate));
  const trustDomain = constrainedTo(issuer);
  if (trustDomain === undefined)
    throw new Malformed(place, 'is not an authority for one trust domain, as "portcullis certificate authority" makes');
  if (
    !new X509Certificate(certificate).checkPrivateKey(
      attempt('ca.key', 'is no private key', () => createPrivateKey(key)),
    )
  )
    throw new Malformed('ca.key', 'is not the key of ca.pem');
  const pkcs8 = x509.PemConverter.decodeFirst(key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  return { trustDomain, issuer, signingKey, certificate, key };
}

function attempt<T>(place: string, complaint: string, read: () => T): T {
  try {
    return read();
  } catch {
    // The parser's own message could quote the file.
    throw new Malformed(place, complaint);
  }
}

/** A server certificate for the names and IP addresses that clients may connect to. */
export function issueServer(authority: Authority, names: readonly string[], now: number): Promise<Issued> {
  const alternatives = names.map((name): x509.JsonGeneralName => {
    if (isIP(name) !== 0) return { type: 'ip', value: name };
    if (!/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) {
      throw new Malformed('name', `expected a host name or an IP address, got ${shown(name)}`);
    }
    return { type: 'dns', value: name };
  });
  return issue(authority, 'Portcullis station', alternatives, x509.ExtendedKeyUsage.serverAuth, now);
}

/** A client certificate: its one URI, `spiffe://<trust-domain>/<role>/<name>`, is what the station goes by. */
export function issueClient(authority: Authority, role: string, name: string, now: number): Promise<Issued> {
  if (!/^[a-z]{1,32}$/.test(role)) throw new Malformed('role', `expected lowercase letters, got ${shown(role)}`);
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw new Malformed('name', `expected 1 to 64 characters of A-Z a-z 0-9 . _ -, got ${shown(name)}`);
  }
  const value = `spiffe://${authority.trustDomain}/${role}/${name}`;
  return issue(authority, `${role} ${name}`, [{ type: 'url', value }], x509.ExtendedKeyUsage.clientAuth, now);
}

async function issue(
  authority: Authority,
  commonName: string,
  alternatives: x509.JsonGeneralName[],
  usage: x509.ExtendedKeyUsage,
  now: number,
): Promise<Issued> {
  const keys = await generateKeys();
  const notAfter = Math.min(now + validity.leaf, authority.issuer.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [commonName.slice(0, 64)] }],
    issuer: authority.issuer.subjectName,
    notBefore: new Date(now - backdated),
    notAfter: new Date(notAfter),
    signingAlgorithm: algorithm,
    signingKey: authority.signingKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.issuer.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await privatePem(keys) };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets; 127 random bits, so that no two are the same. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY').trimEnd()}\n`;
}

function checkTrustDomain(value: string): void {
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?$/.test(value)) {
    throw new Malformed('trust-domain', `expected a host name of at most 100 characters, got ${shown(value)}`);
  }
}

/**
 * NameConstraints { permittedSubtrees [0] { GeneralSubtree { base [6] host } } }: for a URI the constraint is its host. Other
 * kinds of names are free: what a station's machines are called changes.
 */
function uriConstraint(host: string): x509.Extension {
  const value = der(0x30, der(0xa0, der(0x30, der(0x86, new TextEncoder().encode(host)))));
  return new x509.Extension(nameConstraints, true, value);
}

const nameConstraints = '2.5.29.30';

function der(tag: number, content: Uint8Array): Uint8Array {
  return Uint8Array.of(tag, content.length, ...content);
}

/** The one trust domain that a certificate of `createAuthority` is constrained to; undefined for any other certificate. */
function constrainedTo(certificate: x509.X509Certificate): string | undefined {
  const value = certificate.extensions.find(({ type }) => type === nameConstraints)?.value;
  if (value === undefined) return undefined;
  const bytes = new Uint8Array(value);
  const host = new TextDecoder().decode(bytes.subarray(8));
  return Buffer.from(uriConstraint(host).value).equals(bytes) ? host : undefined;
}
