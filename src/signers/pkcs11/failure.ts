import type { FailureReason } from './protocol.ts';

/** Why a token did not do what it was asked, as a reason of the catalogue. */
export class TokenFailure extends Error {
  readonly reason: FailureReason;
  /** Whether the module has no session left. */
  readonly exhausted: boolean;

  constructor(reason: FailureReason, message: string, exhausted = false) {
    super(message);
    this.name = 'TokenFailure';
    this.reason = reason;
    this.exhausted = exhausted;
  }
}

/** Return values (PKCS#11 2.40, §5.1 and the header) that mean the same whatever was asked. */
const meanings: ReadonlyMap<string, FailureReason> = new Map([
  ['CKR_SLOT_ID_INVALID', 'device-missing'],
  ['CKR_TOKEN_NOT_PRESENT', 'device-missing'],
  ['CKR_TOKEN_NOT_RECOGNIZED', 'device-missing'],
  ['CKR_DEVICE_REMOVED', 'device-missing'],
  ['CKR_PIN_LOCKED', 'hsm-pin-locked'],
  ['CKR_PIN_INCORRECT', 'hsm-pin-refused'],
  ['CKR_PIN_INVALID', 'hsm-pin-refused'],
  ['CKR_PIN_LEN_RANGE', 'hsm-pin-refused'],
  ['CKR_PIN_EXPIRED', 'hsm-pin-refused'],
  // A NetHSM says so of a password that it refused.
  ['CKR_USER_TYPE_INVALID', 'hsm-pin-refused'],
  ['CKR_USER_PIN_NOT_INITIALIZED', 'hsm-pin-refused'],
  ['CKR_KEY_FUNCTION_NOT_PERMITTED', 'hsm-key-unfit'],
  ['CKR_KEY_TYPE_INCONSISTENT', 'hsm-key-unfit'],
]);

/** What a session ends with that the token, or a network between, gave up by itself: a new one may do. */
const lostSessions: ReadonlySet<string> = new Set([
  'CKR_SESSION_CLOSED',
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_USER_NOT_LOGGED_IN',
  'CKR_KEY_HANDLE_INVALID',
  'CKR_OBJECT_HANDLE_INVALID',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_OPERATION_ACTIVE',
  // A YubiHSM says so of a session that it ended after its 30 idle seconds.
  'CKR_ENCRYPTED_DATA_INVALID',
]);

/** The name of the return value that pkcs11js threw; undefined of an error that no call of the module made. */
export function returnValueOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'Pkcs11Error') return undefined;
  return /^CKR_[A-Z0-9_]+$/.test(error.message) ? error.message : 'an unknown return value';
}

/** Whether a session that failed so is worth opening anew, once. */
export function isLostSession(error: unknown): boolean {
  return lostSessions.has(returnValueOf(error) ?? '');
}

/** What the module threw, in words; a mistake of the program's is thrown on. */
export function failureOf(error: unknown, what: string): TokenFailure {
  if (error instanceof TokenFailure) return error;
  const value = returnValueOf(error);
  if (value === undefined) throw error;
  return new TokenFailure(meanings.get(value) ?? 'signer-failed', `${what}: ${value}`, value === 'CKR_SESSION_COUNT');
}
