import { spawn, spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A child as its parent sees it: three pipes, a way to end it, and word of its end. */
export interface HostProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Absent where it could not be started. */
  readonly pid?: number | undefined;
  kill(signal: 'SIGKILL'): boolean;
  /** `exit` when its process is gone, `close` once nobody holds its pipes either. */
  on(event: 'exit' | 'close', listener: (code: number | null, signal: string | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

const sources = fileURLToPath(new URL('..', import.meta.url));
const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const manifest = fileURLToPath(new URL('../../package.json', import.meta.url));
const host = fileURLToPath(new URL('host.ts', import.meta.url));
const pkcs11Host = fileURLToPath(new URL('pkcs11/host.ts', import.meta.url));

/**
 * What Node's permission model lets the child read: its own code. `node-gyp-build` asks which libc this is before it loads
 * the USB library.
 */
const readable = () => [sources, packages, `${realpathSync(packages)}/`, manifest, '/etc/alpine-release'];

/** Flags of Node's for a signer's child (S8): no files but its own code, no processes and no threads of its own. */
export function confinement(native: boolean): readonly string[] {
  const addons = native ? ['--allow-addons', '--disable-warning=SecurityWarning'] : [];
  return ['--permission', ...readable().map((path) => `--allow-fs-read=${path}`), ...addons];
}

/**
 * Starts a signer's child: confined, with an empty environment and no descriptor but its three pipes. Native code is outside
 * Node's permission model, so this contains a poisoned package's JavaScript; what else is to be contained is for the process's
 * own uid and network namespace.
 */
export function launchHost(native: boolean): HostProcess {
  return launch(host, native, {});
}

/** Likewise the child that loads a vendor's PKCS#11 module, with what that reads of its environment, and nothing else. */
export function launchPkcs11(environment: Readonly<Record<string, string>>): HostProcess {
  return launch(pkcs11Host, true, environment);
}

/** util-linux's. */
const setpriv = ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] as const;
let mortal: readonly string[] | undefined;

/**
 * What has the kernel end the child with the daemon, whatever it hangs in (prctl(2), PR_SET_PDEATHSIG); nothing where there is no such
 * program: then it ends when it next looks at its stdin.
 */
function withItsParent(): readonly string[] {
  const [program, ...options] = setpriv;
  mortal ??= spawnSync(program, [...options, process.execPath, '--version'], { env: {} }).status === 0 ? setpriv : [];
  return mortal;
}

/**
 * In a process group of its own, which ends as one: what a vendor's library forks holds the child's pipes, and its device (F4). A
 * terminal's Ctrl-C so reaches the daemon alone, which closes its children; with one that was killed they are killed.
 */
function launch(executable: string, native: boolean, env: Readonly<Record<string, string>>): HostProcess {
  const [program, ...first] = [...withItsParent(), process.execPath];
  const child = spawn(program ?? process.execPath, [...first, ...confinement(native), executable], {
    env: { ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    detached: true,
  });
  let gone = false;
  const kill = (): boolean => !gone && child.pid !== undefined && killGroup(child.pid);
  child.on('exit', () => {
    kill();
    // From now on its number may be another's.
    gone = true;
  });
  return Object.assign(child, { kill });
}

/** False where nobody of the group is left. */
export function killGroup(leader: number): boolean {
  try {
    return process.kill(-leader, 'SIGKILL');
  } catch {
    return false;
  }
}
