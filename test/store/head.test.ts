import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leafHash } from '../../src/journal/hash.ts';
import { appendLeaves, missingNode, rootAt } from '../../src/journal/merkle.ts';
import { TamperedRow } from '../../src/store/failure.ts';
import { Frontier } from '../../src/store/frontier.ts';
import { BareStore } from './bare-store.ts';

const noNode = (level: number, index: number): never => {
  throw missingNode(level, index);
};

describe('the frontier of the journal’s tree', () => {
  it('grown by any batches, has the root and completes the nodes that the whole tree has', () => {
    const batches = fc.array(fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 9 }), { maxLength: 9 });
    fc.assert(
      fc.property(batches, (all) => {
        const stored = new Map<string, Uint8Array>();
        const read = (level: number, index: number): Uint8Array => {
          const hash = stored.get(`${level}/${index}`);
          if (hash === undefined) throw missingNode(level, index);
          return hash;
        };
        let frontier = Frontier.at(0, read);
        for (const leaves of all) {
          const { frontier: next, nodes } = frontier.grown(leaves);
          for (const { level, index, hash } of nodes) stored.set(`${level}/${index}`, hash);
          frontier = next;
          expect(frontier.root).toEqual(rootAt(frontier.size, read));
          expect(Frontier.at(frontier.size, read).root).toEqual(frontier.root);
        }
        expect(frontier.size).toBe(all.flat().length);
        const whole = appendLeaves(0, all.flat().map(leafHash), noNode);
        expect(stored.size).toBe(whole.nodes.length);
      }),
    );
  });
});

describe('H: the journal, written by another hand', () => {
  let folder: string;
  let bare: BareStore;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-store-'));
    bare = new BareStore(join(folder, 'station.db'));
    for (let i = 0; i < 6; i++) await tell(`before ${i}`);
  });
  afterEach(() => {
    bare.close();
    rmSync(folder, { recursive: true });
  });

  const tell = (text: string): Promise<unknown> =>
    bare.store.decide({}, () => ({ result: text, leaves: [{ kind: 'refused', fields: { text } }] }));
  const restart = (): void => {
    bare.close();
    bare = BareStore.reopened(join(folder, 'station.db'));
  };
  /** As someone with the file and without its keys does it: other bytes, every hash made anew. */
  const rewrite = (index: number, size: number): void => {
    const { db } = bare;
    db.prepare('UPDATE leaves SET bytes = ? WHERE "index" = ?').run(Uint8Array.of(1, 2, 3), index);
    db.prepare('DELETE FROM leaves WHERE "index" >= ?').run(size);
    db.exec('DELETE FROM nodes');
    const hashes = [...bare.store.log.leaves(0, size)].map(({ bytes }) => leafHash(new Uint8Array(bytes)));
    for (const { level, index: i, hash } of appendLeaves(0, hashes, noNode).nodes) {
      db.prepare('INSERT INTO nodes VALUES (?, ?, ?)').run(level, i, hash);
    }
  };
  const refused = async (): Promise<void> => {
    expect(bare.store.tampered?.table).toBe('head');
    expect(() => bare.store.head()).toThrow(TamperedRow);
    await expect(tell('after')).rejects.toMatchObject({ table: 'head' });
    expect(bare.store.forgetTampered(bare.store.tampered)).toBe(false);
    await expect(tell('after')).rejects.toMatchObject({ table: 'head' });
  };

  it('its own: size and root are written with every commit that grows it, and with no other', async () => {
    const root = rootAt(7, bare.store.log.readNode);
    expect(bare.store.read('head', 'head')).toEqual({ key: 'head', size: 7, root });
    await bare.store.decide({}, () => ({ result: 1 }));
    expect(bare.store.head()).toEqual({ key: 'head', size: 7, root });
    restart();
    expect(bare.store.tampered).toBeUndefined();
    await tell('after');
    expect(bare.store.head()).toEqual({
      key: 'head',
      size: 8,
      root: new Uint8Array(rootAt(8, bare.store.log.readNode)),
    });
  });

  it.each([
    ['rewritten, with every hash made anew', () => rewrite(2, 7)],
    ['cut off, nodes and all', () => rewrite(6, 5)],
    ['without one of its nodes', () => bare.db.exec('DELETE FROM nodes WHERE level = 2 AND "index" = 0')],
    ['with entries put in at its end', () => bare.db.exec(`INSERT INTO leaves VALUES (7, x'01')`)],
    ['with the head’s row gone', () => bare.db.exec('DELETE FROM head')],
    ['with the head’s row written to match', () => bare.db.exec('UPDATE head SET size = 6')],
  ])('%s: a start finds it; nothing is decided or signed on it, whatever is thawed', async (_what, harm) => {
    harm();
    restart();
    await refused();
    restart();
    await refused();
  });

  it('rewritten while the station runs: no root over it is made authentic or signed', async () => {
    const honest = Frontier.at(7, bare.store.log.readNode);
    rewrite(2, 7);
    await tell('meanwhile');
    const { root } = honest.grown([new Uint8Array(bare.store.log.leaf(7) ?? [])]).frontier;
    expect(bare.store.head()).toEqual({ key: 'head', size: 8, root });
    rewrite(2, 8);
    expect(() => bare.store.head()).toThrow(TamperedRow);
    await refused();
    restart();
    await refused();
  });

  it('put back as it was after it was met: a start may go on with it, this process does not', async () => {
    const { db } = bare;
    db.exec('CREATE TEMP TABLE kept AS SELECT * FROM nodes');
    db.exec('UPDATE nodes SET hash = zeroblob(32)');
    expect(() => bare.store.head()).toThrow(TamperedRow);
    db.exec('DELETE FROM main.nodes; INSERT INTO main.nodes SELECT * FROM kept; DROP TABLE kept');
    await refused();
    restart();
    await tell('after');
    expect(bare.store.head().size).toBe(8);
  });

  it('with an older authentic head put back while the station runs: not signed', async () => {
    const { db } = bare;
    db.exec('CREATE TEMP TABLE kept AS SELECT * FROM head');
    await tell('one more');
    db.exec('INSERT OR REPLACE INTO main.head SELECT * FROM kept');
    expect(() => bare.store.head()).toThrow(TamperedRow);
    await refused();
  });

  it('a commit that failed leaves the head as it was', async () => {
    bare.failing.set('COMMIT', 'SQLITE_FULL');
    await expect(tell('lost')).rejects.toThrow();
    bare.failing.clear();
    expect(bare.store.head().size).toBe(7);
    await tell('kept');
    expect(bare.store.head().size).toBe(8);
  });
});
