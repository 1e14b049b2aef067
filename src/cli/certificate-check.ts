import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { authorityDifference, certificatesIn, day, issuedBy } from '../domain/index.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Warned of this long before it ends: time to make a new one without haste. */
const soon = 14 * day;

const reissue =
  'Make a new one with "portcullis certificate issue", where the CA’s key is kept, and put it in its place; a running station reads it on SIGHUP.';
const newAuthority = 'Make a new CA with "portcullis certificate authority" and move to it (docs/station.md).';

/** The station's certificate and its CAs: that they hold, belong together, and to the key. `now` is ms since 1970. */
export function* checkCertificates(tls: Config['tls'], now: number): Generator<Diagnosis> {
  const cas = read('CA certificate', tls.ca, (pem) => certificatesIn(pem, tls.ca), newAuthority);
  const server = read('server certificate', tls.certificate, (pem) => [new X509Certificate(pem)], reissue);
  for (const { diagnoses } of [cas, server]) yield* diagnoses;
  for (const certificate of cas.certificates) yield checkDates('CA certificate', certificate, now, newAuthority);
  for (const certificate of server.certificates) {
    yield checkDates('server certificate', certificate, now, reissue);
    yield* checkServer(certificate, cas.certificates, tls.key);
  }
}

/** S11: the CA file against the authorities that policy names. */
export function* checkAuthorities(ca: string, named: readonly string[]): Generator<Diagnosis> {
  const { certificates } = read('CA certificate', ca, (pem) => certificatesIn(pem, ca), newAuthority);
  const { missing, foreign } = authorityDifference(named, certificates);
  const what = 'authorities';
  for (const print of missing)
    yield { what, found: `${ca} lacks ${print}, which policy names`, mend: 'Add its certificate to the file.' };
  for (const print of foreign)
    yield { what, found: `${ca} holds ${print}, which policy does not name`, mend: 'Take it out of the file.' };
  if (missing.length + foreign.length === 0) yield { what, found: 'the CA file holds those that policy names' };
}

function* checkServer(
  certificate: X509Certificate,
  cas: readonly X509Certificate[],
  keyFile: string,
): Generator<Diagnosis> {
  const what = 'server certificate';
  if (cas.length > 0 && !cas.some((ca) => issuedBy(certificate, ca)))
    yield { what, found: 'it is not of a CA that the config names', mend: reissue };
  try {
    const key = createPrivateKey(readFileSync(keyFile));
    if (!certificate.checkPrivateKey(key)) yield { what, found: 'tls.key is another certificate’s', mend: reissue };
  } catch {
    yield { what: 'tls.key', found: `${keyFile} is not a private key`, mend: reissue };
  }
}

function checkDates(
  what: string,
  { validFromDate, validToDate }: X509Certificate,
  now: number,
  renew: string,
): Diagnosis {
  const until = validToDate.toISOString().slice(0, 10);
  if (now < validFromDate.getTime())
    return { what, found: `holds from ${validFromDate.toISOString()} only`, mend: 'Set the machine’s time right.' };
  const left = validToDate.getTime() - now;
  if (left < 0) return { what, found: `expired on ${until}`, mend: renew };
  const days = Math.floor(left / day);
  if (left < soon) return { what, found: `expires in ${days} days, on ${until}`, mend: renew };
  return { what, found: `holds until ${until}` };
}

function read(
  what: string,
  file: string,
  parse: (pem: Buffer) => X509Certificate[],
  mend: string,
): { readonly certificates: readonly X509Certificate[]; readonly diagnoses: readonly Diagnosis[] } {
  try {
    const certificates = parse(readFileSync(file));
    if (certificates.length > 0) return { certificates, diagnoses: [] };
    return { certificates, diagnoses: [{ what, found: `${file} holds none`, mend }] };
  } catch (error) {
    const found = `${file}: ${error instanceof Error ? error.message : String(error)}`;
    return { certificates: [], diagnoses: [{ what, found, mend }] };
  }
}
