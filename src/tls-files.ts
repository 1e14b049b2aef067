import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsMaterial } from './api/server.ts';
import type { Config } from './config.ts';
import {
  type AuthorityDifference,
  authorityDifference,
  certificatesIn,
  fingerprint,
  Malformed,
  Refusal,
} from './domain/index.ts';
import type { ClientsPolicy } from './gate/policy/clients.ts';

/** Reads what TLS needs, and says what TLS itself would say only with an error of OpenSSL's, or at the first client. */
export function readTls(files: Config['tls']): TlsMaterial {
  const ca = readFileSync(files.ca);
  const cert = readFileSync(files.certificate);
  const key = readFileSync(files.key);
  if (certificatesOf(ca, files.ca, 'config.tls.ca').length === 0)
    throw new Malformed('config.tls.ca', `${files.ca} is not a certificate in PEM`);
  const certificate = certificateIn(cert, files.certificate, 'config.tls.certificate');
  if (!certificate.checkPrivateKey(privateKeyIn(key, files.key))) {
    throw new Malformed('config.tls.key', `${files.key} is not the key of ${files.certificate}`);
  }
  return { ca, cert, key };
}

export function differenceOf(ca: TlsMaterial['ca'], { authorities }: ClientsPolicy): AuthorityDifference {
  return authorityDifference(authorities, certificatesIn(ca, 'config.tls.ca'));
}

/** What of the CA file policy names: it may be less than policy names, and never is more. */
export function authoritiesOfPolicy(tls: TlsMaterial, { authorities }: ClientsPolicy): TlsMaterial {
  const named = certificatesIn(tls.ca, 'config.tls.ca').filter((held) => authorities.includes(fingerprint(held)));
  return { ...tls, ca: Buffer.from(named.map(String).join('')) };
}

/** S11: who may issue clients' certificates is policy, not a file's. Throws `Refusal` unless the file holds exactly those. */
export function checkAuthorities({ ca }: TlsMaterial, clients: ClientsPolicy | undefined, file: string): void {
  if (clients === undefined) return;
  const { missing, foreign } = differenceOf(ca, clients);
  if (missing.length === 0 && foreign.length === 0) return;
  const found = [...missing.map((print) => `lacks ${print}`), ...foreign.map((print) => `holds the foreign ${print}`)];
  throw new Refusal('authority-changed', `${file} ${found.join(', ')}: policy.clients.authorities says otherwise`);
}

function certificatesOf(pem: Buffer, file: string, place: string): X509Certificate[] {
  try {
    return certificatesIn(pem, place);
  } catch {
    throw new Malformed(place, `${file} is not a list of certificates in PEM and nothing else`);
  }
}

function certificateIn(pem: Buffer, file: string, place: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Malformed(place, `${file} is not a certificate in PEM`);
  }
}

function privateKeyIn(pem: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The parser's own message could quote the file.
    throw new Malformed('config.tls.key', `${file} is not a private key in PEM`);
  }
}
