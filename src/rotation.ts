import { X509Certificate } from 'node:crypto';
import type { Api, TlsMaterial } from './api/server.ts';
import type { Config } from './config.ts';
import { fingerprint } from './domain/index.ts';
import type { Policy } from './gate/policy.ts';
import { authoritiesOfPolicy, differenceOf, readTls } from './tls-files.ts';

type RotationLog = (event: string, details: Readonly<Record<string, string>>) => void;

/** Keeps what the listeners trust, and the certificate that they show, to policy and to config's files while the station runs. */
export class Rotation {
  readonly #api: Pick<Api, 'trust'>;
  readonly #files: Config['tls'];
  readonly #log: RotationLog;
  #policy: Policy;
  /** As last read whole. */
  #tls: TlsMaterial;

  constructor(parts: {
    readonly api: Pick<Api, 'trust'>;
    readonly files: Config['tls'];
    readonly log: RotationLog;
    readonly policy: Policy;
    readonly tls: TlsMaterial;
  }) {
    this.#api = parts.api;
    this.#files = parts.files;
    this.#log = parts.log;
    this.#policy = parts.policy;
    this.#tls = parts.tls;
  }

  /** Another policy took effect: its authorities, of those that the file holds by now, its revocations and its trust domain. */
  adopt(policy: Policy): void {
    this.#policy = policy;
    this.reload();
  }

  /** Reads the files again. Where they are no good, what was read before stays, within what policy allows now. */
  reload(): void {
    const read = this.#read();
    if (read !== undefined && this.#trust(read)) {
      this.#tls = read;
      this.#log('certificates-read', { server: fingerprint(new X509Certificate(read.cert)) });
    } else this.#trust(this.#tls);
  }

  #read(): TlsMaterial | undefined {
    try {
      return readTls(this.#files);
    } catch (error) {
      this.#kept(error);
      return undefined;
    }
  }

  #trust(tls: TlsMaterial): boolean {
    const { clients, trustDomain } = this.#policy;
    try {
      if (clients === undefined) this.#api.trust(tls, undefined, trustDomain);
      else this.#api.trust(authoritiesOfPolicy(tls, clients), clients, trustDomain);
    } catch (error) {
      this.#kept(error);
      return false;
    }
    if (clients === undefined) return true;
    const { missing, foreign } = differenceOf(tls.ca, clients);
    for (const authority of missing) this.#log('authority-missing', { authority });
    for (const authority of foreign) this.#log('authority-foreign', { authority });
    return true;
  }

  #kept(error: unknown): void {
    this.#log('certificates-kept', { error: error instanceof Error ? error.message : String(error) });
  }
}
