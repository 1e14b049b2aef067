import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Diagnosis } from './diagnosis.ts';

/** The mode bit of a folder in which only its owner may take a file away (chmod(2)). */
const sticky = 0o1000;

/**
 * S8: a vendor's module is native code that runs as the station's user: whoever can write it, or a folder that leads to it, is in the
 * station. Undefined where nobody else can.
 */
export function checkModule(what: string, module: string): Diagnosis | undefined {
  let file: string;
  try {
    file = realpathSync(module);
  } catch (error) {
    const found = `its module cannot be found: ${error instanceof Error ? error.message : String(error)}`;
    return { what, found, mend: 'Correct the path in the config, or install the module.' };
  }
  for (const place of withFolders(file)) {
    const { mode } = statSync(place);
    if ((mode & 0o022) === 0 || (place !== file && (mode & sticky) !== 0)) continue;
    const shown = (mode & 0o7777).toString(8).padStart(4, '0');
    const found = `others may write ${place} (mode ${shown}), and so what this station loads as ${module}`;
    return { what, found, mend: 'Let nobody but root write it, nor the folders that it lies in: chmod go-w.' };
  }
  return undefined;
}

/** A path, and each folder up to the root. */
function withFolders(file: string): string[] {
  const folder = dirname(file);
  return folder === file ? [file] : [file, ...withFolders(folder)];
}
