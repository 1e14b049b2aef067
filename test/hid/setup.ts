import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildImage, cache } from './image/image.ts';
import { takeLock } from './lock.ts';
import { requireQemu } from './machine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What every machine of a run boots: files. */
    readonly image: { readonly kernel: string; readonly initrd: string };
  }
}

/** Once for all machines of a run. */
export async function setup({ provide }: TestProject): Promise<() => void> {
  requireQemu();
  mkdirSync(cache, { recursive: true });
  const unlock = await takeLock(join(cache, 'lock'));
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-hid-'));
  const close = (): void => {
    rmSync(folder, { recursive: true, force: true });
    unlock();
  };
  try {
    const { kernel, initrd } = buildImage();
    const file = join(folder, 'initrd');
    writeFileSync(file, initrd);
    provide('image', { kernel, initrd: file });
    return close;
  } catch (error) {
    close();
    throw error;
  }
}
