import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Malformed, parseTokenId } from './domain/index.ts';
import { Members } from './gate/document.ts';
import { checkSecret, parseHexKey, readHexKey, statOf } from './secret-file.ts';
import type { SignerConfig } from './signer-config.ts';
import type { Vault } from './signers/pkcs11/vault.ts';

/** Where a key of the station's comes from. Whatever it is, the station gets 32 bytes at its start. */
export type KeySource =
  | { readonly kind: 'file'; readonly file: string }
  /** systemd.exec(5), "Credentials": a file of this name in `$CREDENTIALS_DIRECTORY`. */
  | { readonly kind: 'credential'; readonly name: string }
  | WrappedKey;

/** A key that only an HSM opens: what the file has, 64 hex digits encrypted for an RSA key in the token (RFC 8017 §7.1, RSAES-OAEP). */
export interface WrappedKey {
  readonly kind: 'hsm';
  /** The PKCS#11 signer of the config whose token it is. */
  readonly signer: string;
  /** CKA_ID of the RSA key. */
  readonly key: string;
  readonly file: string;
  readonly hash: 'sha1' | 'sha256';
}

/** Where a signing key of the journal's is. */
export type JournalKeySource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'hsm'; readonly signer: string; readonly key: string };

/** Data objects in an HSM's token. */
export interface ObjectSource {
  readonly kind: 'hsm';
  readonly signer: string;
  /** CKA_LABEL. */
  readonly label: string;
}

/** What opens the keys that HSMs wrap, by the signer's name. Throws `Malformed`, naming `place`. */
export interface Unwrapping {
  of(signer: string, place: string): Pick<Vault, 'unwrap'>;
}

/** The longest that RSA of 8192 bits makes. */
const longestWrapped = 1024;

/** `folder`: what files are relative to. */
export function parseKeySource(value: unknown, place: string, folder: string): KeySource {
  const of = new Members(value, place);
  const source = parseMembers(of, folder);
  of.done();
  return source;
}

function parseMembers(of: Members, folder: string): KeySource {
  if (of.has('hsm')) {
    const [signer, key] = [of.text('hsm'), parseTokenId(of.text('key'), of.at('key'))];
    const file = resolve(folder, of.text('wrapped'));
    return { kind: 'hsm', signer, key, file, hash: of.has('oaep') ? of.oneOf('oaep', ['sha1', 'sha256']) : 'sha256' };
  }
  if (of.has('credential'))
    return { kind: 'credential', name: parseCredential(of.text('credential'), of.at('credential')) };
  return { kind: 'file', file: resolve(folder, of.text('file')) };
}

/** A key whose source may be written as its file's path alone. */
export function parseKeyOrFile(value: unknown, place: string, folder: string): KeySource {
  return typeof value === 'string' && value !== ''
    ? { kind: 'file', file: resolve(folder, value) }
    : parseKeySource(value, place, folder);
}

export function parseJournalKey(value: unknown, place: string, folder: string): JournalKeySource {
  if (typeof value === 'string' && value !== '') return { kind: 'file', file: resolve(folder, value) };
  const of = new Members(value, place);
  const source = { kind: 'hsm', signer: of.text('hsm'), key: parseTokenId(of.text('key'), of.at('key')) } as const;
  of.done();
  return source;
}

/** A file name, never a path: it cannot lead out of the folder that systemd made. */
function parseCredential(name: string, place: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(name)) return name;
  throw new Malformed(place, 'expected the name of a credential: letters, digits, _ . and -');
}

/** Throws `Malformed` where a key names an HSM that the config has not. */
export function checkHsm(
  source: KeySource | JournalKeySource | ObjectSource,
  signers: readonly Pick<SignerConfig, 'name' | 'kind'>[],
  place: string,
): void {
  if (source.kind !== 'hsm') return;
  const signer = signers.find(({ name }) => name === source.signer);
  if (signer?.kind !== 'pkcs11')
    throw new Malformed(`${place}.hsm`, `config.signers has no signer ${source.signer} of kind pkcs11`);
}

/** Throws `Malformed` for a file that is none, or that others may read. Only the station itself has its credentials at hand. */
export function checkKeySource(source: KeySource | JournalKeySource, place: string): void {
  if (source.kind === 'file') checkSecret(source.file, place);
  if (source.kind === 'hsm' && 'file' in source) checkWrapped(source.file, `${place}.wrapped`);
}

/**
 * Anybody may read it, and nobody else may write it: RSAES-OAEP tells not who encrypted, and the public key is no secret. Who chose the
 * state key could write rows that hold (threat H).
 */
function checkWrapped(file: string, place: string): void {
  const stat = statOf(file, place);
  const { mode, size } = stat;
  if (!stat.isFile()) throw new Malformed(place, `${file} is not a file`);
  if (size < 128 || size > longestWrapped)
    throw new Malformed(place, `${file} has ${size} bytes: no RSA key makes that of a key`);
  if ((mode & 0o022) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    throw new Malformed(place, `others may write ${file} (mode ${shown}), and so choose the key: run chmod go-w on it`);
  }
}

/** Throws `Malformed` for what is no key, and `Refusal` with the reason of an HSM that does not open it. */
export async function readKey(source: KeySource, place: string, vaults: Unwrapping): Promise<Uint8Array> {
  switch (source.kind) {
    case 'file':
      return readHexKey(source.file, place);
    case 'credential':
      return readCredential(source.name, place);
    case 'hsm': {
      const { file, signer, key, hash } = source;
      checkWrapped(file, `${place}.wrapped`);
      const plain = await vaults.of(signer, `${place}.hsm`).unwrap(key, hash, new Uint8Array(readFileSync(file)));
      return parseHexKey(Buffer.from(plain).toString('latin1'), `${place}.wrapped`, `what ${file} holds`);
    }
  }
}

function readCredential(name: string, place: string): Uint8Array {
  const folder = process.env['CREDENTIALS_DIRECTORY'];
  if (folder?.startsWith('/')) return readHexKey(join(folder, name), place, 'credential');
  const why = `the credential ${name} is not at hand: $CREDENTIALS_DIRECTORY is not set`;
  throw new Malformed(place, `${why}. Start the station by systemd, with LoadCredential= or LoadCredentialEncrypted=`);
}
