import { type KeyObject, sign, verify } from 'node:crypto';
import { sameBytes } from './hash.ts';
import {
  formatVerifierKey,
  type NoteSignature,
  type NoteVerifier,
  noteMessage,
  noteVerifier,
  parseVerifierKey,
} from './note.ts';

/**
 * C2SP tlog-cosignature v1 (c2sp.org/tlog-cosignature), Ed25519: a witness's word that, at a time, this was the largest tree that it had
 * seen of this log, and that it goes on from all that it had seen before.
 */
export interface Cosignature {
  /** The witness's key name. */
  readonly witness: string;
  /** Seconds since 1970, by the witness's clock. */
  readonly time: number;
}

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** A witness's key, `name+hex(id)+base64(0x04 ‖ public key)`. Throws `NoteError` `note-key-malformed`. */
export function parseWitnessKey(text: string): NoteVerifier {
  return parseVerifierKey(text, 'cosignature');
}

/** The key as an operator pins it. */
export function formatWitnessKey(witness: NoteVerifier): string {
  return formatVerifierKey(witness, 'cosignature');
}

/** A witness by its Ed25519 public key. Throws `NoteError` `note-key-malformed`. */
export function witnessVerifier(name: string, publicKey: KeyObject): NoteVerifier {
  return noteVerifier(name, publicKey, 'cosignature');
}

/** Whether a signature line is of this witness's key. It says nothing of whether it holds. */
export function isOf(signature: NoteSignature, witness: NoteVerifier): boolean {
  return signature.name === witness.name && sameBytes(signature.id, witness.id);
}

/** What a line of this witness's says of a checkpoint's text; undefined unless its signature holds. */
export function openCosignature(
  text: string,
  { signature }: NoteSignature,
  witness: NoteVerifier,
): Cosignature | undefined {
  if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined;
  const bytes = new DataView(signature.buffer, signature.byteOffset, signature.length);
  const time = Number(bytes.getBigUint64(0));
  if (!Number.isSafeInteger(time)) return undefined;
  const holds = verify(null, message(text, time), witness.publicKey, signature.subarray(TIME_BYTES));
  return holds ? { witness: witness.name, time } : undefined;
}

/** A witness's signature line under a checkpoint's text, at a time in seconds since 1970. */
export function cosign(text: string, witness: NoteVerifier, privateKey: KeyObject, time: number): NoteSignature {
  const stamped = new Uint8Array(TIME_BYTES + SIGNATURE_BYTES);
  new DataView(stamped.buffer).setBigUint64(0, BigInt(time));
  stamped.set(sign(null, message(text, time), privateKey), TIME_BYTES);
  return { name: witness.name, id: witness.id, signature: stamped };
}

function message(text: string, time: number): Uint8Array {
  return noteMessage(`cosignature/v1\ntime ${time}\n${text}`);
}
