import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Metadata, ServerUnaryCall, ServerWritableStream, StatusObject, sendUnaryData } from '@grpc/grpc-js';
import { Refusal } from '../domain/index.ts';
import type { Ceiling } from './ceiling.ts';
import { refusalStatus, statusOf, unparsable } from './errors.ts';
import type { Log } from './log.ts';
import { Outlet } from './outlet.ts';
import type { Rights } from './rights.ts';
import type { Caller, Role } from './roles.ts';

/** One method as generated code defines it. */
interface Definition<Request = unknown, Response = unknown> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestDeserialize(bytes: Buffer): Request;
  responseSerialize(value: Response): Buffer;
}
type RequestOf<D> = D extends { requestDeserialize: (bytes: Buffer) => infer R } ? R : never;
type ResponseOf<D> = D extends { responseSerialize: (value: infer R) => Buffer } ? R : never;

/** What answers one call. It may throw or reject with anything: `errors.ts` says what the caller is told. */
export type Handler<Request, Response> = (request: Request, caller: Caller) => Response | Promise<Response>;
/** What feeds one stream; the stream ends when it resolves. */
export type Source<Request, Response> = (request: Request, outlet: Outlet<Response>, caller: Caller) => Promise<void>;

/** A service's methods, each taking and giving what its definition says. */
export type Implementation<D> = {
  readonly [M in keyof D]: D[M] extends { readonly responseStream: true }
    ? Source<RequestOf<D[M]>, ResponseOf<D[M]>>
    : Handler<RequestOf<D[M]>, ResponseOf<D[M]>>;
};

/** A request that parsed, or why it did not. */
type Parsed = { readonly ok: true; readonly message: unknown } | { readonly ok: false; readonly status: StatusObject };

/** What a method needs to know of the listener that serves it. */
export interface Serving {
  readonly log: Log;
  /** Who calls, by the call's metadata, as the interceptor found out. A call that it did not see has no caller. */
  readonly callers: WeakMap<Metadata, Caller>;
  /** How much work each role may have in flight, whether or not its caller still waits for it. */
  readonly work: ReadonlyMap<Role, Ceiling>;
  readonly outlets: Set<Outlet<unknown>>;
}

type UnaryCall = ServerUnaryCall<Parsed, unknown>;
type StreamCall = ServerWritableStream<Parsed, unknown>;

/** A method as a listener registers it. */
export type Method = {
  readonly path: string;
  readonly roles: readonly Role[];
  readonly deserialize: (bytes: Buffer) => Parsed;
  readonly serialize: (value: unknown) => Buffer;
} & (
  | {
      readonly type: 'unary';
      readonly serve: (serving: Serving) => (call: UnaryCall, send: sendUnaryData<unknown>) => void;
    }
  | { readonly type: 'serverStream'; readonly serve: (serving: Serving) => (call: StreamCall) => void }
);

export interface Service {
  /** Fully qualified, such as `portcullis.v1.WithdrawalService`: what grpc.health.v1 asks for. */
  readonly name: string;
  readonly methods: readonly Method[];
}

/** Ties a generated service definition to who may call it and what answers. */
export function bind<D extends { readonly [M in keyof D]: Definition<unknown, never> }>(
  definitions: D,
  rights: Rights<D>,
  implementation: Implementation<D>,
): Service {
  const methods = Object.keys(definitions).map((key) => {
    // The parameters' types pair each definition with its handler; in a loop over names the compiler can't follow that.
    const definition = (definitions as unknown as Record<string, Definition>)[key];
    const handler = (implementation as unknown as Record<string, unknown>)[key];
    const roles = (rights as Readonly<Record<string, readonly Role[]>>)[key];
    if (definition === undefined || handler === undefined || roles === undefined)
      throw new Error(`${key} is not bound`);
    const common = {
      path: definition.path,
      roles,
      deserialize: (bytes: Buffer) => parse(bytes, definition),
      serialize: (value: unknown) => definition.responseSerialize(value),
    };
    return definition.responseStream
      ? ({ ...common, type: 'serverStream', serve: serveStream(definition.path, handler as never) } as const)
      : ({ ...common, type: 'unary', serve: serveUnary(definition.path, handler as never) } as const);
  });
  return { name: serviceName(methods), methods };
}

/** `/portcullis.v1.WithdrawalService/GetWithdrawal` → `portcullis.v1.WithdrawalService` */
function serviceName(methods: readonly { readonly path: string }[]): string {
  return methods[0]?.path.split('/')[1] ?? '';
}

/**
 * grpc-js answers INTERNAL to whatever a deserializer throws; bytes that are no message are the client's fault, so the
 * handler gets to see them. The generated decoder stops silently at a field number 0, hence the look at the fields first.
 */
export function parse(bytes: Buffer, definition: Pick<Definition, 'path' | 'requestDeserialize'>): Parsed {
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      reader.skip(type, field);
    }
    return { ok: true, message: definition.requestDeserialize(bytes) };
  } catch {
    return { ok: false, status: unparsable(`the bytes are not the request message of ${definition.path}`) };
  }
}

type Begun = { readonly ok: true; readonly caller: Caller; readonly message: unknown; readonly leave: () => void };

/** What every call passes before its handler runs: a caller, a parsed request, room for its work. */
function begin(
  serving: Serving,
  call: UnaryCall | StreamCall,
): Begun | { readonly ok: false; readonly status: StatusObject } {
  const caller = serving.callers.get(call.metadata);
  if (caller === undefined) return { ok: false, status: refusalStatus(new Refusal('role-denied')) };
  if (!call.request.ok) return { ok: false, status: call.request.status };
  const leave = serving.work.get(caller.role)?.enter();
  if (leave === undefined) return { ok: false, status: refusalStatus(new Refusal('overloaded')) };
  return { ok: true, caller, message: call.request.message, leave };
}

function serveUnary(path: string, handler: Handler<unknown, unknown>) {
  return (serving: Serving) =>
    async (call: UnaryCall, send: sendUnaryData<unknown>): Promise<void> => {
      const begun = begin(serving, call);
      if (!begun.ok) {
        send(begun.status);
        return;
      }
      // Nothing here looks at whether the client still waits: what was committed is not undone by a deadline (design §4).
      try {
        const response = await handler(begun.message, begun.caller);
        send(null, response);
      } catch (error) {
        send(statusOf(error, path, serving.log));
      } finally {
        begun.leave();
      }
    };
}

function serveStream(path: string, source: Source<unknown, unknown>) {
  return (serving: Serving) =>
    async (call: StreamCall): Promise<void> => {
      const outlet = new Outlet<unknown>(call);
      const begun = begin(serving, call);
      if (!begun.ok) {
        outlet.fail(begun.status);
        return;
      }
      serving.outlets.add(outlet);
      try {
        await source(begun.message, outlet, begun.caller);
        outlet.end();
      } catch (error) {
        outlet.fail(statusOf(error, path, serving.log));
      } finally {
        serving.outlets.delete(outlet);
        begun.leave();
      }
    };
}
