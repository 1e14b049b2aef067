import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { mutualTls, type TlsMaterial } from './credentials.ts';
import type { Log } from './log.ts';
import { identify, type Role } from './roles.ts';

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
  #secured = 0;

  /**
   * `roles`: those that this listener is for. `others`: whether anyone else's connection is kept, to be told at each call that
   * it may not; where not, it ends with its handshake. `use` gets those that are let in.
   */
  constructor(options: {
    readonly tls: TlsMaterial;
    readonly trustDomain: string;
    readonly roles: ReadonlySet<Role>;
    readonly others: boolean;
    readonly limits: ConnectionLimits;
    readonly log: Log;
    readonly use: (connection: TLSSocket) => void;
  }) {
    const { tls, trustDomain, roles, others, limits, log, use } = options;
    const shareOf = (connection: TLSSocket): Role | 'other' => {
      const raw = connection.getPeerCertificate()?.raw;
      const identified = raw && identify(raw, trustDomain);
      return identified?.known === true && roles.has(identified.caller.role) ? identified.caller.role : 'other';
    };
    const drop = (why: string): void => log('connection-dropped', { why });

    this.server = createServer({ ...mutualTls(tls), noDelay: true });
    this.server.maxConnections = limits.connections;
    this.server.on('drop', () => drop('too many connections'));
    this.server.on('connection', (connection) => {
      this.#open.add(connection);
      connection.once('close', () => this.#open.delete(connection));
      if (this.#open.size - this.#secured <= limits.handshakes) return;
      drop('too many handshakes');
      connection.destroy();
    });
    this.server.on('secureConnection', (connection) => {
      // What breaks a connection ends it, and nothing else.
      connection.on('error', () => {});
      const name = shareOf(connection);
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
      this.#secured += 1;
      connection.once('close', () => {
        share.delete(connection);
        this.#secured -= 1;
      });
      use(connection);
    });
  }

  cut(): void {
    for (const connection of this.#open) connection.destroy();
  }
}
