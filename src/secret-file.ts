import { readFileSync, type Stats, statSync } from 'node:fs';
import { Malformed } from './domain/index.ts';
import { unreadable } from './yaml-file.ts';

const secretBytesMost = 16_384;

/** Whose a secret's file may be besides its owner's: nobody's, or for reading the service manager's own group's. */
export type SecretMode = 'owner' | 'credential';

/** Reads a small file with a secret in it, if nobody but its owner may read it (threat S9). */
export function readSecret(file: string, place: string, mode: SecretMode = 'owner'): string {
  checkSecret(file, place, mode);
  return readFileSync(file, 'utf8');
}

/** A key of 32 bytes, from a file of 64 hex digits. What is malformed is not quoted. */
export function readHexKey(file: string, place: string, mode: SecretMode = 'owner'): Uint8Array {
  return parseHexKey(readSecret(file, place, mode), place, file);
}

/** `what`: what has the text, which is not quoted. */
export function parseHexKey(text: string, place: string, what: string): Uint8Array {
  if (!/^[0-9a-f]{64}\n?$/.test(text)) throw new Malformed(place, `${what} is not 64 lowercase hex digits`);
  return new Uint8Array(Buffer.from(text.trimEnd(), 'hex'));
}

/** Throws `Malformed` for what is no file, too long for a secret, or open to others. */
export function checkSecret(file: string, place: string, mode: SecretMode = 'owner'): void {
  const stat = statOf(file, place);
  if (!stat.isFile()) throw new Malformed(place, `${file} is not a file`);
  if (stat.size > secretBytesMost) throw new Malformed(place, `${file} has ${stat.size} bytes: that is no key`);
  const stated = stat.mode & 0o777;
  // systemd lets the service's user in by an access control list, which stat(2) shows as the group's bits (acl(5)).
  if ((stated & (mode === 'credential' ? 0o037 : 0o077)) !== 0) {
    const shown = stated.toString(8).padStart(4, '0');
    throw new Malformed(place, `${file} holds a secret and others may use it (mode ${shown}): run chmod 600 on it`);
  }
}

export function statOf(file: string, place: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    throw new Malformed(place, unreadable(file, error));
  }
}
