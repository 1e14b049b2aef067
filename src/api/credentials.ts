import { constants } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import { certificatesIn } from '../domain/index.ts';

/** PEM, as Node's TLS takes it. */
export interface TlsMaterial {
  /** The certificates of the authorities that sign clients' certificates; with none, nobody is let in. */
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A client that has not finished its handshake by then is cut off, ms: handshakes are counted. */
const handshakeTimeout = 3_000;

/** Mutual TLS, version 1.3 only, for HTTP/2 (RFC 9113 §3.2) and nothing else. */
export function mutualTls({ ca, cert, key }: TlsMaterial): TlsOptions {
  return {
    // As they were judged, each; and a list even if it is empty: without one Node trusts the web's authorities.
    ca: certificatesIn(ca, 'ca').map(String),
    cert,
    key,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout,
    // RFC 8446 §2.2: a resumed session shows no certificate. Each connection shall show one, to be verified as of now.
    secureOptions: constants.SSL_OP_NO_TICKET,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
  };
}
