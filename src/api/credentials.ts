import type { TlsOptions } from 'node:tls';

/** PEM, as Node's TLS takes it. */
export interface TlsMaterial {
  /** The certificates of the authority that signs clients' certificates. */
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A client that has not finished its handshake by then is cut off, ms: handshakes are counted. */
const handshakeTimeout = 3_000;

/** Mutual TLS, version 1.3 only, for HTTP/2 (RFC 9113 §3.2) and nothing else. */
export function mutualTls({ ca, cert, key }: TlsMaterial): TlsOptions {
  return {
    ca,
    cert,
    key,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
  };
}
