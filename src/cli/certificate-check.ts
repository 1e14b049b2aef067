import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { day } from '../domain/index.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Warned of this long before it ends: time to make a new one without haste. */
const soon = 14 * day;

const reissue = 'Make a new one with the CA’s key, where that is kept, and put it in its place.';

/** The station's certificate and its CA: that they hold, belong together, and to the key. `now` is ms since 1970. */
export function* checkCertificates(tls: Config['tls'], now: number): Generator<Diagnosis> {
  const ca = read('CA certificate', tls.ca);
  const server = read('server certificate', tls.certificate);
  for (const { what, certificate, error } of [ca, server]) {
    if (certificate === undefined) yield { what, found: error ?? '', mend: reissue };
    else yield checkDates(what, certificate, now);
  }
  if (ca.certificate === undefined || server.certificate === undefined) return;
  const what = 'server certificate';
  if (!server.certificate.checkIssued(ca.certificate) || !server.certificate.verify(ca.certificate.publicKey)) {
    yield { what, found: 'it is not of the CA that the config names', mend: reissue };
  }
  try {
    const key = createPrivateKey(readFileSync(tls.key));
    if (!server.certificate.checkPrivateKey(key))
      yield { what, found: 'tls.key is another certificate’s', mend: reissue };
  } catch {
    yield { what: 'tls.key', found: `${tls.key} is not a private key`, mend: reissue };
  }
}

function checkDates(what: string, { validFromDate, validToDate }: X509Certificate, now: number): Diagnosis {
  const until = validToDate.toISOString().slice(0, 10);
  if (now < validFromDate.getTime())
    return { what, found: `holds from ${validFromDate.toISOString()} only`, mend: 'Set the machine’s time right.' };
  const left = validToDate.getTime() - now;
  if (left < 0) return { what, found: `expired on ${until}`, mend: reissue };
  const days = Math.floor(left / day);
  if (left < soon) return { what, found: `expires in ${days} days, on ${until}`, mend: reissue };
  return { what, found: `holds until ${until}` };
}

function read(what: string, file: string): { what: string; certificate?: X509Certificate; error?: string } {
  try {
    return { what, certificate: new X509Certificate(readFileSync(file)) };
  } catch (error) {
    return { what, error: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
