import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Missing } from './missing.ts';

export interface Module {
  readonly name: string;
  readonly content: Buffer;
}

/** A USB controller that isn't there, the gadget on it, the host's side of HID, and the network to the tests. */
const needed = ['virtio_pci', 'virtio_net', 'usbhid', 'hid_generic', 'dummy_hcd', 'usb_f_hid'];

/**
 * Modules with all that they need, in an order in which they can be inserted. The package brings no list of dependencies
 * (depmod makes it where it is installed): each module tells its own.
 */
export function modules(root: string): readonly Module[] {
  const files = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const [, name] = /^(.+)\.ko(?:\.xz|\.zst)?$/.exec(entry.name) ?? [];
    if (name !== undefined) files.set(name.replaceAll('-', '_'), join(entry.parentPath, entry.name));
  }
  const order = new Map<string, Module>();
  const take = (name: string): void => {
    if (order.has(name)) return;
    const file = files.get(name);
    // Built into the kernel.
    if (file === undefined && !needed.includes(name)) return;
    if (file === undefined) throw new Missing(`Debian's kernel has no module ${name}: ${root}`);
    const content = read(file);
    const [, list = ''] = /\0depends=([^\0]*)\0/.exec(content.toString('latin1')) ?? [];
    for (const other of list.split(',')) if (other !== '') take(other.replaceAll('-', '_'));
    order.set(name, { name, content });
  };
  for (const name of needed) take(name);
  return [...order.values()];
}

function read(file: string): Buffer {
  if (file.endsWith('.ko')) return readFileSync(file);
  return execFileSync(file.endsWith('.xz') ? 'xz' : 'zstd', ['-dc', file], { maxBuffer: 64 * 1024 * 1024 });
}
