import { X509Certificate } from 'node:crypto';
import { certificatesIn, fingerprint, issuedBy } from '../domain/index.ts';
import type { TlsMaterial } from './credentials.ts';

/** What policy says of clients' certificates, beyond what TLS verifies. */
export interface ClientTrust {
  /** SHA-256 of certificates' DER, hex. */
  readonly revoked: ReadonlySet<string>;
}

/**
 * Whose connections may stay. Asked when a handshake is over, as it may have begun under another trust, and of each open connection
 * when the trust changes.
 */
export class Trust {
  readonly #authorities: readonly X509Certificate[];
  readonly #clients: ClientTrust | undefined;

  /** `clients`: undefined where policy names no authorities; then TLS alone says whom the CA file lets in. */
  constructor(tls: TlsMaterial, clients: ClientTrust | undefined) {
    this.#authorities = certificatesIn(tls.ca, 'ca');
    this.#clients = clients;
  }

  /** Why the client of this verified certificate (DER) is not let in; undefined if it is. */
  refuses(raw: Uint8Array): string | undefined {
    if (this.#clients === undefined) return undefined;
    const certificate = new X509Certificate(raw);
    if (this.#clients.revoked.has(fingerprint(certificate))) return 'its certificate is revoked';
    // Policy names every certificate that may issue clients': one that an authority vouches for is not among them.
    if (this.#authorities.some((authority) => issuedBy(certificate, authority))) return undefined;
    return 'no authority that policy names issued its certificate';
  }
}
