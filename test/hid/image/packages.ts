import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Missing } from './missing.ts';

// What the guest is made of beside this repository: Debian's packages, in the versions that this machine's apt knows.

/** Of each the whole is taken; `udev`, `libusb-1.0-0` and `libstdc++6` bring the libraries that they need. */
const wanted = ['busybox-static', 'udev', 'libusb-1.0-0', 'libstdc++6'];

/** The one that depends on the kernel of the day. The cloud kernel has no USB. */
const kernel = 'linux-image-amd64';

export interface Package {
  readonly name: string;
  readonly version: string;
}

/** What is to be fetched, found out by asking apt. */
export function discover(): readonly Package[] {
  const image = (dependencies([kernel]).get(kernel) ?? []).find((name) => /^linux-image-[0-9].*-amd64$/.test(name));
  if (image === undefined) throw missing(`apt knows no kernel behind ${kernel}`);
  const found = new Set([image, ...wanted]);
  for (let ask: readonly string[] = wanted; ask.length > 0; ) {
    // Only libraries: users, scripts and documentation are not needed.
    const others = [...dependencies(ask).values()].flat().filter((name) => name.startsWith('lib'));
    ask = [...new Set(others)].filter((name) => !found.has(name));
    for (const name of ask) found.add(name);
  }
  const versions = candidates([...found]);
  return [...found].sort().map((name) => {
    const version = versions.get(name);
    if (version === undefined) throw missing(`apt knows no package ${name}`);
    return { name, version };
  });
}

/** By name and version of every package. */
export function keyOf(packages: readonly Package[]): string {
  const text = packages.map(({ name, version }) => `${name}=${version}`).join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Fetches and unpacks them into `folder`, one file system; nothing is installed. */
export function unpack(packages: readonly Package[], folder: string): void {
  if (existsSync(folder)) return;
  const build = `${folder}.partial`;
  rmSync(build, { recursive: true, force: true });
  mkdirSync(join(build, 'debs'), { recursive: true });
  const names = packages.map(({ name, version }) => `${name}=${version}`);
  run('apt-get', ['download', '-q', ...names], join(build, 'debs'));
  for (const file of readdirSync(join(build, 'debs'))) {
    run('dpkg-deb', ['--extract', join(build, 'debs', file), join(build, 'root')], build);
  }
  rmSync(join(build, 'debs'), { recursive: true });
  renameSync(join(build, 'root'), folder);
  rmSync(build, { recursive: true });
}

/** What each of these depends on. */
function dependencies(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let of: string[] = [];
  for (const line of run('apt-cache', ['depends', '--important', ...names]).split('\n')) {
    const [, other] = /^ [ |](?:Pre)?Depends: ([^<\s]+)$/.exec(line) ?? [];
    if (other !== undefined) of.push(other);
    if (!/^\S/.test(line)) continue;
    of = [];
    found.set(line, of);
  }
  return found;
}

/** The version of each that apt would install. */
function candidates(names: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let name = '';
  for (const line of run('apt-cache', ['policy', ...names]).split('\n')) {
    [, name = name] = /^(\S+):$/.exec(line) ?? [];
    const [, version] = /^ {2}Candidate: (\S+)$/.exec(line) ?? [];
    if (version !== undefined && version !== '(none)') found.set(name, version);
  }
  return found;
}

function missing(what: string): Missing {
  return new Missing(`${what}: run "apt-get update"; these tests need Debian on x86-64`);
}

function run(command: string, args: readonly string[], cwd?: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  } catch (error) {
    const stderr: unknown = error instanceof Error ? Reflect.get(error, 'stderr') : undefined;
    const said = typeof stderr === 'string' && stderr !== '' ? stderr.trim() : String(error);
    throw new Missing(`${command} failed (these tests need Debian's apt and dpkg): ${said}`);
  }
}

const environment = { ...process.env, LC_ALL: 'C' };
