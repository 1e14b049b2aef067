import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { type Checkpoint, formatCheckpoint, openCheckpoint } from './checkpoint.ts';
import { assembleNote, type NoteSignature, type NoteVerifier, noteMessage, noteVerifier } from './note.ts';

/**
 * Whoever holds a key of the journal: this process, or a device that answers later. It is asked outside any commit, for one
 * checkpoint at a time, and what it answers is checked before anyone sees it.
 */
export interface CheckpointSigner {
  /** The log's origin (C2SP tlog-checkpoint), which is also the key's name. */
  readonly origin: string;
  /** Its public half. */
  readonly verifier: NoteVerifier;
  /** Signs a checkpoint's text, UTF-8 with its last newline (`noteMessage`), by Ed25519. May reject: then there is no checkpoint. */
  sign(text: string): Promise<NoteSignature>;
}

/** A key that this process has in memory. Throws `NoteError` `note-key-malformed`. */
export function heldSigner(origin: string, privateKey: KeyObject): CheckpointSigner {
  const verifier = noteVerifier(origin, createPublicKey(privateKey));
  const { name, id } = verifier;
  return {
    origin,
    verifier,
    sign: async (text) => ({ name, id, signature: sign(null, noteMessage(text), privateKey) }),
  };
}

/**
 * A checkpoint, signed by each of the log's keys, as a note. Rejects with what a signer rejects with, or with `NoteError` or
 * `CheckpointError` where an answer is not its key's signature of this text.
 */
export async function signedCheckpoint(checkpoint: Checkpoint, signers: readonly CheckpointSigner[]): Promise<string> {
  const text = formatCheckpoint(checkpoint);
  const note = assembleNote(text, await Promise.all(signers.map((signer) => signer.sign(text))));
  // Each by itself: `openCheckpoint` of all would let one that is missing pass beside one that holds.
  for (const { verifier } of signers) openCheckpoint(note, [verifier]);
  return note;
}
