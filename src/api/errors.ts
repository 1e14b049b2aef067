import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { Malformed, type Reason, Refusal, reasons, shown } from '../domain/index.ts';
import type { Any } from '../generated/google/protobuf/any.ts';
import { BadRequest, ErrorInfo } from '../generated/google/rpc/error_details.ts';
import { Status } from '../generated/google/rpc/status.ts';
import type { Log } from './log.ts';

/** The trailer in which gRPC carries a google.rpc.Status. */
export const detailsKey = 'grpc-status-details-bin';
/** `ErrorInfo.domain` of every error. */
export const domain = 'portcullis';

// Trailers count against the client's limit on headers, often 8 KiB in all, base64 included.
const messageMost = 1_000;
const valueMost = 200;
const valuesMost = 12;

/** One line of printable ASCII: typographic quotes become plain ones, anything else outside it an escape. */
export function printable(text: string, most: number = messageMost): string {
  const plain = text
    .slice(0, most)
    .replaceAll('’', "'")
    .replaceAll('…', '...')
    .replace(/[^\x20-\x7e]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  return text.length > most || plain.length > most ? `${plain.slice(0, most - 3)}...` : plain;
}

function packed(type: string, value: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(value) };
}

/** A refusal as gRPC says it: google.rpc.Status with ErrorInfo, and for a malformed field BadRequest. */
export function refusalStatus(refusal: Refusal, code: status = status[reasons[refusal.reason].code]): StatusObject {
  const message = printable(refusal.message);
  const metadata = Object.fromEntries(
    Object.entries(refusal.details)
      .slice(0, valuesMost)
      .map(([name, value]) => [printable(name, 64), printable(value, valueMost)]),
  );
  const info: ErrorInfo = { reason: refusal.reason, domain, metadata };
  const details = [packed('google.rpc.ErrorInfo', ErrorInfo.encode(info).finish())];
  if (refusal instanceof Malformed) {
    const bad: BadRequest = {
      fieldViolations: [{ field: printable(refusal.field, valueMost), description: printable(refusal.message, 400) }],
    };
    details.push(packed('google.rpc.BadRequest', BadRequest.encode(bad).finish()));
  }
  const trailers = new Metadata();
  trailers.set(detailsKey, Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata: trailers };
}

export const reasonStatus = (reason: Reason, message?: string): StatusObject =>
  refusalStatus(new Refusal(reason, message));

/** A request whose bytes are not the message that they should be. */
export function unparsable(message: string): StatusObject {
  return refusalStatus(new Malformed('request', message));
}

/**
 * What a caller is told of a thrown error. A refusal is told whole. Anything else is a fault of the station's own: its
 * text may hold what no caller should see, so the log gets it and the caller learns only that it happened.
 */
export function statusOf(error: unknown, path: string, log: Log): StatusObject {
  if (error instanceof Refusal) return refusalStatus(error);
  log('call-failed', { path, ...faultFacts(error) });
  return reasonStatus('internal');
}

/** Where a fault arose: frames without the message's lines, which `shown` cuts and escapes. */
export function faultFacts(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { error: shown(typeof error) };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, message: shown(error.message), at: printable(frames.slice(0, 8).join(' ')) };
}

/** What grpc-js itself answers INTERNAL to although the client is at fault: gzip that is none, a deadline that is none. */
const clientsFault = /^(Failed to decompress message|Invalid grpc-timeout value|Error deserializing request)/;

/**
 * The last look at a status before it leaves, grpc-js's own ones included: never UNKNOWN, INTERNAL only for the station's
 * faults, never a character that the header can't carry (a lone surrogate makes encodeURI throw).
 */
export function outgoing(sent: Partial<StatusObject>): StatusObject {
  const code = sent.code ?? status.UNKNOWN;
  const details = printable(sent.details ?? '');
  const metadata = sent.metadata ?? new Metadata();
  const explained = metadata.get(detailsKey).length > 0;
  if (!explained && code === status.INTERNAL && clientsFault.test(details)) return unparsable(details);
  if (!explained && code === status.DEADLINE_EXCEEDED) return reasonStatus('deadline-exceeded');
  if (!explained && code === status.RESOURCE_EXHAUSTED) return reasonStatus('message-too-large', details);
  if (code === status.UNKNOWN || (!explained && code === status.INTERNAL)) return reasonStatus('internal');
  return { code, details, metadata };
}
