import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const folder = resolve(root, process.env['PORTCULLIS_VECTORS'] ?? '../shared/vectors', 'bitcoin');

/** True where the published vectors are not at hand: set PORTCULLIS_VECTORS to the folder that holds them. */
export const vectorsMissing = !existsSync(folder);

/** Said on the line of a suite that is skipped. */
export const whySkipped = vectorsMissing ? ` (skipped: no vectors in ${folder}, set PORTCULLIS_VECTORS)` : '';

/** One file of the BIPs' vectors, as text. */
export function readVectors(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}
