import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { type Listen, loadConfig } from '../config.ts';
import { Malformed, type Reason, reasons, shown } from '../domain/index.ts';
import { BadRequest, ErrorInfo } from '../generated/google/rpc/error_details.ts';
import { Status } from '../generated/google/rpc/status.ts';
import { readSecret } from '../secret-file.ts';
import { type Arguments, CallFailed, CommandFailed, UsageError } from './command.ts';

/** The options of every command that calls a station. */
export const callOptions = ['config', 'address', 'cert', 'key', 'ca'] as const;

/** How those options are told in a command's help. */
export function callHelp(role: string, listener: string): string {
  return `The station is called on ${listener}, with a client certificate of the role ${role}:
  --config FILE        the station's config: says where it listens and which CA signed its certificate
  --address HOST:PORT  where it listens, if not as the config says
  --ca FILE            the CA's certificate, if not as the config says
  --cert FILE          the client certificate
  --key FILE           its private key (a file that only its owner may read)`;
}

/** A long time for an answer over loopback or a station's own network. */
const deadline = 15_000;

type Constructor<C extends Client> = new (address: string, credentials: ChannelCredentials, options: object) => C;
type Answer<R> = (error: ServiceError | null, response: R) => void;
type Listener = 'listen' | 'operatorsListen';

/** Longer than a station may let a person take at a device (config.signers.review). */
const atDevice = 65 * 60_000;

/**
 * Calls a station once, over mutual TLS, and returns the answer. Throws `CallFailed` with the station's reason, or with what
 * stood in the way.
 */
export async function callStation<C extends Client, R>(
  args: Arguments,
  service: Constructor<C>,
  call: (client: C, metadata: Metadata, options: CallOptions, answer: Answer<R>) => void,
  listener: Listener = 'operatorsListen',
): Promise<R> {
  return calling(args, service, listener, (client, settle) =>
    call(client, new Metadata(), { deadline: Date.now() + deadline }, settle),
  );
}

/** Asks what a person answers at a device, however long they take: the one message of a stream. Throws as `callStation` does. */
export async function askAtDevice<C extends Client, R>(
  args: Arguments,
  service: Constructor<C>,
  call: (client: C, metadata: Metadata, options: CallOptions) => ClientReadableStream<R>,
): Promise<R> {
  const answer = await calling<C, R | undefined>(args, service, 'operatorsListen', (client, settle) => {
    const stream = call(client, new Metadata(), { deadline: Date.now() + atDevice });
    stream.once('data', (response: R) => settle(null, response));
    stream.once('error', (error: ServiceError) => settle(error, undefined));
    stream.once('end', () => settle(null, undefined));
  });
  if (answer === undefined) throw new CommandFailed('the station ended the call without an answer: ask again');
  return answer;
}

/**
 * Reads a stream to its end, however long it takes: no faster than each message is dealt with. Throws as `callStation` does, and with what
 * `take` throws, which ends the call.
 */
export async function readStream<C extends Client, R>(
  args: Arguments,
  service: Constructor<C>,
  call: (client: C, metadata: Metadata, options: CallOptions) => ClientReadableStream<R>,
  take: (message: R) => void,
): Promise<void> {
  await calling<C, undefined>(args, service, 'operatorsListen', (client, settle, fail) => {
    const stream = call(client, new Metadata(), {});
    stream.on('data', (message: R) => {
      try {
        take(message);
      } catch (error) {
        stream.cancel();
        fail(error);
      }
    });
    stream.once('error', (error: ServiceError) => settle(error, undefined));
    stream.once('end', () => settle(null, undefined));
  });
}

async function calling<C extends Client, R>(
  args: Arguments,
  service: Constructor<C>,
  listener: Listener,
  call: (client: C, settle: Answer<R>, fail: (error: unknown) => void) => void,
): Promise<R> {
  const { address, host, tls } = connection(args, listener);
  // No proxy: a station is called directly, whatever the environment says of other traffic.
  const direct = { 'grpc.enable_http_proxy': 0 };
  const client = new service(
    address,
    tls,
    isIP(host) === 0 ? direct : { ...direct, 'grpc.ssl_target_name_override': 'localhost' },
  );
  try {
    return await new Promise<R>((resolve, reject) => {
      const settle: Answer<R> = (error, response) => {
        if (error === null) resolve(response);
        else reject(explained(error, address));
      };
      call(client, settle, reject);
    });
  } finally {
    client.close();
  }
}

function connection(args: Arguments, listener: Listener): { address: string; host: string; tls: ChannelCredentials } {
  const config = args.value('config') === undefined ? undefined : loadConfig(args.required('config'));
  const address = args.value('address') ?? (config === undefined ? undefined : addressOf(config[listener]));
  if (address === undefined) throw new UsageError('--config (or --address and --ca) is missing');
  const ca = args.value('ca') ?? config?.tls.ca;
  if (ca === undefined) throw new UsageError('--ca is missing');
  const [caPem, certPem] = [readPem(ca, '--ca'), readPem(args.required('cert'), '--cert')];
  const keyPem = Buffer.from(readSecret(args.required('key'), '--key'));
  const host =
    /^\[(.*)\]:|^(.*):/
      .exec(address)
      ?.slice(1)
      .find((h) => h !== undefined) ?? address;
  // RFC 6066 §3: an IP address is no server name to send; the certificate is held against it all the same.
  const verification =
    isIP(host) === 0
      ? {}
      : { checkServerIdentity: (_: string, cert: PeerCertificate) => checkServerIdentity(host, cert) };
  try {
    return { address, host, tls: credentials.createSsl(caPem, keyPem, certPem, verification) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`the certificate, its key or the CA cannot be used: ${why}`, { cause: error });
  }
}

function readPem(file: string, place: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Malformed(place, error instanceof Error ? error.message : String(error));
  }
}

/** Where to call a listener that is bound so; one that is bound to every address is called on this machine. */
export function addressOf({ host, port }: Listen): string {
  if (host === '0.0.0.0' || host === '::') return `localhost:${port}`;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A gRPC error as this program tells it: the station's reason, its sentence and remedy from the catalogue, and what it adds. */
export function explained(error: ServiceError, address: string): CallFailed {
  const { info, violations } = detailsOf(error.metadata);
  const reason = info?.domain === 'portcullis' ? reasonOf(info.reason) : undefined;
  if (reason === undefined) return unexplained(error, address);
  const { sentence, remedy } = reasons[reason];
  const extra = Object.entries(info?.metadata ?? {})
    .filter(([name]) => name !== 'field' || violations.length === 0)
    .map(([name, value]) => `  ${printable(name)}: ${printable(value)}`);
  const fields = violations.map(({ field, description }) => {
    const said = description.startsWith(`${field}: `) ? description : `${field}: ${description}`;
    return `  ${printable(said)}`;
  });
  const message = printable(error.details);
  const added = message === sentence || message === '' || violations.length > 0 ? [] : [`  ${message}`];
  return new CallFailed(reason, [`${reason}: ${sentence}`, ...added, ...extra, ...fields, remedy], { cause: error });
}

function unexplained(error: ServiceError, address: string): CallFailed {
  const why = printable(error.details);
  const lines: Partial<Record<status, readonly string[]>> = {
    [status.UNAVAILABLE]: [
      `no station can be reached at ${address}: ${why}`,
      'Is it running ("portcullis doctor" tells), and are --cert, --key and --ca of this station?',
    ],
    [status.DEADLINE_EXCEEDED]: [`the station at ${address} did not answer within ${deadline / 1_000} s`, 'Ask again.'],
    [status.UNIMPLEMENTED]: [
      `the station at ${address} does not offer this`,
      'Is it another of its listeners that does, or another kind of station?',
    ],
  };
  const said = lines[error.code] ?? [`the station at ${address} answered ${status[error.code] ?? error.code}: ${why}`];
  return new CallFailed(undefined, said, { cause: error });
}

function detailsOf(metadata: Metadata): {
  info: ErrorInfo | undefined;
  violations: { field: string; description: string }[];
} {
  const violations: { field: string; description: string }[] = [];
  let info: ErrorInfo | undefined;
  try {
    const [raw] = metadata.get('grpc-status-details-bin');
    const details = Buffer.isBuffer(raw) ? Status.decode(raw).details : [];
    for (const { typeUrl, value } of details) {
      if (typeUrl.endsWith('/google.rpc.ErrorInfo')) info = ErrorInfo.decode(value);
      if (typeUrl.endsWith('/google.rpc.BadRequest')) violations.push(...BadRequest.decode(value).fieldViolations);
    }
  } catch {
    // Details that don't parse explain nothing: the status alone is told.
  }
  return { info, violations };
}

function reasonOf(tag: string): Reason | undefined {
  return Object.keys(reasons).find((known): known is Reason => known === tag);
}

/** Text that came over the wire, for a terminal: no control characters, no direction marks (threat S10). */
export function printable(text: string): string {
  return /^[\x20-\x7e\u2018-\u201d\u2026]*$/.test(text) ? text : shown(text);
}

/**
 * A sentence that came over the wire, whole, for people to decide on: what is neither ASCII nor a Latin letter nor a quotation mark
 * shows as its code point, so that nothing reorders it or looks like something else (threat S10).
 */
export function legible(text: string): string {
  return text.replace(
    /[^\x20-\x7e\p{Script=Latin}\u2018-\u201d\u2026]/gu,
    (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`,
  );
}
