import type { Reason } from '../../domain/index.ts';
import { version } from '../protocol.ts';

// What the daemon and the child that loads a PKCS#11 module say to each other: as protocol.ts, one JSON object a line, closed schemas.

/** Bytes a line, of either direction: a batch of signatures has some 250 each. */
export const longestMessage = 256 * 1024;

/** As many signatures as one message asks for. */
export const largestBatch = 64;

/** How a token is named. Never by its slot, whose number is another after each change of devices. */
export type TokenName = { readonly by: 'label' | 'serial'; readonly value: string };

export interface Configure {
  readonly op: 'configure';
  /** Absolute path of the module. */
  readonly module: string;
  readonly token: TokenName;
  /** A secret. */
  readonly pin: string;
}

/** What is there, and whether it holds these keys, fit to sign. */
export interface Identify {
  readonly op: 'identify';
  readonly keys: readonly PinnedTokenKey[];
}

export interface PinnedTokenKey {
  /** CKA_ID, lowercase hex. */
  readonly key: string;
  /** Compressed, hex. */
  readonly publicKey: string;
}

export interface ReadTokenKey {
  readonly op: 'read-key';
  /** CKA_ID, as in all that follow. */
  readonly key: string;
}

/** Generates a secp256k1 pair in the token. */
export interface CreateTokenKey {
  readonly op: 'create-key';
  readonly key: string;
  /** CKA_LABEL. */
  readonly label: string;
}

/** Has digests signed, each by itself: what fails leaves the others. */
export interface SignDigests {
  readonly op: 'sign';
  readonly items: readonly DigestToSign[];
}

export interface DigestToSign extends PinnedTokenKey {
  /** 32 bytes, hex. */
  readonly digest: string;
}

/** The public half of an Ed25519 key. */
export interface ReadNoteKey {
  readonly op: 'read-ed25519';
  readonly key: string;
}

/** Signs with an Ed25519 key (CKM_EDDSA), which no wallet has: the journal's. */
export interface SignNote {
  readonly op: 'sign-ed25519';
  readonly key: string;
  /** Hex, at most 64 KiB. */
  readonly message: string;
}

/** Decrypts with an RSA key (CKM_RSA_PKCS_OAEP): how a wrapped key is opened at the start of a station. */
export interface Unwrap {
  readonly op: 'unwrap';
  readonly key: string;
  readonly hash: 'sha1' | 'sha256';
  /** Hex. */
  readonly wrapped: string;
}

/** Data objects of one label that the station has in a token at most: the newest checkpoint, and the last one of each former log. */
export const objectsMost = 16;
/** Of each: a checkpoint with every key's line has a few hundred. */
export const objectBytesMost = 4096;
export const objectHex = new RegExp(`^(?:[0-9a-f]{2}){1,${objectBytesMost}}$`);

/** What data objects of a label (CKA_LABEL) the token has. */
export interface ReadData {
  readonly op: 'read-data';
  readonly label: string;
}

/** Has the token keep one, instead of others. */
export interface KeepData {
  readonly op: 'keep-data';
  readonly label: string;
  /** Hex, as in all that follow. */
  readonly value: string;
  readonly instead: readonly string[];
}

export type Asked =
  | Identify
  | ReadTokenKey
  | CreateTokenKey
  | SignDigests
  | ReadNoteKey
  | SignNote
  | Unwrap
  | ReadData
  | KeepData;
export type Operation = Configure | Asked;
export type Request = Operation & { readonly id: number };

export interface Configured {
  readonly result: 'configured';
}

export interface Token {
  /** The token's model and firmware, and the module's maker and version: `SoftHSM v2 2.6 (SoftHSM module 2.6)`. */
  readonly device: string;
  readonly label: string;
  readonly serial: string;
}

export interface Identified extends Token {
  readonly result: 'token';
  /** How many sessions are open with the token, and can be: `1 open, at most 10`. */
  readonly sessions: string;
  /** Of each key that was asked for, in that order: empty, or why it can't sign. */
  readonly faults: readonly string[];
}

export interface TokenKeyRead extends Token {
  readonly result: 'key';
  readonly key: string;
  readonly publicKey: string;
  /** As the token has them: `CKA_SENSITIVE true`. */
  readonly attributes: readonly string[];
}

/** One for each digest, in their order: r ‖ s, 128 hex digits, s in the lower half; or why there is none. A token may give what is none. */
export interface Signatures {
  readonly result: 'signatures';
  readonly items: readonly Signed[];
}

export type Signed = { readonly signature: string } | { readonly reason: FailureReason; readonly message: string };

export interface NoteKeyRead {
  readonly result: 'note-key';
  /** 32 bytes, hex (RFC 8032). */
  readonly publicKey: string;
}

export interface NoteSigned {
  readonly result: 'note-signature';
  /** 64 bytes, hex. */
  readonly signature: string;
}

export interface Unwrapped {
  readonly result: 'unwrapped';
  /** A secret, hex. */
  readonly plain: string;
}

/** All of the label, in no order. */
export interface Data {
  readonly result: 'data';
  readonly values: readonly string[];
}

export const failureReasons = [
  'device-missing',
  'hsm-key-unfit',
  'hsm-pin-locked',
  'hsm-pin-refused',
  'signer-failed',
] as const satisfies readonly Reason[];
export type FailureReason = (typeof failureReasons)[number];

export interface Failure {
  readonly result: 'failure';
  readonly reason: FailureReason;
  /** One line of printable ASCII. */
  readonly message: string;
}

export type Result =
  | Configured
  | Identified
  | TokenKeyRead
  | Signatures
  | NoteKeyRead
  | NoteSigned
  | Unwrapped
  | Data
  | Failure;
export type Reply = Result & { readonly id: number };

/** What an operation is answered with where it doesn't fail. */
export const resultOf = {
  configure: 'configured',
  identify: 'token',
  'read-key': 'key',
  'create-key': 'key',
  sign: 'signatures',
  'read-ed25519': 'note-key',
  'sign-ed25519': 'note-signature',
  unwrap: 'unwrapped',
  'read-data': 'data',
  'keep-data': 'data',
} as const satisfies Record<Operation['op'], Exclude<Result['result'], 'failure'>>;

export function encode(message: object): string {
  return `${JSON.stringify({ v: version, ...message })}\n`;
}
