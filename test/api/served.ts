// An API before a fake custody, and clients of every role.
import {
  Client,
  type ClientOptions,
  type ClientReadableStream,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { vi } from 'vitest';
import type { Role } from '../../src/api/roles.ts';
import { type Api, type ApiOptions, createApi, type TlsMaterial } from '../../src/api/server.ts';
import { BadRequest, ErrorInfo } from '../../src/generated/google/rpc/error_details.ts';
import { Status } from '../../src/generated/google/rpc/status.ts';
import { DestinationServiceService } from '../../src/generated/portcullis/v1/destination.ts';
import { FactorServiceService } from '../../src/generated/portcullis/v1/factor.ts';
import { JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { NoticeServiceService } from '../../src/generated/portcullis/v1/notice.ts';
import { OperatorServiceService } from '../../src/generated/portcullis/v1/operator.ts';
import { TransactionServiceService } from '../../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceService } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { type Ca, type Issued, makeCa, trustDomain } from '../certificates.ts';
import { FakeCustody } from './fake-custody.ts';

/** A method with its types rubbed off: what is sent and received is bytes. */
export interface Wire {
  readonly path: string;
  readonly responseStream: boolean;
}

/** A method that can also encode its own requests. */
export interface Encoding extends Wire {
  readonly requestSerialize: (request: never) => Buffer;
}

const services: readonly (readonly [string, Readonly<Record<string, Encoding>>])[] = [
  ['withdrawals', WithdrawalServiceService],
  ['withdrawals', TransactionServiceService],
  ['withdrawals', DestinationServiceService],
  ['withdrawals', FactorServiceService],
  ['courier', NoticeServiceService],
  ['auditors', JournalServiceService],
  ['operators', OperatorServiceService],
];

/** Every method of the API, with a role that may call it. */
export const methods: readonly (Encoding & { readonly role: Role })[] = services.flatMap(([role, definitions]) =>
  Object.values(definitions).map(({ path, responseStream, requestSerialize }) => ({
    path,
    responseStream,
    requestSerialize,
    role: role as Role,
  })),
);

export interface ErrorView {
  readonly code: status;
  readonly message: string;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly field: string | undefined;
  readonly description: string | undefined;
}

/** What a client can read from a failed call: its code, and the details in the trailer. */
export function errorView(error: ServiceError): ErrorView {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  const whole = Buffer.isBuffer(bytes)
    ? Status.decode(bytes)
    : { code: error.code, message: error.details, details: [] };
  const detail = (type: string): Buffer | undefined => {
    const any = whole.details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${type}`);
    return any === undefined ? undefined : Buffer.from(any.value);
  };
  const infoBytes = detail('ErrorInfo');
  const badBytes = detail('BadRequest');
  const info = infoBytes === undefined ? undefined : ErrorInfo.decode(infoBytes);
  const violation = badBytes === undefined ? undefined : BadRequest.decode(badBytes).fieldViolations[0];
  if (whole.code !== error.code) throw new Error('the status in the trailer has another code');
  return {
    code: error.code,
    message: error.details,
    reason: info?.reason,
    domain: info?.domain,
    metadata: info?.metadata ?? {},
    field: violation?.field,
    description: violation?.description,
  };
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorView };

export interface Served {
  readonly fake: FakeCustody;
  readonly api: Api;
  readonly ca: Ca;
  readonly tls: TlsMaterial;
  readonly logged: { readonly event: string; readonly facts: Readonly<Record<string, string>> }[];
  /** A connection of its own, with a certificate of the role or the one given. */
  client(who: Role | Issued, listener?: 'main' | 'operators'): Promise<Client>;
  close(): Promise<void>;
}

export const clientOptions: Partial<ClientOptions> = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 60_000,
};

export async function serve(
  options: Partial<Pick<ApiOptions, 'limits' | 'extraServices' | 'clients'>> & { readonly ca?: Ca } = {},
): Promise<Served> {
  const ca = options.ca ?? (await makeCa());
  const { cert, key } = await ca.issueServer();
  const tls = { ca: ca.certificate, cert, key };
  const fake = new FakeCustody();
  const logged: { event: string; facts: Readonly<Record<string, string>> }[] = [];
  const api = await createApi({
    custody: fake.custody,
    tls,
    clients: options.clients,
    trustDomain,
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
    log: (event, facts) => logged.push({ event, facts }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.extraServices === undefined ? {} : { extraServices: options.extraServices }),
  });
  const clients: Client[] = [];
  return {
    fake,
    api,
    ca,
    tls,
    logged,
    client: async (who, listener) => {
      const own = typeof who === 'string' ? await ca.issue({ role: who, name: `test-${who}` }) : who;
      const port = (listener ?? (who === 'operators' ? 'operators' : 'main')) === 'main' ? api.port : api.operatorsPort;
      const channel = credentials.createSsl(ca.certificate, own.key, own.cert);
      const client = new Client(`localhost:${port}`, channel, clientOptions);
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.close();
      await api.close(1_000);
    },
  };
}

type Typed<Request, Response> = Pick<
  MethodDefinition<Request, Response>,
  'path' | 'requestSerialize' | 'responseDeserialize'
>;

/** One unary call. */
export function call<Request, Response>(
  client: Client,
  method: Typed<Request, Response>,
  request: Request,
): Promise<Outcome<Response>> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      {},
      (error, value) => {
        if (error !== null) resolve({ ok: false, error: errorView(error) });
        else if (value !== undefined) resolve({ ok: true, value });
      },
    );
  });
}

/** Opens a stream. */
export function open<Request, Response>(
  client: Client,
  method: Typed<Request, Response>,
  request: Request,
): ClientReadableStream<Response> {
  return client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, request);
}

/** The stream's messages until it ends or has yielded `most`, and how it ended if it failed. */
export function drain<Response>(
  stream: ClientReadableStream<Response>,
  most = Number.POSITIVE_INFINITY,
): Promise<{ readonly values: Response[]; readonly error: ErrorView | undefined }> {
  return new Promise((resolve) => {
    const values: Response[] = [];
    stream.on('data', (value: Response) => {
      values.push(value);
      if (values.length >= most) {
        stream.cancel();
        resolve({ values, error: undefined });
      }
    });
    stream.on('error', (error: ServiceError) => resolve({ values, error: errorView(error) }));
    stream.on('end', () => resolve({ values, error: undefined }));
    stream.resume();
  });
}

const same = (bytes: Buffer): Buffer => bytes;

/** Sends raw bytes to any method, unary or streaming; a stream is cancelled at its first message. */
export async function sendBytes(client: Client, method: Wire, bytes: Uint8Array): Promise<ErrorView | undefined> {
  const raw = { path: method.path, requestSerialize: same, responseDeserialize: same };
  if (method.responseStream) return (await drain(open(client, raw, Buffer.from(bytes)), 1)).error;
  const outcome = await call(client, raw, Buffer.from(bytes));
  return outcome.ok ? undefined : outcome.error;
}

/** Waits for what a call brings about elsewhere; how long that takes is nobody's business. */
export function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  return vi.waitUntil(condition, { timeout: 25_000, interval: 5 });
}

/** The error of an outcome that must be one. */
export function refused<T>(outcome: Outcome<T>): ErrorView {
  if (outcome.ok) throw new Error('expected a refusal, but the call succeeded');
  return outcome.error;
}

export function accepted<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`expected an answer, got ${status[outcome.error.code]} ${outcome.error.message}`);
  return outcome.value;
}
