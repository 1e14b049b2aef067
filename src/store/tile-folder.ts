import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TILE_WIDTH, type Tile, tilePath } from '../journal/tiles.ts';

/** The newest checkpoint that the tiles beside it are whole up to. */
export const checkpointFile = 'checkpoint';
/** The newest checkpoint that witnesses cosigned, with what they signed. */
export const cosignedFile = 'checkpoint.cosigned';

/** A folder in the layout of C2SP tlog-tiles. A file in it is whole, and durable, or not there. */
export class TileFolder {
  readonly path: string;
  readonly #dirty = new Set<string>();

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined where there is none. */
  read(file: string): Uint8Array | undefined {
    const path = join(this.path, file);
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
  }

  /** Under another name first: whoever reads meanwhile finds the old one or the new one. */
  write(file: string, bytes: Uint8Array): void {
    const path = join(this.path, file);
    const folder = dirname(path);
    this.#makeFolder(folder);
    const partial = `${path}.new`;
    const fd = openSync(partial, 'w', 0o644);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(partial, path);
    this.#dirty.add(folder);
  }

  /** What was narrower goes once the full tile is there (tlog-tiles, "Partial Tiles"). */
  dropPartials(tile: Tile): void {
    rmSync(join(this.path, `${tilePath({ ...tile, width: TILE_WIDTH })}.p`), { recursive: true, force: true });
  }

  /** Makes the names of what was written durable, too. */
  sync(): void {
    for (const folder of this.#dirty) syncFolder(folder);
    this.#dirty.clear();
  }

  #makeFolder(folder: string): void {
    const made = mkdirSync(folder, { recursive: true, mode: 0o755 });
    if (made === undefined) return;
    // From the first that is new to the last: each has to stand in its parent.
    for (let at = folder; at.length >= made.length; at = dirname(at)) this.#dirty.add(dirname(at));
  }
}

/** One file, whole and durable before this returns. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const folder = new TileFolder(dirname(path));
  folder.write(basename(path), bytes);
  folder.sync();
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
