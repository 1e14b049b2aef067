import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { Ceiling } from './ceiling.ts';
import { type ConnectionLimits, Connections } from './connections.ts';
import type { TlsMaterial } from './credentials.ts';
import { reasonStatus } from './errors.ts';
import { interceptor } from './interceptor.ts';
import type { Log } from './log.ts';
import type { Outlet } from './outlet.ts';
import { type Caller, Identities, type Role, roles } from './roles.ts';
import type { Service, Serving } from './service.ts';
import type { ClientTrust } from './trust.ts';

export interface Address {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** What one listener takes on at once. Above each, RESOURCE_EXHAUSTED or no connection at all. */
export interface Limits extends ConnectionLimits {
  /** Bytes of a request. */
  readonly requestBytes: number;
  /** Bytes of an answer. */
  readonly answerBytes: number;
  /** Open calls a role, streams included. */
  readonly calls: Readonly<Record<Role, number>>;
  /** HTTP/2 streams a connection. */
  readonly streams: number;
  /** Until a request must have arrived, and a unary call be answered, ms. */
  readonly deadline: number;
}

/**
 * A request is at most 1 MiB. The largest that is meant is a PSBT with the previous transaction of each input whole (B2): 20 inputs
 * out of transactions that paid 500 each have 320 KB of them, 200 outputs 10 KB, and 200 authorizations inline, 1.2 KiB each,
 * 240 KB. No byte of a request is read before its call is let in, so that what a role sends takes no more memory than its open calls
 * times this, however many connections and streams it has: 256 MiB for the withdrawals. An answer may hold a page of the
 * journal: grpc clients take 4 MiB. Design §8 asks for 500 withdrawals a second, each some ms: 256 at once is a queue
 * of half a second. A connection may open more streams than a role may have calls, so that a client that does too much
 * on one connection is told so instead of waiting in silence.
 */
export const defaultLimits: Limits = {
  requestBytes: 1024 * 1024,
  answerBytes: 4 * 1024 * 1024,
  calls: { withdrawals: 256, operators: 64, courier: 32, auditors: 32, dev: 16 },
  // Room for what shows no certificate yet and for four shares, so that none takes another's: the withdrawals', the courier's, the
  // auditors', and that of whoever else comes.
  connections: 320,
  handshakes: 64,
  roleConnections: 64,
  streams: 512,
  deadline: 30_000,
};

export interface Listener {
  readonly port: number;
  /** Whom new connections are made with and which open ones stay, from now on. */
  trust(tls: TlsMaterial, clients: ClientTrust | undefined, trustDomain: string): void;
  /** Stops listening, ends streams, lets calls finish for `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

const second = 1_000;
const minute = 60 * second;

export async function listen(
  services: readonly Service[],
  options: {
    readonly address: Address;
    readonly tls: TlsMaterial;
    readonly clients: ClientTrust | undefined;
    /** Whom the listener is for, and whether anyone else may connect, to be told so at each call. */
    readonly roles: readonly Role[];
    readonly others: boolean;
    readonly trustDomain: string;
    readonly limits: Limits;
    readonly log: Log;
  },
): Promise<Listener> {
  const { address, tls, trustDomain, limits, log } = options;
  const ceilings = (): ReadonlyMap<Role, Ceiling> =>
    new Map(roles.map((role) => [role, new Ceiling(limits.calls[role])]));
  const methods = services.flatMap((service) => service.methods);
  const callers = new WeakMap<Metadata, Caller>();
  const outlets = new Set<Outlet<unknown>>();

  const identities = new Identities(trustDomain);
  const server = new Server({
    interceptors: [
      interceptor({
        identities,
        rights: new Map(methods.map((method) => [method.path, new Set(method.roles)])),
        calls: ceilings(),
        callers,
        deadline: limits.deadline,
        log,
      }),
    ],
    'grpc.max_receive_message_length': limits.requestBytes,
    'grpc.max_send_message_length': limits.answerBytes,
    'grpc.max_concurrent_streams': limits.streams,
    'grpc-node.max_session_memory': 64,
    'grpc.enable_channelz': 0,
    // A peer that went away without a word is found out within a minute.
    'grpc.keepalive_time_ms': 40 * second,
    'grpc.keepalive_timeout_ms': 20 * second,
    'grpc.max_connection_idle_ms': 15 * minute,
    // A certificate is verified when a connection is made: none lasts longer than this.
    'grpc.max_connection_age_ms': 60 * minute,
    'grpc.max_connection_age_grace_ms': minute,
  });
  const serving: Serving = { log, callers, work: ceilings(), outlets };
  for (const method of methods) {
    const { path, serialize, deserialize, type } = method;
    if (!server.register(path, method.serve(serving), serialize, deserialize, type))
      throw new Error(`${path} stands twice`);
  }

  // grpc-js bounds everything but connections: so TLS is ours, and what it has let in is handed over.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const connections = new Connections({
    tls,
    clients: options.clients,
    trustDomain,
    roles: new Set(options.roles),
    others: options.others,
    limits,
    log: (event, facts) => log(event, { port: String(address.port), ...facts }),
    use: (connection) => injector.injectConnection(connection),
  });
  const socket = connections.server;
  const port = await new Promise<number>((resolve, reject) => {
    socket.once('error', reject);
    socket.listen(address.port, address.host, () => {
      socket.removeListener('error', reject);
      socket.on('error', (error) => log('listener-failed', { error: error.message }));
      const bound = socket.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port);
    });
  });

  const close = async (graceMs: number): Promise<void> => {
    for (const outlet of outlets) outlet.fail(reasonStatus('stopping'));
    // Under Node 24 tryShutdown no longer waits for its sessions, and forceShutdown knows them only where channelz is on:
    // what tells that all is over is the last connection's end.
    server.tryShutdown(() => {});
    const cut = setTimeout(() => connections.cut(), graceMs);
    await new Promise<void>((resolve) => {
      socket.close(() => resolve());
    });
    clearTimeout(cut);
    server.forceShutdown();
  };
  const trust: Listener['trust'] = (material, clients, domain) => {
    connections.trust(material, clients, domain);
    identities.trust(domain);
  };
  return { port, trust, close };
}
