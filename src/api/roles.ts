import { X509Certificate } from 'node:crypto';

/** Who a caller can be. `dev` exists for the emulated station's own services only. */
export const roles = ['withdrawals', 'operators', 'courier', 'auditors', 'dev'] as const;
export type Role = (typeof roles)[number];

/** A caller, as its certificate names it. */
export interface Caller {
  readonly role: Role;
  /** The person or service within the role. */
  readonly name: string;
  /** From when until when the certificate holds: ms since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export type Identified =
  | { readonly known: true; readonly caller: Caller }
  | { readonly known: false; readonly message: string };

const unknown = (message: string): Identified => ({ known: false, message });

/**
 * SPIFFE-ID §2: a lower-case trust domain, then path segments of letters, digits, dot, dash and underscore; here exactly
 * two, role and name.
 */
const spiffeId = /^spiffe:\/\/([a-z0-9._-]{1,255})\/([a-z]+)\/([A-Za-z0-9_-][A-Za-z0-9._-]{0,63})$/;

/**
 * Reads who a verified client certificate (DER) names: X509-SVID §2, exactly one URI among its subject alternative names.
 * Nothing else in it counts, its common name least of all.
 *
 * Node renders the names as one line and puts those with a comma, a quote or a control character between double quotes
 * (CVE-2021-44532). Such a name could make the line look as if it held another one, so any quote refuses the certificate.
 */
export function identify(raw: Uint8Array, trustDomain: string): Identified {
  const certificate = new X509Certificate(raw);
  if (certificate.ca) return unknown('the certificate is an authority’s');
  const line = certificate.subjectAltName ?? '';
  if (line.includes('"')) return unknown('the certificate has a name with characters that no name here may have');
  const uris = line.split(', ').filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  if (uri === undefined || uris.length > 1)
    return unknown(`the certificate has ${uris.length} URI names instead of one`);
  const [, domain, roleName, name] = spiffeId.exec(uri.slice('URI:'.length)) ?? [];
  if (domain === undefined || name === undefined) return unknown('the URI name is not spiffe://trust-domain/role/name');
  if (domain !== trustDomain) return unknown('the URI name is of another trust domain');
  const role = roles.find((r) => r === roleName);
  if (role === undefined) return unknown('the URI name holds no role of this station');
  return {
    known: true,
    caller: {
      role,
      name,
      notBefore: certificate.validFromDate.getTime(),
      notAfter: certificate.validToDate.getTime(),
    },
  };
}

/**
 * Whom each connection's certificate names. TLS verified it when the connection was made, and reading it costs a quarter
 * of a call; so it is read once, and only whether it still holds is asked at each call, as a connection may outlive it.
 */
export class Identities {
  #trustDomain: string;
  #known = new WeakMap<object, Identified>();

  constructor(trustDomain: string) {
    this.#trustDomain = trustDomain;
  }

  /** Of this trust domain from now on, those that were read before included. */
  trust(trustDomain: string): void {
    this.#trustDomain = trustDomain;
    this.#known = new WeakMap();
  }

  /** `connection`: an object that stands for it, if there is one; `read`: its verified client certificate, DER. */
  of(connection: object | undefined, read: () => Uint8Array | undefined, now: number): Identified {
    const identified = (connection && this.#known.get(connection)) ?? this.#identify(read());
    if (connection !== undefined) this.#known.set(connection, identified);
    if (identified.known && (now < identified.caller.notBefore || now > identified.caller.notAfter)) {
      return unknown('the certificate is not valid now');
    }
    return identified;
  }

  #identify(raw: Uint8Array | undefined): Identified {
    // TLS lets nobody in without a verified certificate; should it ever, there is still no caller.
    return raw === undefined ? unknown('there is no verified client certificate') : identify(raw, this.#trustDomain);
  }
}
