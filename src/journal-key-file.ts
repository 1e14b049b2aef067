import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Malformed } from './domain/index.ts';
import { readSecret } from './secret-file.ts';

/** The journal's signing key: Ed25519, PKCS#8 in PEM, from a file that only its owner may read. */
export function readJournalKey(file: string, place = 'config.keys.journal'): KeyObject {
  const pem = readSecret(file, place);
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', type: 'pkcs8' });
  } catch {
    // The parser's own message could quote the file.
  }
  if (key?.asymmetricKeyType !== 'ed25519') throw new Malformed(place, `${file} is not an Ed25519 key in PKCS#8 PEM`);
  return key;
}
