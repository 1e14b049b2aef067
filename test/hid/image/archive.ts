import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * An archive that Linux unpacks as its first file system (cpio's "newc" form: Documentation/driver-api/early-userspace/
 * buffer-format.rst). Several of them one after the other are one file system.
 */
export class Archive {
  readonly #parts: Buffer[] = [];
  readonly #folders = new Set<string>();
  #inode = 0;

  file(path: string, content: string | Uint8Array, mode = 0o644): void {
    this.#parents(path);
    this.#entry(path, 0o100000 | mode, Buffer.from(content));
  }

  link(path: string, target: string): void {
    this.#parents(path);
    this.#entry(path, 0o120777, Buffer.from(target));
  }

  folder(path: string, mode = 0o755): void {
    if (path === '' || this.#folders.has(path)) return;
    this.#parents(path);
    this.#folders.add(path);
    this.#entry(path, 0o040000 | mode, Buffer.alloc(0));
  }

  /** A character device: the kernel wants /dev/console before it can make any itself. */
  device(path: string, major: number, minor: number): void {
    this.#parents(path);
    this.#entry(path, 0o020600, Buffer.alloc(0), major, minor);
  }

  /** Whatever lies under `from`, under `to`; `wanted` chooses by the path below `from`. */
  tree(from: string, to: string, wanted: (path: string) => boolean = () => true, below = ''): void {
    for (const name of readdirSync(join(from, below)).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      if (!wanted(path)) continue;
      const place = join(from, path);
      const found = lstatSync(place);
      if (found.isSymbolicLink()) this.link(`${to}/${path}`, readlinkSync(place));
      else if (found.isDirectory()) this.tree(from, to, wanted, path);
      else if (found.isFile()) this.file(`${to}/${path}`, readFileSync(place), found.mode & 0o777);
    }
  }

  bytes(): Buffer {
    this.#entry('TRAILER!!!', 0, Buffer.alloc(0));
    return Buffer.concat(this.#parts);
  }

  #parents(path: string): void {
    const parent = path.split('/').slice(0, -1).join('/');
    if (parent !== '') this.folder(parent);
  }

  #entry(path: string, mode: number, content: Buffer, major = 0, minor = 0): void {
    const name = Buffer.from(`${path}\0`);
    const fields = [++this.#inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0];
    const head = Buffer.from(`070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}`);
    this.#parts.push(padded(Buffer.concat([head, name])), padded(content));
  }
}

function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % 4;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}
