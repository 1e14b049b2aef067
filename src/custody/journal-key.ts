import type { KeyObject } from 'node:crypto';
import { formatVerifierKey, noteVerifier } from '../journal/note.ts';

/** The journal's verifier key as auditors pin it (C2SP signed-note): its origin and the public half of its Ed25519 key. */
export function verifierKeyOf(origin: string, publicKey: KeyObject): string {
  return formatVerifierKey(noteVerifier(origin, publicKey));
}
