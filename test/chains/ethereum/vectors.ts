import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const folder = resolve(root, process.env['PORTCULLIS_VECTORS'] ?? '../shared/vectors', 'ethereum');

/** True where the published vectors are not at hand: set PORTCULLIS_VECTORS to the folder that holds them. */
export const vectorsMissing = !existsSync(folder);

/** Said on the line of a suite that is skipped. */
export const whySkipped = vectorsMissing ? ` (skipped: no vectors in ${folder}, set PORTCULLIS_VECTORS)` : '';

/** One file of ethereum/tests, as parsed JSON. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

/** The members of a JSON object. */
export function membersOf(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null) throw new TypeError('expected a JSON object');
  return Object.entries(value);
}

/** A named member that must be text. */
export function textOf(value: unknown, name: string): string {
  const text = Object.fromEntries(membersOf(value))[name];
  if (typeof text !== 'string') throw new TypeError(`expected text in ${name}`);
  return text;
}
