import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Output } from '../../src/cli/command.ts';
import { makeStation } from '../../src/cli/init.ts';
import { runProgram } from '../../src/cli/program.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line as the program does, and keeps what it wrote. */
export async function ran(...args: string[]): Promise<Ran> {
  const lines: { out: string[]; err: string[] } = { out: [], err: [] };
  const output: Output = { out: (line) => lines.out.push(line), err: (line) => lines.err.push(line) };
  const code = await runProgram(args, output);
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'portcullis-cli-'));
}

/** A station as `init` makes it, with what was to be taken away still in it. */
export async function newStation(): Promise<{ folder: string; config: string }> {
  const folder = join(emptyFolder(), 'station');
  await makeStation({ folder, policy: undefined, trustDomain: undefined, names: [] });
  return { folder, config: join(folder, 'config.yaml') };
}
