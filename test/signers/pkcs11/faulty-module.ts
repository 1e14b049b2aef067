import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const headers = path('node_modules/pkcs11js/includes');
const compiler = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'cc'))
  .find((file) => existsSync(file));

/** Why the module that misbehaves can't be built here, if it can't. */
export const noFaults =
  compiler === undefined
    ? 'no C compiler (cc)'
    : existsSync(headers)
      ? undefined
      : 'no PKCS#11 headers (the package pkcs11js is not installed)';

/** In a folder, in half a second. */
function build(folder: string): string {
  const module = join(folder, 'libfaults.so');
  const sources = ['faults.c', 'cues.c'].map((name) => path(`simulators/pkcs11-faults/${name}`));
  const flags = ['-shared', '-fPIC', '-O2', '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-isystem', headers];
  execFileSync(compiler ?? 'cc', [...flags, '-o', module, ...sources, '-ldl'], { stdio: 'pipe' });
  return module;
}

export interface Call {
  readonly pid: number;
  readonly function: string;
  /** What it returned, `0x0`; or what became of the process. */
  readonly outcome: string;
}

/** A PKCS#11 module before another, that misbehaves on cue (simulators/pkcs11-faults). */
export class FaultyModule {
  readonly module: string;
  /** What the process that loads it must have in its environment, beside what the module behind it reads. */
  readonly environment: Readonly<Record<'FAULTS_MODULE' | 'FAULTS_CUES' | 'FAULTS_CALLS', string>>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'portcullis-faults-'));

  /** @param behind the real module's path */
  constructor(behind: string) {
    this.module = build(this.#folder);
    this.environment = {
      FAULTS_MODULE: behind,
      FAULTS_CUES: join(this.#folder, 'cues'),
      FAULTS_CALLS: join(this.#folder, 'calls'),
    };
    this.cue();
    this.forget();
  }

  /** From the next call on these lines, and no others. */
  cue(...lines: readonly string[]): void {
    const fresh = join(this.#folder, 'cues.new');
    writeFileSync(fresh, lines.map((line) => `${line}\n`).join(''));
    renameSync(fresh, this.environment.FAULTS_CUES);
  }

  /** What is left of them. */
  get cues(): readonly string[] {
    return readFileSync(this.environment.FAULTS_CUES, 'utf8').split('\n').filter(Boolean);
  }

  /** What was called, of one function or of all, oldest first. */
  calls(name?: string): readonly Call[] {
    const lines = readFileSync(this.environment.FAULTS_CALLS, 'utf8').split('\n').filter(Boolean);
    const all = lines.map((line): Call => {
      const [pid, function_ = '', outcome = ''] = line.split(' ');
      return { pid: Number(pid), function: function_, outcome };
    });
    return name === undefined ? all : all.filter((call) => call.function === name);
  }

  /** Counts from none again. */
  forget(): void {
    writeFileSync(this.environment.FAULTS_CALLS, '');
  }

  /** Resolves with a call of this function that ended so, once there are so many. */
  async called(name: string, outcome: string, times = 1): Promise<Call> {
    const watcher = watch(this.environment.FAULTS_CALLS);
    try {
      for (;;) {
        const { promise, resolve } = Promise.withResolvers<void>();
        watcher.once('change', () => resolve());
        const found = this.calls(name).filter((call) => call.outcome === outcome)[times - 1];
        if (found !== undefined) return found;
        await promise;
      }
    } finally {
      watcher.close();
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
