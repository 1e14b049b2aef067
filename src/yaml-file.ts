import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { parseYaml } from './custody/yaml.ts';
import { Malformed } from './domain/index.ts';

/** What was read: the exact text, which is what gets hashed, and its plain value. */
export interface YamlFile {
  readonly text: string;
  readonly value: unknown;
}

/** Reads a YAML file of at most `most` bytes, strictly (`parseYaml`). Throws `Malformed` at `place` or at a line of the file. */
export function readYamlFile(file: string, place: string, most: number): YamlFile {
  const text = readText(file, place, most);
  return { text, value: parseYaml(text, place) };
}

function readText(file: string, place: string, most: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new Malformed(place, unreadable(file, error));
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Malformed(place, `${file} is not a file`);
    if (stat.size > most)
      throw new Malformed(place, `${file} has ${stat.size} bytes, more than the ${most} that it may`);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(descriptor));
  } catch (error) {
    if (error instanceof TypeError) throw new Malformed(place, `${file} is not UTF-8`);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Why a file can't be used, in words. */
export function unreadable(file: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ENOENT') return `${file} does not exist`;
  if (code === 'EACCES') return `${file} may not be read by this user`;
  return `${file} cannot be read (${code})`;
}
