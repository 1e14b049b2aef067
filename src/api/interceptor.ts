import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { Refusal } from '../domain/index.ts';
import type { Ceiling } from './ceiling.ts';
import { outgoing, reasonStatus, refusalStatus } from './errors.ts';
import type { Log } from './log.ts';
import type { Caller, Identities, Role } from './roles.ts';

export interface Entrance {
  readonly identities: Identities;
  /** Who may call which method, by its path. What is not here is served to nobody. */
  readonly rights: ReadonlyMap<string, ReadonlySet<Role>>;
  /** How many calls each role may have open: one role's flood leaves the others their room. */
  readonly calls: ReadonlyMap<Role, Ceiling>;
  readonly callers: WeakMap<Metadata, Caller>;
  /** How long a request may take to arrive, and a unary call to be answered, ms. */
  readonly deadline: number;
  readonly log: Log;
}

/** What every call meets first, before a byte of its request is read: role, room, deadline. */
export function interceptor(entrance: Entrance): ServerInterceptor {
  return (method, call) => {
    // grpc-js ends a call from within, too (deadlines, decompression), past any responder: this is its one way out.
    const send = call.sendStatus.bind(call);
    call.sendStatus = (sent) => send(outgoing(sent as Partial<StatusObject>));

    let leave: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const admitted = admit(entrance, method.path, call);
            if (!admitted.ok) {
              call.sendStatus(admitted.status);
              return;
            }
            leave = admitted.leave;
            timer = setTimeout(() => call.sendStatus(reasonStatus('deadline-exceeded')), entrance.deadline);
            entrance.callers.set(metadata, admitted.caller);
            pass(metadata);
          },
          onReceiveMessage: (message, pass) => pass(message),
          onReceiveHalfClose: (pass) => {
            // A stream may stay open once its request has arrived; a unary call must be answered.
            if (method.responseStream) clearTimeout(timer);
            pass();
          },
          // grpc-js calls this at the end of every call, however it ended.
          onCancel: () => {
            clearTimeout(timer);
            leave?.();
          },
        }),
    });
  };
}

type Admitted =
  | { readonly ok: true; readonly caller: Caller; readonly leave: () => void }
  | { readonly ok: false; readonly status: StatusObject };

/**
 * The HTTP/2 session of a call. grpc-js keeps it to itself; where it can't be found, as after a change there, the
 * certificate is read again at each call: slower, and as right.
 */
function connectionOf(call: ServerInterceptingCallInterface): object | undefined {
  const stream: unknown = Reflect.get(call, 'stream');
  if (typeof stream !== 'object' || stream === null) return undefined;
  const session: unknown = Reflect.get(stream, 'session');
  return typeof session === 'object' && session !== null ? session : undefined;
}

function admit(entrance: Entrance, path: string, call: ServerInterceptingCallInterface): Admitted {
  const certificate = (): Uint8Array | undefined => call.getAuthContext().sslPeerCertificate?.raw;
  const identified = entrance.identities.of(connectionOf(call), certificate, Date.now());
  if (!identified.known) return denied(entrance, path, identified.message);
  const { caller } = identified;
  if (entrance.rights.get(path)?.has(caller.role) !== true) {
    entrance.log('role-denied', { path, role: caller.role, name: caller.name });
    return {
      ok: false,
      status: refusalStatus(new Refusal('role-denied', `The role ${caller.role} may not call ${path}.`)),
    };
  }
  const leave = entrance.calls.get(caller.role)?.enter();
  if (leave === undefined) return { ok: false, status: refusalStatus(new Refusal('overloaded')) };
  return { ok: true, caller, leave };
}

function denied(entrance: Entrance, path: string, why: string): Admitted {
  entrance.log('unauthenticated', { path, why });
  const refusal = new Refusal('role-denied', `The caller is not known: ${why}.`);
  return { ok: false, status: refusalStatus(refusal, status.UNAUTHENTICATED) };
}
