import { ServerCredentials } from '@grpc/grpc-js';

/** PEM, as Node's TLS takes it. */
export interface TlsMaterial {
  /** The certificates of the authority that signs clients' certificates. */
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A client that has not finished its handshake by then is cut off, ms: connections are counted. */
const handshakeTimeout = 10_000;

/**
 * Mutual TLS, version 1.3 only. `ServerCredentials.createSsl` of grpc-js has no minimum version, and
 * `tls.DEFAULT_MIN_VERSION` would bind whatever else the process does; the options that this class hands over reach
 * `http2.createSecureServer` as they are.
 */
export class MutualTls extends ServerCredentials {
  constructor({ ca, cert, key }: TlsMaterial) {
    super(
      { requestCert: true, rejectUnauthorized: true, handshakeTimeout },
      { ca, cert, key, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
    );
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
