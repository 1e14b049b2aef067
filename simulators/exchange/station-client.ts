import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ChannelCredentials,
  type Client,
  type ClientOptions,
  credentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../../src/generated/google/rpc/error_details.ts';
import { Status } from '../../src/generated/google/rpc/status.ts';

/** Where a station listens, and where the clients' certificates lie. */
export interface StationAddress {
  /** `127.0.0.1:7443` */
  readonly address: string;
  /** The folder that `portcullis init` says to take away: `<role>/ca.pem`, `<role>/<name>.pem`, `<role>/<name>.key`. */
  readonly certificates: string;
}

/** Which certificate a client shows: its role decides what it may call. */
export interface Identity {
  readonly role: 'withdrawals' | 'operators' | 'courier' | 'auditors' | 'dev';
  readonly name: string;
}

/** How long an answer may take, ms: on a machine that is emulated itself, longer. */
const patience = Number(process.env['PORTCULLIS_CALL_SECONDS'] ?? 30) * 1_000;

/** Opens a client over mutual TLS. */
export function connect<C extends Client>(
  Service: new (address: string, credentials: ChannelCredentials, options: ClientOptions) => C,
  station: StationAddress,
  { role, name }: Identity,
): C {
  const file = (of: string): Buffer => readFileSync(join(station.certificates, role, of));
  return new Service(
    station.address,
    credentials.createSsl(file('ca.pem'), file(`${name}.key`), file(`${name}.pem`)),
    // A station is called directly, whatever proxy the environment names.
    { 'grpc.enable_http_proxy': 0 },
  );
}

/** What the station answered instead of a response: its reason is a tag of docs/reasons.md. */
export class Refused extends Error {
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly field: string | undefined;

  constructor(error: ServiceError) {
    const details = statusDetails(error);
    super(error.details);
    this.name = 'Refused';
    this.reason = details.info?.reason ?? '';
    this.metadata = details.info?.metadata ?? {};
    this.field = details.badRequest?.fieldViolations[0]?.field;
  }
}

/** google.rpc.Status travels in a binary trailer. */
function statusDetails(error: ServiceError): { info?: ErrorInfo; badRequest?: BadRequest } {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (!Buffer.isBuffer(bytes)) return {};
  const found: { info?: ErrorInfo; badRequest?: BadRequest } = {};
  for (const any of Status.decode(bytes).details) {
    if (any.typeUrl.endsWith('/google.rpc.ErrorInfo')) found.info = ErrorInfo.decode(any.value);
    if (any.typeUrl.endsWith('/google.rpc.BadRequest')) found.badRequest = BadRequest.decode(any.value);
  }
  return found;
}

/** A method as the generated service definitions describe it, `WithdrawalServiceService.getWithdrawal`. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** One unary call as a promise; rejects with `Refused`. */
export function call<Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
  request: NoInfer<Request>,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const deadline = { deadline: Date.now() + patience };
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, deadline, (error, response) => {
      if (error !== null) reject(new Refused(error));
      else if (response === undefined) reject(new Error(`${path} answered without a response`));
      else resolve(response);
    });
  });
}
