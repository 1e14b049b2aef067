import { join, resolve } from 'node:path';
import { Keyring } from './custody/seal.ts';
import { Malformed } from './domain/index.ts';
import { Members } from './gate/document.ts';
import { checkSecret, readHexKey } from './secret-file.ts';

/** Where a sealing key comes from. Whatever it is, the station gets 32 bytes at its start. */
export type SealingKeySource =
  | { readonly kind: 'file'; readonly file: string }
  /** systemd.exec(5), "Credentials": a file of this name in `$CREDENTIALS_DIRECTORY`. */
  | { readonly kind: 'credential'; readonly name: string };

/** `config.keys.sealing`: newest first. `folder`: what files are relative to. */
export function parseSealingKeys(values: readonly unknown[], place: string, folder: string): SealingKeySource[] {
  if (values.length === 0) throw new Malformed(place, 'names no key');
  const sources = values.map((value, i) => parseSource(value, `${place}[${i}]`, folder));
  const names = sources.map((source) => JSON.stringify(source));
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) throw new Malformed(`${place}[${i}]`, 'stands twice');
  });
  return sources;
}

function parseSource(value: unknown, place: string, folder: string): SealingKeySource {
  const of = new Members(value, place);
  if (of.has('hsm')) {
    const why = 'sealing keys in an HSM are not read yet: name a file or a credential';
    throw new Malformed(of.at('hsm'), why);
  }
  const source: SealingKeySource = of.has('credential')
    ? { kind: 'credential', name: parseCredential(of.text('credential'), of.at('credential')) }
    : { kind: 'file', file: resolve(folder, of.text('file')) };
  of.done();
  return source;
}

/** A file name, never a path: it cannot lead out of the folder that systemd made. */
function parseCredential(name: string, place: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(name)) return name;
  throw new Malformed(place, 'expected the name of a credential: letters, digits, _ . and -');
}

/** Throws `Malformed` for a file that is none, or that others may read. Only the station itself has its credentials at hand. */
export function checkSealingKeys(sources: readonly SealingKeySource[], place = 'config.keys.sealing'): void {
  sources.forEach((source, i) => {
    if (source.kind === 'file') checkSecret(source.file, `${place}[${i}]`);
  });
}

/** Reads every key: 64 hex digits each, as the state key's. */
export function readSealingKeys(sources: readonly SealingKeySource[], place = 'config.keys.sealing'): Keyring {
  const keys = sources.map((source, i) => readSource(source, `${place}[${i}]`));
  const texts = keys.map((key) => key.toString());
  const again = texts.findIndex((text, i) => texts.indexOf(text) !== i);
  if (again !== -1) throw new Malformed(`${place}[${again}]`, 'is a key that stands there already');
  return new Keyring(keys);
}

function readSource(source: SealingKeySource, place: string): Uint8Array {
  if (source.kind === 'file') return readHexKey(source.file, place);
  const folder = process.env['CREDENTIALS_DIRECTORY'];
  if (folder?.startsWith('/')) return readHexKey(join(folder, source.name), place, 'credential');
  const why = `the credential ${source.name} is not at hand: $CREDENTIALS_DIRECTORY is not set`;
  throw new Malformed(place, `${why}. Start the station by systemd, with LoadCredential= or LoadCredentialEncrypted=`);
}
