import { readFileSync } from 'node:fs';
import { formatInstant, type WallMs } from '../domain/index.ts';
import { writeWhole } from '../store/tile-folder.ts';

/** When a backup was last handed out, and of how many entries of the journal. For people: nothing rests on it. */
export interface LastBackup {
  readonly made: WallMs;
  readonly size: number;
}

export function writeLastBackup(file: string, { made, size }: LastBackup): void {
  const text = `${JSON.stringify({ made: formatInstant(made), size })}\n`;
  writeWhole(file, new TextEncoder().encode(text));
}

/** Undefined where none was handed out yet, or what is there was not written by the station. */
export function readLastBackup(file: string): LastBackup | undefined {
  try {
    const said: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof said !== 'object' || said === null || !('made' in said) || !('size' in said)) return undefined;
    const made = Date.parse(String(said.made));
    const { size } = said;
    if (Number.isNaN(made) || typeof size !== 'number' || !Number.isSafeInteger(size)) return undefined;
    return { made: made as WallMs, size };
  } catch {
    return undefined;
  }
}
