import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { mutualTls, type TlsMaterial } from './credentials.ts';
import type { Log } from './log.ts';
import { identify, type Role } from './roles.ts';
import { type ClientTrust, Trust } from './trust.ts';

export interface ConnectionLimits {
  readonly connections: number;
  /** Of them, those whose client has not shown its certificate yet. */
  readonly handshakes: number;
  /** Of them, those of one role; what names no role that is served here has such a share too. */
  readonly roleConnections: number;
}

/** A listener's connections. Each is a file descriptor that the store may need, and grpc-js does not bound their number. */
export class Connections {
  readonly server: Server;
  readonly #open = new Set<Socket>();
  readonly #shares = new Map<Role | 'other', Set<TLSSocket>>();
  /** Those that are let in, with the certificates (DER) that they showed. */
  readonly #secured = new Map<TLSSocket, Uint8Array>();
  readonly #drop: (why: string) => void;
  #trust: Trust;
  #trustDomain: string;

  /**
   * `roles`: those that this listener is for. `others`: whether anyone else's connection is kept, to be told at each call that
   * it may not; where not, it ends with its handshake. `use` gets those that are let in.
   */
  constructor(options: {
    readonly tls: TlsMaterial;
    readonly clients: ClientTrust | undefined;
    readonly trustDomain: string;
    readonly roles: ReadonlySet<Role>;
    readonly others: boolean;
    readonly limits: ConnectionLimits;
    readonly log: Log;
    readonly use: (connection: TLSSocket) => void;
  }) {
    const { tls, clients, trustDomain, roles, others, limits, log, use } = options;
    this.#trustDomain = trustDomain;
    const shareOf = (raw: Uint8Array): Role | 'other' => {
      const identified = identify(raw, this.#trustDomain);
      return identified.known && roles.has(identified.caller.role) ? identified.caller.role : 'other';
    };
    const drop = (why: string): void => log('connection-dropped', { why });
    this.#drop = drop;
    this.#trust = new Trust(tls, clients);

    this.server = createServer({ ...mutualTls(tls), noDelay: true });
    this.server.maxConnections = limits.connections;
    this.server.on('drop', () => drop('too many connections'));
    this.server.on('connection', (connection) => {
      this.#open.add(connection);
      connection.once('close', () => this.#open.delete(connection));
      if (this.#open.size - this.#secured.size <= limits.handshakes) return;
      drop('too many handshakes');
      connection.destroy();
    });
    this.server.on('secureConnection', (connection) => {
      // What breaks a connection ends it, and nothing else.
      connection.on('error', () => {});
      // Node has none to show of a connection that has ended meanwhile.
      const raw: Uint8Array | undefined = connection.getPeerCertificate()?.raw;
      const untrusted = raw && this.#trust.refuses(raw);
      if (raw === undefined || untrusted !== undefined) {
        drop(untrusted ?? 'it shows no certificate');
        connection.destroy();
        return;
      }
      const name = shareOf(raw);
      if (name === 'other' && !others) {
        drop('not of a role that this listener is for');
        connection.destroy();
        return;
      }
      const share = this.#shares.get(name) ?? new Set();
      this.#shares.set(name, share);
      if (share.size >= limits.roleConnections) {
        drop(`too many connections of ${name}`);
        connection.destroy();
        return;
      }
      share.add(connection);
      this.#secured.set(connection, raw);
      connection.once('close', () => {
        share.delete(connection);
        this.#secured.delete(connection);
      });
      use(connection);
    });
  }

  /** Handshakes are made with this from now on. A connection that it would not let in ends; any other goes on as it is. */
  trust(tls: TlsMaterial, clients: ClientTrust | undefined, trustDomain: string): void {
    this.server.setSecureContext(mutualTls(tls));
    this.#trust = new Trust(tls, clients);
    const moved = trustDomain !== this.#trustDomain;
    this.#trustDomain = trustDomain;
    for (const [connection, raw] of this.#secured) {
      const untrusted = moved ? 'its trust domain is not policy’s any more' : this.#trust.refuses(raw);
      if (untrusted === undefined) continue;
      this.#drop(untrusted);
      connection.destroy();
    }
  }

  cut(): void {
    for (const connection of this.#open) connection.destroy();
  }
}
