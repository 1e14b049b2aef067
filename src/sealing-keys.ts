import { Keyring } from './custody/seal.ts';
import { Malformed } from './domain/index.ts';
import { type KeySource, parseKeySource, readKey, type Unwrapping } from './key-source.ts';

/** `config.keys.sealing`: newest first. `folder`: what files are relative to. */
export function parseSealingKeys(values: readonly unknown[], place: string, folder: string): KeySource[] {
  if (values.length === 0) throw new Malformed(place, 'names no key');
  const sources = values.map((value, i) => parseKeySource(value, `${place}[${i}]`, folder));
  const names = sources.map((source) => JSON.stringify(source));
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) throw new Malformed(`${place}[${i}]`, 'stands twice');
  });
  return sources;
}

/** Reads every key: 64 hex digits each, as the state key's. */
export async function readSealingKeys(
  sources: readonly KeySource[],
  vaults: Unwrapping,
  place = 'config.keys.sealing',
): Promise<Keyring> {
  const keys = await Promise.all(sources.map((source, i) => readKey(source, `${place}[${i}]`, vaults)));
  const texts = keys.map((key) => key.toString());
  const again = texts.findIndex((text, i) => texts.indexOf(text) !== i);
  if (again !== -1) throw new Malformed(`${place}[${again}]`, 'is a key that stands there already');
  return new Keyring(keys);
}
