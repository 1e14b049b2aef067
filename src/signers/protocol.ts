import { type Reason, shown } from '../domain/index.ts';
import { ProtocolError } from './lines.ts';

// What the daemon and a signer's child say to each other: one JSON object a line over stdin and stdout. Every message is of a
// closed schema; whatever else arrives ends the child, on whichever side it is seen.

export const version = 1;
/** Bytes a line: room for the largest transaction that Ethereum nodes pass on (128 KiB) in hex, and its descriptors. */
export const longestRequest = 512 * 1024;
export const longestReply = 4 * 1024;

/** What the child is to drive: its first message. */
export type Configuration =
  | { readonly op: 'configure'; readonly transport: 'hid' }
  | { readonly op: 'configure'; readonly transport: 'speculos'; readonly url: string };

/** Which app is open on the device, and which key it has at a path. Closes whatever device was open before. */
export interface Identify {
  readonly op: 'identify';
  readonly path: string;
  /** The key that is looked for, compressed, hex: chooses among several devices. */
  readonly publicKey: string;
}

/** Goes to the device that the last `identify` found, and to no other. */
export interface Sign {
  readonly op: 'sign';
  readonly path: string;
  /** The unsigned transaction, hex. */
  readonly unsigned: string;
  /** Ledger's signed token descriptors, hex. */
  readonly tokenDescriptors: readonly string[];
}

export type Operation = Configuration | Identify | Sign;
export type Request = Operation & { readonly id: number };

export interface Configured {
  readonly result: 'configured';
}

export interface Identity {
  readonly result: 'identity';
  readonly app: string;
  readonly version: string;
  /** Absent where another app than the right one is open. */
  readonly key?: {
    /** `0x` and 40 hex digits, as the device spells it. */
    readonly address: string;
    /** Uncompressed, 65 bytes, hex. */
    readonly publicKey: string;
  };
}

export interface Signature {
  readonly result: 'signature';
  /** v ‖ r ‖ s: exactly 65 bytes, hex. */
  readonly signature: string;
}

/** What a child may give as a reason. */
export const failureReasons = [
  'device-missing',
  'device-locked',
  'device-wrong-app',
  'device-busy',
  'device-refused',
  'device-cannot-show',
  'device-lost',
  'signature-wrong',
  'signer-failed',
] as const satisfies readonly Reason[];
export type FailureReason = (typeof failureReasons)[number];

export interface Failure {
  readonly result: 'failure';
  readonly reason: FailureReason;
  /** One line of printable ASCII. */
  readonly message: string;
}

export type Result = Configured | Identity | Signature | Failure;
export type Reply = Result & { readonly id: number };

export function encodeMessage(message: Request | Reply): string {
  return `${JSON.stringify({ v: version, ...message })}\n`;
}

/** Throws ProtocolError. */
export function parseRequest(line: string): Request {
  const of = new Message(line);
  const id = of.id();
  const op = of.text('op', /^[a-z]{1,16}$/);
  switch (op) {
    case 'configure':
      return of.done({ id, op, ...parseTransport(of) });
    case 'identify':
      return of.done({ id, op, path: of.text('path', path), publicKey: of.text('publicKey', /^0[23][0-9a-f]{64}$/) });
    case 'sign':
      return of.done({
        id,
        op,
        path: of.text('path', path),
        unsigned: of.text('unsigned', hex),
        tokenDescriptors: of.texts('tokenDescriptors', hex),
      });
    default:
      throw new ProtocolError(`unknown operation ${seen(op)}`);
  }
}

function parseTransport(
  of: Message,
): { readonly transport: 'hid' } | { readonly transport: 'speculos'; readonly url: string } {
  const transport = of.text('transport', /^[a-z]{1,16}$/);
  if (transport === 'hid') return { transport };
  if (transport === 'speculos') return { transport, url: of.text('url', /^http:[\x21-\x7e]{1,80}$/) };
  throw new ProtocolError(`unknown transport ${seen(transport)}`);
}

/** Throws ProtocolError. */
export function parseReply(line: string): Reply {
  const of = new Message(line);
  const id = of.id();
  const result = of.text('result', /^[a-z]{1,16}$/);
  switch (result) {
    case 'configured':
      return of.done({ id, result });
    case 'identity': {
      const identity = { id, result, app: of.text('app', printable), version: of.text('version', printable) } as const;
      const key = of.member('key');
      if (key === undefined) return of.done(identity);
      const address = key.text('address', /^0x[0-9a-fA-F]{40}$/);
      const publicKey = key.text('publicKey', /^04[0-9a-f]{128}$/);
      return of.done({ ...identity, key: key.done({ address, publicKey }) });
    }
    case 'signature':
      return of.done({ id, result, signature: of.text('signature', /^[0-9a-f]{130}$/) });
    case 'failure':
      return of.done({
        id,
        result,
        reason: parseReason(of.text('reason', /^[a-z-]{1,32}$/)),
        message: of.text('message', printable),
      });
    default:
      throw new ProtocolError(`unknown result ${seen(result)}`);
  }
}

function parseReason(value: string): FailureReason {
  const reason = failureReasons.find((known) => known === value);
  if (reason === undefined) throw new ProtocolError(`unknown reason ${seen(value)}`);
  return reason;
}

const path = /^m(?:\/[0-9]{1,10}'?){1,10}$/;
const hex = /^(?:[0-9a-f]{2})+$/;
const printable = /^[\x20-\x7e]{1,400}$/;

/** A JSON object that is taken apart member by member, and must be empty in the end. */
class Message {
  readonly #left: Map<string, unknown>;

  constructor(source: unknown) {
    let value = source;
    if (typeof source === 'string') {
      try {
        value = JSON.parse(source);
      } catch {
        throw new ProtocolError(`a line is not JSON: ${seen(source)}`);
      }
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ProtocolError(`a message is not an object: ${seen(source)}`);
    }
    this.#left = new Map(Object.entries(value));
  }

  /** The version is checked first: of another one nothing else is known. */
  id(): number {
    const v = this.#take('v');
    if (v !== version) throw new ProtocolError(`a message of version ${seen(v)}, not ${version}`);
    const id = this.#take('id');
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) throw new ProtocolError(`id: ${seen(id)}`);
    return id;
  }

  text(name: string, form: RegExp): string {
    return matching(name, this.#take(name), form);
  }

  texts(name: string, form: RegExp): readonly string[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) throw new ProtocolError(`${name}: not a list`);
    return value.map((item) => matching(name, item, form));
  }

  member(name: string): Message | undefined {
    const value = this.#take(name);
    return value === undefined ? undefined : new Message(value);
  }

  done<T>(value: T): T {
    const [unknown] = this.#left.keys();
    if (unknown !== undefined) throw new ProtocolError(`unknown member ${seen(unknown)}`);
    return value;
  }

  #take(name: string): unknown {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }
}

function matching(name: string, value: unknown, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value)) throw new ProtocolError(`${name}: unexpected ${seen(value)}`);
  return value;
}

/** Of a foreign value, what can be shown: its own `toString` could be anything. */
function seen(value: unknown): string {
  return shown(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined'));
}
