import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sameBytes } from './hash.ts';

/** C2SP signed-note v1 (c2sp.org/signed-note) with Ed25519 keys, signature type 0x01. */

export type NoteReason =
  | 'note-malformed'
  | 'note-unsigned'
  | 'note-signature-invalid'
  | 'note-key-malformed'
  | 'note-key-ambiguous';

/** A note or key that can't be used; for a note, nothing of its text may be believed. */
export class NoteError extends Error {
  readonly reason: NoteReason;

  constructor(reason: NoteReason, message: string) {
    super(message);
    this.name = 'NoteError';
    this.reason = reason;
  }
}

/** What a key signs of a note: `note` its text (type 0x01); `cosignature` text and time (C2SP tlog-cosignature v1, 0x04). */
export type NoteKeyKind = 'note' | 'cosignature';

/** A key that may sign notes, by name; `id` is SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4], the type 0x01. */
export interface NoteVerifier {
  readonly name: string;
  readonly id: Uint8Array;
  readonly publicKey: KeyObject;
}

/** The private half of a `NoteVerifier`. */
export interface NoteSigner {
  readonly name: string;
  readonly id: Uint8Array;
  readonly privateKey: KeyObject;
}

/** One signature line of a note: by which key, and the bytes behind the key's id. */
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
}

/** A note of which at least one signature by a known key holds, and none by a known key fails. */
export interface OpenedNote {
  /** What was signed: ends in a newline. */
  readonly text: string;
  /** The keys whose signatures hold. */
  readonly signers: readonly NoteVerifier[];
}

const TYPES: { readonly [Kind in NoteKeyKind]: number } = { note: 0x01, cosignature: 0x04 };
const KEY_LENGTH = 32;
const ID_LENGTH = 4;
// The standard asks for at least 16 signatures, and for a bound. Post-quantum cosignatures may have 5 kB each.
const MAX_SIGNATURES = 64;
const MAX_LENGTH = 1_000_000;

/** A verifier for an Ed25519 public key. Throws `NoteError` `note-key-malformed` for another key or a bad name. */
export function noteVerifier(name: string, publicKey: KeyObject, kind: NoteKeyKind = 'note'): NoteVerifier {
  return { name, id: keyId(name, rawPublicKey(publicKey), kind), publicKey };
}

/** A signer for an Ed25519 private key. Throws `NoteError` `note-key-malformed` for another key or a bad name. */
export function noteSigner(name: string, privateKey: KeyObject): NoteSigner {
  if (privateKey.type !== 'private')
    throw keyError(`"${name}" needs a private key to sign, not a ${privateKey.type} one`);
  return { name, id: keyId(name, rawPublicKey(createPublicKey(privateKey)), 'note'), privateKey };
}

/** `name+hex(id)+base64(type ‖ public key)`: what an auditor pins. */
export function formatVerifierKey({ name, id, publicKey }: NoteVerifier, kind: NoteKeyKind = 'note'): string {
  return `${name}+${hex(id)}+${base64(Buffer.concat([Uint8Array.of(TYPES[kind]), rawPublicKey(publicKey)]))}`;
}

/** Reads `formatVerifierKey`'s form strictly. Throws `NoteError` `note-key-malformed`. */
export function parseVerifierKey(text: string, kind: NoteKeyKind = 'note'): NoteVerifier {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) {
    throw keyError(`"${text}" isn't a verifier key: it must be name+8 hex digits+base64`);
  }
  const key = fromBase64(encoded);
  if (key === undefined || key.length !== 1 + KEY_LENGTH || key[0] !== TYPES[kind]) {
    throw keyError(
      `the verifier key of "${name}" isn't an Ed25519 ${kind} key: base64 of 0x0${TYPES[kind]} and 32 bytes`,
    );
  }
  const raw = key.subarray(1);
  const expected = hex(keyId(name, raw, kind));
  if (expected !== id)
    throw keyError(`the verifier key of "${name}" has id ${id}, but its name and key make ${expected}`);
  const x = Buffer.from(raw).toString('base64url');
  return noteVerifier(name, createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } }), kind);
}

/** Signs a text, which must end in a newline, with each key. Throws `NoteError` `note-malformed`. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const message = noteMessage(text);
  const signatures = signers.map(({ name, id, privateKey }) => ({
    name,
    id,
    signature: sign(null, message, privateKey),
  }));
  return assembleNote(text, signatures);
}

/** What an Ed25519 key signs of a note: its text, which must end in a newline. Throws `NoteError` `note-malformed`. */
export function noteMessage(text: string): Uint8Array {
  checkCharacters(text);
  if (!text.endsWith('\n')) throw noteError('the text of a note must end in a newline');
  return new TextEncoder().encode(text);
}

/** A note of a text and signatures that were made of it elsewhere; looks at none of them. Throws `NoteError`. */
export function assembleNote(text: string, signatures: readonly NoteSignature[]): string {
  noteMessage(text);
  if (signatures.length === 0) throw new NoteError('note-unsigned', 'a note needs at least one signer');
  return `${text}\n${signatures.map(signatureLine).join('')}`;
}

/** `— name base64(id ‖ signature)` and a newline. */
export function signatureLine({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${base64(Buffer.concat([id, signature]))}\n`;
}

/**
 * Opens a note: its text is returned only if a signature by one of `verifiers` holds. Signatures by unknown keys are
 * ignored; one by a known key that fails refuses the note. Throws `NoteError`.
 */
export function openNote(note: Uint8Array | string, verifiers: readonly NoteVerifier[]): OpenedNote {
  const { text, signatures } = readNote(note);
  const message = Buffer.from(text);
  const signers = new Set<NoteVerifier>();
  for (const { name, id, signature } of signatures) {
    const [key, ...others] = verifiers.filter((known) => known.name === name && sameBytes(known.id, id));
    if (key === undefined) continue;
    if (others.length > 0) {
      throw new NoteError(
        'note-key-ambiguous',
        `two verifier keys have the name "${name}" and id ${hex(id)}: keep one`,
      );
    }
    if (!verify(null, message, key.publicKey, signature)) {
      throw new NoteError('note-signature-invalid', `the signature of "${name}" (id ${hex(id)}) doesn't fit the text`);
    }
    signers.add(key);
  }
  if (signers.size === 0) {
    const known = verifiers.map(({ name, id }) => `"${name}" (id ${hex(id)})`).join(', ') || 'none';
    throw new NoteError('note-unsigned', `the note isn't signed by a known key; known: ${known}`);
  }
  return { text, signers: [...signers] };
}

/** A note's text and its signature lines, none of them checked: `openNote` does that. Throws `NoteError` `note-malformed`. */
export function readNote(note: Uint8Array | string): {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
} {
  const whole = typeof note === 'string' ? note : decode(note);
  if (whole.length > MAX_LENGTH) throw noteError(`the note is longer than ${MAX_LENGTH} characters`);
  checkCharacters(whole);
  // The text itself may hold empty lines: the last one separates it from the signatures.
  const separator = whole.lastIndexOf('\n\n');
  if (separator < 0) throw noteError('the note has no empty line between text and signatures');
  const text = whole.slice(0, separator + 1);
  const tail = whole.slice(separator + 2);
  if (!tail.endsWith('\n')) throw noteError('the note has no signature line that ends in a newline');
  return { text, signatures: readSignatures(tail) };
}

/** Signature lines as they stand under a note, each with its newline. Throws `NoteError` `note-malformed`. */
export function readSignatures(lines: string): readonly NoteSignature[] {
  checkCharacters(lines);
  if (!lines.endsWith('\n')) throw noteError('there is no signature line that ends in a newline');
  const each = lines.slice(0, -1).split('\n');
  if (each.length > MAX_SIGNATURES) throw noteError(`there are more than ${MAX_SIGNATURES} signatures`);
  return each.map(parseSignature);
}

function parseSignature(line: string): NoteSignature {
  const [, name, encoded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  const bytes = encoded === undefined ? undefined : fromBase64(encoded);
  if (name === undefined || !isKeyName(name) || bytes === undefined || bytes.length <= ID_LENGTH) {
    throw noteError(`"${line}" isn't a signature line: it must be "— name base64(key id, signature)"`);
  }
  return { name, id: bytes.subarray(0, ID_LENGTH), signature: bytes.subarray(ID_LENGTH) };
}

function keyId(name: string, rawKey: Uint8Array, kind: NoteKeyKind): Uint8Array {
  if (!isKeyName(name)) throw keyError(`"${name}" isn't a key name: no spaces, plus or control characters, not empty`);
  const digest = createHash('sha256').update(`${name}\n`).update(Uint8Array.of(TYPES[kind])).update(rawKey).digest();
  return new Uint8Array(digest.subarray(0, ID_LENGTH));
}

function isKeyName(name: string): boolean {
  return name.isWellFormed() && /^[^\p{White_Space}\p{Cc}+]+$/u.test(name);
}

function rawPublicKey(key: KeyObject): Uint8Array {
  const x = key.type === 'public' && key.asymmetricKeyType === 'ed25519' ? key.export({ format: 'jwk' }).x : undefined;
  if (x === undefined)
    throw keyError(`a note needs an Ed25519 key, not ${key.asymmetricKeyType ?? 'a secret'} (${key.type})`);
  return Buffer.from(x, 'base64url');
}

function decode(note: Uint8Array): string {
  try {
    // ignoreBOM keeps a byte order mark in the text, where the signature covers it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(note);
  } catch {
    throw noteError("the note isn't valid UTF-8");
  }
}

function checkCharacters(text: string): void {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) {
      throw noteError(
        `control character 0x${code.toString(16).padStart(2, '0')} at character ${i}: only newlines may stand in a note`,
      );
    }
  }
  if (!text.isWellFormed()) throw noteError('the text has a lone surrogate and so no UTF-8 form');
}

/** RFC 4648 §4 with its padding; undefined where the text isn't the one encoding of its bytes. */
function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return base64(bytes) === text ? bytes : undefined;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function noteError(message: string): NoteError {
  return new NoteError('note-malformed', message);
}

function keyError(message: string): NoteError {
  return new NoteError('note-key-malformed', message);
}
