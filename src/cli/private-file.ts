import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import type { Issued } from './certificates.ts';

/** A certificate and its key, at PATH.pem and PATH.key. */
export function writeIssued(path: string, { certificate, key }: Issued): void {
  writeFile(`${path}.pem`, certificate);
  writeFile(`${path}.key`, key);
}

/** A folder for its owner alone. */
export function makeFolder(path: string): void {
  mkdirSync(path, { mode: 0o700 });
}

/** Makes a file that only its owner may read, and has it on the disk before anything is built on it. */
export function writeFile(path: string, text: string): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
