import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { heldSigner, signedCheckpoint } from '../../src/journal/checkpoint-signer.ts';
import { leafHash } from '../../src/journal/hash.ts';
import { appendLeaves, missingNode, type NodeReader, rootAt } from '../../src/journal/merkle.ts';
import { formatVerifierKey } from '../../src/journal/note.ts';
import {
  decodeBundle,
  encodeBundle,
  firstNode,
  joinHashes,
  type Tile,
  tilePath,
  tilesBetween,
} from '../../src/journal/tiles.ts';
import { JournalBehind } from '../../src/store/failure.ts';
import { TileFolder } from '../../src/store/tile-folder.ts';
import { type PublishedHead, TilesDiffer, writeKept, writeTiles } from '../../src/store/tile-writer.ts';
import { startTiler } from '../../src/store/tiler.ts';
import { BareStore } from './bare-store.ts';

const origin = 'portcullis/test';
const signer = heldSigner(origin, generateKeyPairSync('ed25519').privateKey);

/** A log in memory, of as many entries as wanted. */
class MadeLog {
  readonly entries: Uint8Array[] = [];
  readonly #nodes = new Map<string, Uint8Array>();

  constructor(size: number, of = (i: number): string => `entry ${i}`) {
    for (let i = 0; i < size; i++) this.entries.push(new TextEncoder().encode(of(i)));
    const { nodes } = appendLeaves(0, this.entries.map(leafHash), this.readNode);
    for (const { level, index, hash } of nodes) this.#nodes.set(`${level}/${index}`, hash);
  }

  readonly readNode: NodeReader = (level, index) => {
    const hash = this.#nodes.get(`${level}/${index}`);
    if (hash === undefined) throw missingNode(level, index);
    return hash;
  };

  tile({ level, index, width }: Tile): Uint8Array {
    if (level === 'entries') return encodeBundle(this.entries.slice(index * 256, index * 256 + width));
    const first = firstNode({ level, index });
    return joinHashes(Array.from({ length: width }, (_, i) => this.readNode(first.level, first.index + i)));
  }

  async head(size: number): Promise<PublishedHead> {
    const root = rootAt(size, this.readNode);
    return { origin, size, root, note: await signedCheckpoint({ origin, size, root, extensions: [] }, [signer]) };
  }
}

let path: string;
let folder: TileFolder;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'portcullis-tiles-')), 'tiles');
  folder = new TileFolder(path);
});
afterEach(() => rmSync(join(path, '..'), { recursive: true, force: true }));

const write = (log: MadeLog, head: PublishedHead): void => writeTiles(folder, log, head, [signer.verifier]);
const files = (): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
const expected = (size: number): string[] => ['checkpoint', ...[...tilesBetween(0, size)].map(tilePath)].sort();

describe('Tiles as files', () => {
  it('are what the checkpoint needs, each with its bytes', async () => {
    const log = new MadeLog(600);
    const head = await log.head(600);
    write(log, head);
    expect(files()).toEqual(expected(600));
    for (const tile of tilesBetween(0, 600)) expect(folder.read(tilePath(tile))).toEqual(log.tile(tile));
    expect(decodeBundle(folder.read('tile/entries/002.p/88') ?? new Uint8Array())).toEqual(log.entries.slice(512));
    expect(readFileSync(join(path, 'checkpoint'), 'utf8')).toBe(head.note);
  });

  it('grow with the log: partial ones of published sizes stay until the full one is there, full ones are never written again', async () => {
    const log = new MadeLog(600);
    write(log, await log.head(100));
    write(log, await log.head(200));
    expect(files()).toContain('tile/0/000.p/100');
    expect(files()).toContain('tile/entries/000.p/200');
    write(log, await log.head(300));
    expect(files()).toEqual(expected(300));
    const before = statSync(join(path, 'tile/0/000')).ino;
    write(log, await log.head(600));
    expect(statSync(join(path, 'tile/0/000')).ino).toBe(before);
    expect(files().filter((file) => !file.includes('.p/'))).toEqual(
      expected(600).filter((file) => !file.includes('.p/')),
    );
  });

  it('I9: stopped at any write, the checkpoint in the folder has all of its tiles, and the next time goes on', async () => {
    const log = new MadeLog(600);
    const steps = [await log.head(250), await log.head(520), await log.head(600)];
    let writes = 0;
    const counting = new TileFolder(path);
    const original = counting.write.bind(counting);
    counting.write = (file, bytes) => {
      writes++;
      original(file, bytes);
    };
    for (const head of steps) writeTiles(counting, log, head, [signer.verifier]);
    for (let stop = 0; stop < writes; stop++) {
      rmSync(path, { recursive: true, force: true });
      let left = stop;
      const stopping = new TileFolder(path);
      const write_ = stopping.write.bind(stopping);
      stopping.write = (file, bytes) => {
        // Cut off in the middle of a file, which therefore lies under another name.
        if (left-- === 0) {
          writeFileSync(join(path, '..', 'torn'), bytes.subarray(0, 1));
          throw new Error('killed');
        }
        write_(file, bytes);
      };
      expect(() => {
        for (const head of steps) writeTiles(stopping, log, head, [signer.verifier]);
      }).toThrow('killed');
      const note = folder.read('checkpoint');
      const size = note === undefined ? 0 : Number(new TextDecoder().decode(note).split('\n')[1]);
      for (const tile of tilesBetween(0, size)) expect(folder.read(tilePath(tile))).toEqual(log.tile(tile));
      for (const head of steps.filter((head) => head.size >= size)) write(log, head);
      for (const tile of tilesBetween(0, 600)) expect(folder.read(tilePath(tile))).toEqual(log.tile(tile));
    }
  });

  it('are made anew from the database where the folder is gone', async () => {
    const log = new MadeLog(300);
    write(log, await log.head(300));
    rmSync(path, { recursive: true });
    write(log, await log.head(300));
    expect(files()).toEqual(expected(300));
  });

  it('S4: over a published log that is ahead, forked or another’s nothing is written', async () => {
    const log = new MadeLog(300);
    write(log, await log.head(300));
    const before = files();
    const kept = folder.read('checkpoint');
    const refused = async (of: MadeLog, size: number): Promise<string> => {
      const head = await of.head(size);
      try {
        write(of, head);
      } catch (error) {
        if (error instanceof TilesDiffer || error instanceof JournalBehind) return `${error.name}: ${error.message}`;
        throw error;
      }
      return 'written';
    };
    expect(await refused(new MadeLog(200), 200)).toMatch(
      /^JournalBehind: .* has a checkpoint of 300 entries, the database’s journal has 200/,
    );
    const forked = new MadeLog(400, (i) => (i === 7 ? 'another' : `entry ${i}`));
    expect(await refused(forked, 400)).toMatch(/^JournalBehind: the first 300 entries of the database are not those/);
    expect(folder.read('checkpoint')).toEqual(kept);
    expect(files()).toEqual(before);
    writeFileSync(join(path, 'checkpoint'), 'nonsense');
    expect(await refused(log, 300)).toMatch(/^TilesDiffer: .*is not this log’s/);
  });

  it('S4: a checkpoint whose root the stored tree has not is not published', async () => {
    const log = new MadeLog(10);
    const other = await new MadeLog(10, (i) => `other ${i}`).head(10);
    expect(() => write(log, other)).toThrow(/has not the root that was signed/);
    expect(folder.read('checkpoint')).toBeUndefined();
  });
});

describe('A checkpoint that is kept elsewhere', () => {
  let file: string;
  const keep = (log: MadeLog, head: PublishedHead, verifiers = [signer.verifier]): void =>
    writeKept(file, log, head, verifiers);
  beforeEach(() => {
    file = join(path, '..', 'kept');
    writeFileSync(file, '');
  });

  it('is begun in an empty file, and follows the journal', async () => {
    const log = new MadeLog(300);
    for (const size of [100, 300]) {
      const head = await log.head(size);
      keep(log, head);
      expect(readFileSync(file, 'utf8')).toBe(head.note);
    }
  });

  it('is not made anew where it is gone: its disk may not be mounted', async () => {
    rmSync(file);
    const log = new MadeLog(10);
    const head = await log.head(10);
    expect(() => keep(log, head)).toThrow(/kept is not there any more: is its disk mounted/);
    expect(existsSync(file)).toBe(false);
  });

  it('S4: that is ahead of the database, beside it, or nobody’s is left as it is', async () => {
    const log = new MadeLog(300);
    const head = await log.head(300);
    keep(log, head);
    const older = new MadeLog(200);
    const behind = await older.head(200);
    expect(() => keep(older, behind)).toThrow(JournalBehind);
    const forked = new MadeLog(400, (i) => (i === 7 ? 'another' : `entry ${i}`));
    const fork = await forked.head(400);
    expect(() => keep(forked, fork)).toThrow(JournalBehind);
    expect(readFileSync(file, 'utf8')).toBe(head.note);
    writeFileSync(file, 'nonsense');
    expect(() => keep(log, head)).toThrow(TilesDiffer);
    expect(readFileSync(file, 'utf8')).toBe('nonsense');
  });

  it('of the log before a restore stays beside the new one, under its log’s name', async () => {
    const log = new MadeLog(300);
    const former = await log.head(300);
    keep(log, former);
    const second = heldSigner(`${origin}/2`, generateKeyPairSync('ed25519').privateKey);
    const root = rootAt(200, log.readNode);
    const note = await signedCheckpoint({ origin: `${origin}/2`, size: 200, root, extensions: [] }, [second]);
    keep(log, { origin: `${origin}/2`, size: 200, root, note }, [signer.verifier, second.verifier]);
    expect(readFileSync(file, 'utf8')).toBe(note);
    expect(readFileSync(`${file}.portcullis-test.300`, 'utf8')).toBe(former.note);
    // Its tiles are evidence, too: they are not written over, and a folder of its own is asked for.
    write(log, former);
    expect(() =>
      writeTiles(folder, log, { origin: `${origin}/2`, size: 200, root, note }, [signer.verifier, second.verifier]),
    ).toThrow(/name another folder in journal\.tiles/);
  });
});

describe('The worker that writes them', () => {
  it('S4: writes every place that it can, and says which one shows that the database was put back', async () => {
    const file = join(path, '..', 'station.db');
    const bare = new BareStore(file);
    const kept = ['a', 'b', 'c'].map((name) => join(path, '..', name));
    for (const name of [0, 2]) writeFileSync(kept[name] ?? '', '');
    const keys = [formatVerifierKey(signer.verifier)];
    const tiler = startTiler({ file, folder: path, kept, keys });
    try {
      const { size, root } = bare.store.head();
      const note = await signedCheckpoint({ origin, size, root, extensions: [] }, [signer]);
      await expect(tiler.publish({ origin, size, root, note })).rejects.toThrow(/b is not there any more/);
      for (const name of [0, 2]) expect(readFileSync(kept[name] ?? '', 'utf8')).toBe(note);
      writeFileSync(kept[1] ?? '', (await new MadeLog(size + 1).head(size + 1)).note);
      await expect(tiler.publish({ origin, size, root, note })).rejects.toThrow(JournalBehind);
    } finally {
      await tiler.close();
      bare.close();
    }
  });

  it('publishes a database’s journal, and after a head that failed the next', async () => {
    const file = join(path, '..', 'station.db');
    const bare = new BareStore(file);
    const tiler = startTiler({ file, folder: path, kept: [], keys: [formatVerifierKey(signer.verifier)] });
    try {
      await bare.store.decide({}, () => ({
        result: undefined,
        leaves: Array.from({ length: 299 }, () => ({ kind: 'frozen', fields: { who: 'a test' } }) as const),
      }));
      const { size, root } = bare.store.head();
      expect(size).toBe(300);
      const note = await signedCheckpoint({ origin, size, root, extensions: [] }, [signer]);
      await expect(tiler.publish({ origin, size, root: new Uint8Array(32), note })).rejects.toThrow('TilesDiffer');
      await tiler.publish({ origin, size, root, note });
      expect(files()).toEqual(expected(300));
      expect(decodeBundle(folder.read('tile/entries/001.p/44') ?? new Uint8Array())[43]).toEqual(
        new Uint8Array(bare.store.log.leaf(299) ?? []),
      );
    } finally {
      await tiler.close();
      bare.close();
    }
  });
});
