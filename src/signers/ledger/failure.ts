import { shown } from '../../domain/refusal.ts';
import type { FailureReason } from '../protocol.ts';

/** Why a device did not do what it was asked, as a reason of the catalogue. */
export class DeviceFailure extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string) {
    super(message);
    this.name = 'DeviceFailure';
    this.reason = reason;
  }
}

/** What a device was doing when it failed. */
export type Stage =
  /** Opening it, or asking who it is. */
  | 'identifying'
  /** Before the first byte of the transaction went out: nothing can have been signed. */
  | 'preparing'
  /** After. */
  | 'signing';

/** Status words that mean the same whatever was asked (ISO 7816-4 trailers; the OS's and the apps'). */
const always: ReadonlyMap<number, FailureReason> = new Map([
  [0x5515, 'device-locked'],
  [0x6982, 'device-locked'],
  [0x6e00, 'device-wrong-app'],
  [0x6d00, 'device-wrong-app'],
  // The Bitcoin app, while a person decides something else.
  [0x6901, 'device-busy'],
]);

/** And those that speak about the transaction, or whatever else a person was to look at. */
const ofTransaction: ReadonlyMap<number, FailureReason> = new Map([
  [0x6985, 'device-refused'],
  [0x5501, 'device-refused'],
  // Bad data; in the Ethereum app also "blind signing is off".
  [0x6a80, 'device-cannot-show'],
  [0x6501, 'device-cannot-show'],
  [0x6984, 'device-cannot-show'],
  // The Bitcoin app: not supported; a registration that is not of this seed and this policy.
  [0x6a82, 'device-cannot-show'],
  [0xb008, 'device-cannot-show'],
  // An amount too long for the screen.
  [0x6807, 'device-cannot-show'],
]);

/** Answers that are another's: two processes have the device open, and both get all that it says. */
const mixed: ReadonlySet<unknown> = new Set(['InvalidChannel', 'InvalidTag', 'InvalidSequence']);

const disconnected = new Set(['DisconnectedDevice', 'DisconnectedDeviceDuringOperation']);

/**
 * Reads an error of Ledger's libraries by name and status word, never by class: several copies of `@ledgerhq/errors` are
 * loaded at once, so `instanceof` fails.
 */
export function failureOf(error: unknown, stage: Stage): DeviceFailure {
  if (error instanceof DeviceFailure) return error;
  const { name, message, statusCode, id, code, response, isAxiosError } = traits(error);
  const gone = stage === 'signing' ? 'device-lost' : 'device-missing';
  // ASCII, as everything that crosses to the daemon is.
  const text = shown(message, 160).slice(1, -1).replace('…', '...');
  const failure = (reason: FailureReason) => new DeviceFailure(reason, text === '' ? name : text);

  if (typeof statusCode === 'number') {
    const reason = always.get(statusCode) ?? (stage === 'identifying' ? undefined : ofTransaction.get(statusCode));
    const word = statusCode.toString(16).padStart(4, '0');
    return new DeviceFailure(reason ?? 'signer-failed', `the device answered ${word}`);
  }
  // hw-app-eth's name for every 6a80 of a signature; it drops the status word.
  if (name === 'EthAppPleaseEnableContractData') {
    return new DeviceFailure('device-cannot-show', 'the device answered 6a80: it could only sign this blindly');
  }
  if (disconnected.has(name)) return failure(gone);
  if (name === 'TransportRaceCondition' || id === 'TransportLocked') return failure('device-busy');
  if (mixed.has(id)) return new DeviceFailure('device-busy', `another program talks to the device (${text})`);
  // Speculos' transport: no answer means that it is not there, or went away; an HTTP status would be a fault of its own.
  if (isAxiosError === true && response === undefined) {
    return new DeviceFailure(gone, `Speculos did not answer${typeof code === 'string' ? ` (${shown(code)})` : ''}`);
  }
  // node-hid throws this from `open`: no permission, or gone in the meantime.
  if (stage === 'identifying' && name === 'TypeError') {
    if (!/permission denied/i.test(message)) return failure('device-missing');
    return new DeviceFailure('device-missing', 'a Ledger is connected that this user may not open: see its udev rules');
  }
  return failure('signer-failed');
}

interface Traits {
  readonly name: string;
  readonly message: string;
  readonly statusCode?: unknown;
  readonly id?: unknown;
  readonly code?: unknown;
  readonly response?: unknown;
  readonly isAxiosError?: unknown;
}

function traits(error: unknown): Traits {
  if (!(error instanceof Error)) return { name: 'unknown', message: String(error) };
  const { name, message } = error;
  const member = (key: string): unknown => Reflect.get(error, key);
  return {
    name,
    message,
    statusCode: member('statusCode'),
    id: member('id'),
    code: member('code'),
    response: member('response'),
    isAxiosError: member('isAxiosError'),
  };
}
